"""Checks that cut-outs and backgrounds share."""

from collections.abc import Iterator

import numpy as np

from generator.assets.flaws import brightest_level, checkerboard_share, detail_share
from generator.assets.images import Traits
from generator.review.finding import Flaw, Kind
from generator.review.limits import Limits

_MODE_NAMES = {"1": "black and white", "L": "grey", "LA": "grey with alpha", "P": "palette", "I;16": "grey"}
_MODES_WITH_TRANSPARENT_COLOUR = ("1", "L", "I;16", "RGB")


def flaws_of_storage(kind: Kind, traits: Traits) -> Iterator[Flaw]:
    """Unusual ways in which a file stores its picture; all of them are handled."""
    usual = "RGBA" if kind == "fg" else "RGB"
    if traits.mode != usual or traits.bits != 8:
        name = _MODE_NAMES.get(traits.mode, traits.mode)
        detail = f"{name}, {traits.bits} bits per channel; converted to 8-bit {usual}"
        if kind == "bg" and traits.has_alpha:
            detail += ", transparent parts become white"
        elif traits.has_alpha and traits.mode in _MODES_WITH_TRANSPARENT_COLOUR:
            detail += "; one of its colours counts as transparent, also inside the object"
        yield Flaw("note", "odd-mode", detail, "nothing, if it looks right after conversion")
    if traits.turned:
        detail = "its EXIF orientation is not upright; it is turned upright"
        yield Flaw("note", "exif-rotated", detail, "nothing")
    if traits.animated:
        detail = "several frames; the first one is used"
        yield Flaw("note", "animated", detail, "nothing, or save the frame you want")


def find_darkness(rgb: np.ndarray, bits: int, limits: Limits) -> Iterator[Flaw]:
    """Whether a picture (H, W, 3) uint8, stored with 8 or 16 bits, is nearly black."""
    level = brightest_level(rgb)
    if bits == 16 and level <= limits.black_of_16_bits:
        highest = (level + 1) * 256 - 1
        detail = f"16 bits per channel, but values only up to about {highest:,} of 65,535: nearly black"
        advice = "scale its values up to 65,535: cameras and scanners of 10 to 14 bits use only some of them"
        yield Flaw("warning", "nearly-black", detail, advice)
    elif level <= limits.black:
        detail = f"nearly all values are at most {level} of 255"
        yield Flaw("warning", "nearly-black", detail, "brighten it, or remove it")


def find_checkerboard(rgb: np.ndarray, opaque: np.ndarray | None, limits: Limits) -> Iterator[Flaw]:
    """Whether a picture (H, W, 3) uint8 shows, where (H, W) bool is true, the squares of transparency."""
    share, side = checkerboard_share(rgb, opaque)
    if share > limits.checkerboard:
        squares = f"light grey and white squares (at {side} px)"
        detail = f"{share:.0%} of the contrast in bright parts comes from {squares}"
        yield Flaw("warning", "checkerboard", detail, "use a version without the squares, or remove it")


def find_enlargement(rgb: np.ndarray, inside: np.ndarray | None, limits: Limits) -> Iterator[Flaw]:
    """Whether a picture (H, W, 3) uint8, where (H, W) bool is true, lacks the detail of its size."""
    share = detail_share(rgb, inside)
    if share is not None and share < limits.detail:
        height, width = rgb.shape[:2]
        detail = (
            f"at {width} x {height} px, reducing it 1.5 times loses {share:.2f} of its fine contrast"
            f" (sharp pictures lose {limits.detail:g} or more)"
        )
        advice = "use the picture in its original size; this one was enlarged, or is out of focus"
        yield Flaw("warning", "upscaled", detail, advice)
