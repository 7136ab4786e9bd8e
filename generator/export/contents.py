"""What the samples of a dataset have, which decides the files of an export."""

from dataclasses import dataclass, field

from generator.format.manifest import AlphaMask, GeneratedManifest, Manifest, MaskEntry


@dataclass(frozen=True)
class Contents:
    """What samples have beside picture and mask.

    Attributes:
        bg: whether there are backgrounds.
        depth: whether there is depth.
        instances: whether there are instance maps.
        mask: the meaning of the mask.
        scene: what samples are named after: `bg`, the background of a generated sample, or `picture`, the
            name of a labelled one.
    """

    bg: bool = True
    depth: bool = True
    instances: bool = False
    mask: MaskEntry = field(default_factory=AlphaMask)
    scene: str = "bg"

    @classmethod
    def of(cls, manifest: Manifest) -> "Contents":
        """The contents of a dataset."""
        return cls(
            bg=manifest.has_bg,
            depth=manifest.has_depth,
            instances=manifest.has_instances,
            mask=manifest.mask,
            scene="bg" if isinstance(manifest, GeneratedManifest) else "picture",
        )

    def fields(self) -> list[str]:
        """The names of the arrays of a sample."""
        has = {"bg": self.bg, "depth": self.depth, "instances": self.instances}
        return [name for name in ("bg", "fg_bg", "mask", "depth", "instances") if has.get(name, True)]
