"""The network's answer -> mask and depth at the picture's own size."""

from collections.abc import Iterator

import numpy as np

from fgbg.predictor.engine import Answer
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput
from generator.format.manifest import MaskEntry
from generator.format.pixels import FARTHEST, NEAREST
from generator.resize import stretch, strips


def restore(answer: Answer, entry: MaskEntry, given: NetworkInput) -> Predicted:
    """Resize an answer to the picture's own size and convert it to integers.

    Args:
        answer: of one picture (B = 1).
        entry: what the mask means.
        given: what the network was given.
    """
    mask = mask_levels(answer.mask[0], entry, given.size)
    depth = None if answer.depth is None else depth_levels(answer.depth[0, 0], given.size)
    classes = entry if entry.kind == "classes" else None
    return Predicted(mask, depth, given.bg_moved, given.bg_agrees, classes)


def mask_levels(shares: np.ndarray, entry: MaskEntry, size: tuple[int, int]) -> np.ndarray:
    """Scale a mask and convert it to levels: (H, W) uint8, as `Predicted.mask` has them.

    Args:
        shares: (C, h, w) float32 in [0, 1]: alpha (C = 1), or a share for each class.
        entry: what the mask means.
        size: (H, W).
    """
    levels = np.zeros(size, np.uint8)
    if entry.kind == "alpha":
        for rows, alpha in _scaled_strips(shares[0], size):
            levels[rows] = np.rint(alpha * 255)
        return levels
    # One class at a time: all together take too much memory at the size of a photo.
    best = np.full(size, -1, np.float32)
    for number, plane in enumerate(shares):
        for rows, share in _scaled_strips(plane, size):
            levels[rows][share > best[rows]] = number
            np.maximum(best[rows], share, out=best[rows])
    return levels


def depth_levels(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale depth and convert it to levels: (h, w) float32 in [0, 1] -> (H, W) uint16, 1 to 65535.

    Args:
        depth: relative inverse depth.
        size: (H, W).
    """
    levels = np.empty(size, np.uint16)
    for rows, part in _scaled_strips(depth, size):
        levels[rows] = np.rint(part * np.float64(NEAREST - FARTHEST) + FARTHEST)
    return levels


def _scaled_strips(plane: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[slice, np.ndarray]]:
    """Scale (h, w) float32 to (H, W) in strips of rows, by area down and linearly up."""
    height, width = size
    if height <= len(plane):
        whole = stretch(plane, (width, height))
        yield slice(0, height), whole
        return
    # Widened first: it is small beside the picture, and each row of the picture lies between two of its rows.
    wide = stretch(plane, (width, len(plane)))
    places = ((np.arange(height) + 0.5) * (len(plane) / height) - 0.5).clip(0, len(plane) - 1)
    above = places.astype(np.intp)
    below, share = np.minimum(above + 1, len(plane) - 1), (places - above).astype(np.float32)[:, None]
    for rows in strips(height, width):
        part = wide[below[rows]]
        part -= wide[above[rows]]
        part *= share[rows]
        part += wide[above[rows]]
        yield rows, part
