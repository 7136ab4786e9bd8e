"""Depth of any scale to relative inverse depth."""

import numpy as np

from generator.config import DepthConvention
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN

_BLOCK = 2**20

# Larger numbers are no distance, and their differences would overflow.
_LARGEST = float(np.finfo(np.float32).max)


def normalise(values: np.ndarray, convention: DepthConvention, known: np.ndarray | None = None) -> np.ndarray:
    """Bring depth of any scale to our convention.

    Values are clipped at the 1st and 99th percentile and scaled to 1 (farthest) ... 65535 (nearest). A
    constant map becomes the middle value. Values that are not finite, or in metric depth not positive, become
    0, unknown.

    Args:
        values: (H, W) numbers.
        convention: `inverse` (larger is nearer) or `metric` (larger is farther).
        known: (H, W) bool, where values count; None for everywhere.

    Returns:
        (H, W) uint16.
    """
    depth = np.full(values.shape, UNKNOWN, np.uint16)
    usable = known_depth(values, convention)
    if known is not None:
        usable &= known
    if not usable.any():
        return depth
    kept = values[usable]
    low, high = np.percentile(_nearness(kept, convention), [1, 99], overwrite_input=True)
    if high <= low:
        depth[usable] = (FARTHEST + NEAREST) // 2
        return depth
    scaled = np.empty(kept.shape, np.uint16)
    for first in range(0, len(kept), _BLOCK):
        block = slice(first, first + _BLOCK)
        share = (np.clip(_nearness(kept[block], convention), low, high) - low) / (high - low)
        scaled[block] = np.rint(FARTHEST + share * (NEAREST - FARTHEST))
    depth[usable] = scaled
    return depth


def known_depth(values: np.ndarray, convention: DepthConvention) -> np.ndarray:
    """Where numbers (H, W) are valid distances: (H, W) bool."""
    known: np.ndarray = np.isfinite(values)
    if values.dtype.itemsize > np.dtype(np.float32).itemsize:
        known &= np.abs(values) <= _LARGEST
    if convention == "metric":
        known &= values > (1 / _LARGEST if values.dtype.kind == "f" else 0)
    return known


def _nearness(values: np.ndarray, convention: DepthConvention) -> np.ndarray:
    """Known values (n,) as float64, where larger is nearer."""
    values = values.astype(np.float64)
    return np.divide(1, values, out=values) if convention == "metric" else values
