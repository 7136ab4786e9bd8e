"""Checks of backgrounds."""

from collections.abc import Iterator

import numpy as np

from generator.assets.images import Traits
from generator.resize import fit_picture
from generator.review.finding import Flaw
from generator.review.limits import Limits
from generator.review.pictures import find_checkerboard, find_darkness, find_enlargement


def flaws_of_background(rgb: np.ndarray, traits: Traits, limits: Limits) -> Iterator[Flaw]:
    """The flaws of a background (H, W, 3) uint8 that was stored as `traits` says."""
    height, width = rgb.shape[:2]
    enlargement = max(limits.size[0] / width, limits.size[1] / height)
    if enlargement > limits.bg_enlargement:
        canvas = "{} x {}".format(*limits.size)
        detail = f"{width} x {height} px, must be enlarged {enlargement:.1f} times for {canvas}"
        yield Flaw("warning", "tiny", detail, "use a larger picture, or lower `size`")
    yield from find_checkerboard(rgb, None, limits)
    yield from find_enlargement(fit_picture(rgb, limits.size) if enlargement < 1 else rgb, None, limits)
    yield from find_darkness(rgb, traits.bits, limits)
