"""Masks and depth at the size of a picture, with its edges, by the guided filter.

Around each pixel of the small map, the large one is a linear function of the guide (He, Sun and Tang, "Guided
Image Filtering", IEEE TPAMI 35(6), 2013; He and Sun, "Fast Guided Filter", arXiv:1505.00996, 2015). Where the
function explains little of a mask, the small map itself is scaled instead, as in residual interpolation
(Kiku et al., "Residual interpolation for color image demosaicking", ICIP 2013).
"""

from collections.abc import Iterator

import cv2
import numpy as np

from fgbg.predictor.scaled_strips import scaled_rows, scaled_strips, source_rows
from fgbg.predictor.windows import Windows, dot, solve
from generator.resize import stretch, strips

_RADIUS = 1
"""Of the guided filter, in pixels of the small map."""
_COLOUR_TOLERANCE = 1e-4
"""Variance of the guide (of 1) below which the guided filter sees no edge: of colours ..."""
_MASK_TOLERANCE = 1e-3
"""... and of masks."""
_LEAST_VARIANCE = 1e-5


def mask_strips(plane: np.ndarray, picture: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Carry a mask, or the share of a class, to the size of the picture, strip by strip.

    Args:
        plane: (h, w) float32 in [0, 1], no larger than the picture.
        picture: (H, W, 3) uint8 sRGB.

    Yields:
        Rows of the picture, and their values: (rows, W) float32 in [0, 1].
    """
    for rows, values in _guided_strips(plane, picture, _COLOUR_TOLERANCE, keep=True):
        yield rows, values.clip(0, 1, out=values)


def depth_strips(depth: np.ndarray, mask: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Carry depth to the size of a mask, so that it changes where the object ends.

    The guide is the mask and not the picture, because colours would leave their texture in the depth.

    Args:
        depth: (h, w) float32, no larger than the mask.
        mask: (H, W) uint8, 0 background ... 255 foreground.

    Yields:
        Rows, and their values: (rows, W) float32 between the values of the small map nearby.
    """
    nearby = np.ones((3, 3), np.uint8)
    lowest, highest = (scaled_strips(of(depth, nearby), mask.shape) for of in (cv2.erode, cv2.dilate))
    guided = _guided_strips(depth, mask[..., None], _MASK_TOLERANCE, keep=False)
    for (rows, values), (_, low), (_, high) in zip(guided, lowest, highest, strict=True):
        yield rows, np.minimum(np.maximum(values, low, out=values), high, out=values)


def _guided_strips(
    plane: np.ndarray, guide: np.ndarray, tolerance: float, keep: bool
) -> Iterator[tuple[slice, np.ndarray]]:
    """The fast guided filter, whose windows lie in the small map; the guide is (H, W, C) uint8.

    Windows are measured for one strip at a time, because they take many times the memory of a small map that
    is almost as large as the picture.
    """
    size, small = guide.shape[:2], len(plane)
    guides = stretch(guide, plane.shape[::-1]).reshape(*plane.shape, -1)
    parts = list(strips(*size))
    if len(parts) == 1 or size[0] <= small:
        linear = [stretch(values, size[::-1]) for values in _linear(plane, guides, tolerance, keep)]
        yield slice(0, size[0]), _applied(linear, guide)
        return
    for rows in parts:
        source = source_rows(rows, small, size[0])
        part = slice(max(0, source.start - 2 * _RADIUS), source.stop + 2 * _RADIUS)
        linear = [
            scaled_rows(values, part.start, small, rows, size)
            for values in _linear(plane[part], guides[part], tolerance, keep)
        ]
        yield rows, _applied(linear, guide[rows])


def _applied(linear: list[np.ndarray], guide: np.ndarray) -> np.ndarray:
    values, *slopes = linear
    for channel, slope in enumerate(slopes):
        values += slope * guide[..., channel]
    return values


def _linear(plane: np.ndarray, guide: np.ndarray, tolerance: float, keep: bool) -> list[np.ndarray]:
    """The map as a linear function of the guide around each of its pixels.

    Args:
        plane: (h, w) float32.
        guide: (h, w, C) uint8.
        tolerance: variance of the guide (of 1) that is taken for noise.
        keep: scale the map itself where the function explains little of it.

    Returns:
        An offset, and a slope per level of each channel; (h, w) float32 each.
    """
    windows = Windows.of([channel.astype(np.float32) / 255 for channel in np.moveaxis(guide, 2, 0)], _RADIUS)
    mean = windows.mean(plane)
    covariances = windows.covariances_with(plane, mean)
    matrix = {
        (row, column): both + np.float32(tolerance) if row == column else both
        for (row, column), both in windows.covariances.items()
    }
    exact = solve(matrix, covariances)
    offset = windows.mean(mean - dot(exact, windows.means))
    slopes = [windows.mean(slope) for slope in exact]
    if keep:
        variance = np.maximum(windows.mean(plane * plane) - mean * mean, _LEAST_VARIANCE)
        explained = windows.mean((dot(exact, covariances) / variance).clip(0, 1))
        offset += (1 - explained) * (plane - offset - dot(slopes, windows.channels))
    return [offset, *(slope / np.float32(255) for slope in slopes)]
