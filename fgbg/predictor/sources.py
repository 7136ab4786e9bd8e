"""Where pictures to predict come from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from generator.files import real_path

if TYPE_CHECKING:
    from fgbg.predictor.picture_input import Picture


@dataclass(frozen=True)
class NamedPicture:
    """A picture to predict.

    Attributes:
        name: in messages, and for the sink; no other picture of the source has it.
        picture: anything that `as_rgb` converts; a path is read later, in another thread.
        bg: the same view without the object; None if there is none.
        bg_depth: reads the depth of the background, as of `Predictor`; None if it is not known.
    """

    name: str
    picture: "Picture"
    bg: "Picture | None" = None
    bg_depth: Callable[[], np.ndarray] | None = None


class Source(Protocol):
    """Pictures, given one by one as they are needed."""

    @property
    def count(self) -> int | None:
        """How many pictures there are; None if that is not known."""

    def __iter__(self) -> Iterator[NamedPicture]:
        """Each picture once."""


@dataclass(frozen=True)
class Given:
    """A picture that the user named, alone or by its folder.

    Attributes:
        folder: the named folder; for a single picture, the folder that it is in.
        name: path of the picture inside the folder.
        pixels: (H, W, 3) uint8, if the picture is not a file but came through standard input.
    """

    folder: Path
    name: Path
    pixels: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def whole_folder(self) -> Path:
        """The absolute path of the folder; links in it keep their names."""
        return real_path(self.folder) if ".." in self.folder.parts else self.folder.absolute()


class FileSource:
    """Pictures that the user named.

    Args:
        pictures: the pictures.
        bgs: the background of each of them, None where there is none; None if there are none at all.
        depths: reads the depth of each background, None where it is not known; None if none is known.
    """

    def __init__(
        self,
        pictures: Sequence[Given],
        bgs: "Sequence[Picture | None] | None" = None,
        depths: Sequence[Callable[[], np.ndarray] | None] | None = None,
    ) -> None:
        self._pictures = pictures
        self._bgs = [None] * len(pictures) if bgs is None else bgs
        self._depths = [None] * len(pictures) if depths is None else depths

    def without_depths(self) -> "FileSource":
        """The same pictures and backgrounds, whose depth is not known."""
        return FileSource(self._pictures, self._bgs)

    @property
    def count(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[NamedPicture]:
        for given, bg, depth in zip(self._pictures, self._bgs, self._depths, strict=True):
            picture = given.path if given.pixels is None else given.pixels
            yield NamedPicture(str(given.path), picture, bg, depth)
