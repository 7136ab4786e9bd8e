"""Masks and depth with the edges of the picture, from the answer of a network that saw the picture smaller.

GrabCut decides the unsure pixels along the edge of a mask, at a moderate size, by the colours of both sides
and by the difference from the background (Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground
Extraction using Iterated Graph Cuts", ACM TOG 23(3), 2004). Then a guided filter carries the mask to the size
of the picture, and depth by the finished mask (He, Sun and Tang, "Guided Image Filtering", IEEE TPAMI 35(6),
2013; He and Sun, "Fast Guided Filter", arXiv:1505.00996, 2015): around each pixel of the small map, it is a
linear function of the guide. docs/full-resolution.md compares them with other methods.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from fgbg.predictor.scaled_strips import scaled_strips
from generator.resize import scaled_size, stretch

CUT_SIDE = 384
"""Longer side in pixels at which GrabCut runs: its time does not grow with the picture."""

_SURE = 0.1
"""A pixel is sure if its alpha is at most this far from 0 or 1 ..."""
_UNSURE_MARGIN = 2
"""... and if it is more pixels of the small mask than this away from a pixel that is not."""
_CUT_ROUNDS = 2
_FEWEST = 32
"""GrabCut needs this many pixels of both sides to learn their colours."""
_DIFFERENCE_GAIN = 3
"""How much a level of difference from the background counts, compared with a level of colour."""
_RADIUS = 1
"""Of the guided filter, in pixels of the small map."""
_COLOUR_TOLERANCE = 1e-4
"""Variance of the guide (of 1) below which the guided filter sees no edge: of colours ..."""
_MASK_TOLERANCE = 1e-3
"""... and of masks."""


def cut_edges(alpha: np.ndarray, picture: np.ndarray, plate: np.ndarray | None = None) -> np.ndarray:
    """Decide the unsure pixels of a mask by the picture.

    Args:
        alpha: (h, w) float32 in [0, 1].
        picture: (H, W, 3) uint8 sRGB.
        plate: (., ., 3) uint8 sRGB, the same view without the object, of any size; None if there is none.

    Returns:
        (h, w) float32, 0 or 1, of the size at which GrabCut ran; `alpha` itself if it is that large already,
        or if it has too few pixels that are sure.
    """
    height, width = picture.shape[:2]
    side = min(CUT_SIDE, max(height, width))
    if max(alpha.shape) >= side:
        return alpha
    size = scaled_size(height, width, side)[::-1]
    labels = _labels(alpha, size)
    near = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if min(int(near.sum()), int((~near).sum())) < _FEWEST:
        return alpha
    colours = stretch(picture, size)
    if plate is not None:
        colours = _with_difference(colours, stretch(plate, size))
    cv2.setRNGSeed(0)  # GrabCut draws the first colours of both sides.
    one, other, nowhere = np.zeros((1, 65)), np.zeros((1, 65)), (0, 0, 0, 0)
    cv2.grabCut(
        np.ascontiguousarray(colours), labels, nowhere, one, other, _CUT_ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    cut: np.ndarray = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    return cut


def _labels(alpha: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """GrabCut's labels, sure or probable, of a mask scaled to `size` (width, height)."""
    margin = np.ones((2 * _UNSURE_MARGIN + 1,) * 2, np.uint8)
    labels = np.where(stretch(alpha, size) >= 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    for sure, label in ((alpha > 1 - _SURE, cv2.GC_FGD), (alpha < _SURE, cv2.GC_BGD)):
        inner = cv2.erode(sure.astype(np.float32), margin)
        labels[stretch(inner, size) > 0.5] = label
    return labels


def _with_difference(picture: np.ndarray, plate: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: the difference of two pictures, and two channels of colour of the first."""
    difference = cv2.absdiff(picture, plate).max(axis=2)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    return np.dstack([cv2.convertScaleAbs(difference, alpha=_DIFFERENCE_GAIN), lab[..., 1], lab[..., 0]])


def mask_strips(plane: np.ndarray, picture: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Carry a mask, or the share of a class, to the size of the picture, strip by strip.

    Args:
        plane: (h, w) float32 in [0, 1], no larger than the picture.
        picture: (H, W, 3) uint8 sRGB.

    Yields:
        Rows of the picture, and their values: (rows, W) float32 in [0, 1].
    """
    for rows, values in _guided_strips(plane, picture, _COLOUR_TOLERANCE):
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
    guided = _guided_strips(depth, mask[..., None], _MASK_TOLERANCE)
    for (rows, values), (_, low), (_, high) in zip(guided, lowest, highest, strict=True):
        yield rows, np.minimum(np.maximum(values, low, out=values), high, out=values)


def _guided_strips(
    plane: np.ndarray, guide: np.ndarray, tolerance: float
) -> Iterator[tuple[slice, np.ndarray]]:
    """The fast guided filter, whose windows lie in the small map; the guide is (H, W, C) uint8."""
    planes = [scaled_strips(part, guide.shape[:2]) for part in _linear(plane, guide, tolerance)]
    for (rows, values), *slopes in zip(*planes, strict=True):
        for channel, (_, slope) in enumerate(slopes):
            slope *= guide[rows, :, channel]
            values += slope
        yield rows, values


def _linear(plane: np.ndarray, guide: np.ndarray, tolerance: float) -> list[np.ndarray]:
    """The map as a linear function of the guide around each of its pixels: an offset, and a slope per level
    of each channel; (h, w) float32 each."""
    size, channels = plane.shape, guide.shape[2]
    small = stretch(guide, size[::-1]).reshape(*size, channels).astype(np.float32) / 255
    mean, mean_plane = _box(small), _box(plane[..., None])
    covariance = _box(small * plane[..., None]) - mean * mean_plane
    variance = np.empty((*size, channels, channels), np.float32)
    for row in range(channels):
        variance[..., row, :] = _box(small * small[..., row, None]) - mean * mean[..., row, None]
    variance += tolerance * np.eye(channels, dtype=np.float32)
    slopes = np.linalg.solve(variance, covariance[..., None])[..., 0]
    offset = _box(mean_plane - (slopes * mean).sum(axis=2, keepdims=True))
    slopes = _box(slopes) / np.float32(255)
    return [offset[..., 0], *(np.ascontiguousarray(slopes[..., channel]) for channel in range(channels))]


def _box(values: np.ndarray) -> np.ndarray:
    """The mean of the window around each pixel of (h, w, C)."""
    side = 2 * _RADIUS + 1
    return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT).reshape(values.shape)
