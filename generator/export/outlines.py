"""Outlines of pixels as one polygon, for formats that store a polygon for each object."""

from collections.abc import Sequence

import cv2
import numpy as np


def outline(shown: np.ndarray) -> np.ndarray:
    """One polygon around pixels, which runs along their edges.

    Parts and holes are joined by lines there and back. These have no width: by the even-odd rule, the
    polygon has exactly these pixels.

    Args:
        shown: (H, W) bool, with at least one pixel.

    Returns:
        (n, 2) int32, x and y of the corners; the pixel in column i reaches from i to i + 1.
    """
    # OpenCV names the pixels on a border, not their edges. In a picture twice as large, the first of two
    # pixels is at the left edge of the original pixel, and the second one at its right edge.
    doubled = shown.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    borders, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    loops = [_without_repeats((border[:, 0] + 1) // 2) for border in borders]
    return _joined(sorted(loops, key=len, reverse=True))


def _without_repeats(corners: np.ndarray) -> np.ndarray:
    """A loop without corners that are the same as the one before."""
    kept: np.ndarray = corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)]
    return kept


def _joined(loops: Sequence[np.ndarray]) -> np.ndarray:
    """One loop that goes from a corner near each other loop to that loop, around it, and back."""
    joined = loops[0]
    for loop in loops[1:]:
        leave = _nearest(joined, loop[0])
        turned = np.roll(loop, -_nearest(loop, joined[leave]), axis=0)
        joined = np.concatenate([joined[: leave + 1], turned, turned[:1], joined[leave:]])
    return joined


def _nearest(corners: np.ndarray, point: np.ndarray) -> int:
    return int(np.square(corners - point).sum(axis=1).argmin())
