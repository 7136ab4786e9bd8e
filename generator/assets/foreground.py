"""The choice of the labels that are the object, and the assumptions made without a choice."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from generator.errors import ConfigError

LabelChoice = int | tuple[int, int, int]
"""A label's value, or its colour (red, green, blue)."""


class Note(Enum):
    """What was assumed about a mask, in words for users."""

    OPACITY = "the shape is taken from the mask's alpha channel"
    VOID = (
        "255 (or 250 and above) beside labels up to 50, or in a palette, counts as unknown (void), not as the"
        " object; `foreground` chooses the object"
    )
    LIGHTER_HALF = (
        "it has shades of grey, from lossy compression or soft edges; the lighter half counts as the object;"
        " `grey_is_alpha` keeps the shades"
    )
    SEVERAL = (
        "several values together count as the object; `foreground` chooses one, `grey_is_alpha` keeps shades"
    )
    INVERTED = "it looks inverted: the object fills all four borders; `foreground=0` takes the black part"


@dataclass(frozen=True)
class Foreground:
    """Which labels are the object.

    Attributes:
        solid: labels that are opaque. None given means every value except 0 and void; in a mask of shades,
            the lighter half.
        soft: labels that fade from the solid side to the side of the background, such as the border of a
            trimap.
        grey_is_alpha: instead of both, use grey values 0 to 255 directly as alpha.

    Raises:
        ConfigError: `grey_is_alpha` together with `solid` or `soft`.

    Example:
        >>> trimap = fgbg.Foreground(solid=(1,), soft=(3,))
        >>> fgbg.cut_out_by_masks("images", "masks", "by-trimap", trimap, progress=False).made
        1
    """

    solid: tuple[LabelChoice, ...] = ()
    soft: tuple[LabelChoice, ...] = ()
    grey_is_alpha: bool = False

    def __post_init__(self) -> None:
        if self.grey_is_alpha and (self.solid or self.soft):
            problem = "does not go with `foreground` or `soft`"
            raise ConfigError("`grey_is_alpha`", "", problem, "leave one of them out")


@dataclass(frozen=True)
class Matte:
    """An object's alpha (H, W) uint8, and what was assumed about its mask."""

    alpha: np.ndarray
    notes: tuple[Note, ...] = ()
