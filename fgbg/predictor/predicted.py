"""What a prediction consists of."""

from dataclasses import dataclass, replace

import numpy as np

from fgbg.predictor.plate_fit import Misfit
from generator.errors import ConfigError
from generator.format.manifest import ClassMask


@dataclass(frozen=True)
class Predicted:
    """Mask and depth of one picture, at the picture's own size.

    Attributes:
        mask: (H, W) uint8, 0 background ... 255 foreground, soft; with `classes` the number of each pixel's
            class.
        depth: (H, W) uint16 relative inverse depth, 1 farthest ... 65535 nearest; None if the network has
            no depth head.
        bg_moved: how far the background was moved to match the picture: the largest distance of its four
            corners, as a share of the longer side. 0 if it was not moved, or if there is no background.
        bg_unused: why the background was not used: "other view" if it shows another place or was moved too
            far, "not aligned" if `align=True` would make it fit, "same picture" if it is the picture itself;
            None if it was used, or if there is no background.
        classes: names and colours of the classes that the network was trained on; None for a soft mask.

    Example:
        >>> picture = fgbg.open_dataset("data/shards")["val"][0].fg_bg
        >>> predicted = fgbg.Predictor.load("outputs", device="cpu")(picture)
        >>> predicted.mask.shape, predicted.depth.dtype
        ((24, 32), dtype('uint16'))
    """

    mask: np.ndarray
    depth: np.ndarray | None
    bg_moved: float = 0
    bg_unused: Misfit | None = None
    classes: ClassMask | None = None

    def with_threshold(self, threshold: float) -> "Predicted":
        """The same prediction with a mask of 0 and 255: 255 where the probability is at least `threshold`.

        Raises:
            ConfigError: the mask has classes.
        """
        if self.classes is not None:
            found = f"{len(self.classes.names)} classes"
            raise ConfigError("`mask_threshold`", "a network of soft masks", found, "leave it out")
        return replace(self, mask=np.where(self.mask >= threshold * 255, np.uint8(255), np.uint8(0)))
