"""The kinds of results of a picture, and their file names."""

from dataclasses import dataclass

KINDS = ("mask", "depth", "overlay", "cutout", "side-by-side")
DEFAULT_KINDS = ("mask", "depth", "overlay")
FORMATS = ("png", "npy", "exr")
IN_NUMBERS = ("mask", "depth")
"""The kinds that can be stored as numbers instead of PNG."""


@dataclass(frozen=True)
class Wanted:
    """Which results are written of each picture.

    Attributes:
        kinds: some of KINDS, in any order; they are written in the order of KINDS.
        format: of mask and depth, one of FORMATS; all others are PNG.
    """

    kinds: tuple[str, ...] = DEFAULT_KINDS
    format: str = "png"

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(kind for kind in KINDS if kind in self.kinds))

    def suffix(self, kind: str) -> str:
        """The end of the names of this kind's files, such as `.mask.png`."""
        return f".{kind}.{self.format if kind in IN_NUMBERS else 'png'}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of all files of a picture."""
        return tuple(map(self.suffix, self.kinds))
