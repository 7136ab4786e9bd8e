"""A picture and the alpha of an object in it, cropped to a cut-out."""

import cv2
import numpy as np

from generator.assets.edges import REACH, estimate_colours

MARGIN = 2
"""Transparent pixels around the object of a cut-out."""

# Transparent pixels beside the object get its colours up to this distance.
_HEM = 4


def cut_out(rgb: np.ndarray, alpha: np.ndarray, margin: int = MARGIN) -> np.ndarray:
    """Crop a picture to its object, with the object's own colours in its edges.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8, above 0 in some pixel.
        margin: pixels around the object, as far as the picture reaches.

    Returns:
        (h, w, 4) uint8, straight alpha. Partly transparent pixels, and transparent ones up to 4 pixels
        beside the object, have the object's colours (`estimate_colours`): no background shines through, and
        scaling mixes none in. Farther out every value is 0.
    """
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    # The background around the object takes part in the estimate.
    wide = _window(rows, columns, REACH + _HEM, alpha.shape)
    colours = estimate_colours(rgb[wide], alpha[wide])
    near = cv2.dilate((alpha[wide] > 0).astype(np.uint8), np.ones((2 * _HEM + 1,) * 2, np.uint8))
    rgba = np.dstack([colours * near[..., None], alpha[wide]])
    inner = _window(rows - wide[0].start, columns - wide[1].start, margin, rgba.shape)
    return np.ascontiguousarray(rgba[inner])


def _window(
    rows: np.ndarray, columns: np.ndarray, margin: int, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """From the first to the last row and column, with a margin, inside `shape`."""
    first, last = (
        (max(0, int(lines[0]) - margin), min(end, int(lines[-1]) + 1 + margin))
        for lines, end in ((rows, shape[0]), (columns, shape[1]))
    )
    return slice(*first), slice(*last)
