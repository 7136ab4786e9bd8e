"""The network's answer -> mask and depth at the picture's own size."""

from collections.abc import Iterator

import numpy as np

from fgbg.predictor.decide_edges import decide_edges
from fgbg.predictor.engine import Answer
from fgbg.predictor.plate_depth import depth_with_objects
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.refine import depth_strips, mask_strips
from fgbg.predictor.resize_input import NetworkInput
from fgbg.predictor.scaled_strips import scaled_strips
from generator.format.manifest import MaskEntry
from generator.format.pixels import FARTHEST, NEAREST


def restore(answer: Answer, entry: MaskEntry, given: NetworkInput) -> Predicted:
    """Resize an answer to the picture's own size, refine it by the picture, and convert it to integers.

    Args:
        answer: of one picture (B = 1).
        entry: what the mask means.
        given: what the network was given.
    """
    shares, guide = answer.mask[0], None
    if given.picture is not None and entry.kind == "alpha":
        shares = decide_edges(shares[0], given.picture, given.plate)[None]
    mask = mask_levels(shares, entry, given.size, given.picture)
    if given.picture is not None and entry.kind == "alpha":
        guide = mask
    depth = None
    if given.bg_depth is not None:
        depth = depth_with_objects(given.bg_depth, mask)
    elif answer.depth is not None:
        depth = depth_levels(answer.depth[0, 0], given.size, guide)
    classes = entry if entry.kind == "classes" else None
    return Predicted(mask, depth, given.bg_moved, given.bg_unused, classes)


def mask_levels(
    shares: np.ndarray, entry: MaskEntry, size: tuple[int, int], picture: np.ndarray | None = None
) -> np.ndarray:
    """Scale a mask and convert it to levels: (H, W) uint8, as `Predicted.mask` has them.

    Args:
        shares: (C, h, w) float32 in [0, 1]: alpha (C = 1), or a share for each class, which may be uint8 too.
        entry: what the mask means.
        size: (H, W).
        picture: (H, W, 3) uint8 sRGB whose edges the mask follows; None to scale it only.
    """
    levels = np.zeros(size, np.uint8)
    if entry.kind == "alpha":
        for rows, alpha in _mask_strips(shares[0], size, picture):
            levels[rows] = np.rint(alpha * 255)
        return levels
    # One class at a time: all together take too much memory at the size of a photo.
    best = np.full(size, -1, np.float32)
    for number, plane in enumerate(shares):
        given = plane if plane.dtype == np.float32 else plane.astype(np.float32) / 255
        for rows, share in _mask_strips(given, size, picture):
            levels[rows][share > best[rows]] = number
            np.maximum(best[rows], share, out=best[rows])
    return levels


def depth_levels(depth: np.ndarray, size: tuple[int, int], mask: np.ndarray | None = None) -> np.ndarray:
    """Scale depth and convert it to levels: (h, w) float32 in [0, 1] -> (H, W) uint16, 1 to 65535.

    Args:
        depth: relative inverse depth.
        size: (H, W).
        mask: (H, W) uint8 alpha whose edges depth follows; None to scale it only.
    """
    levels = np.empty(size, np.uint16)
    scaled = scaled_strips(depth, size) if mask is None else depth_strips(depth, mask)
    for rows, part in scaled:
        levels[rows] = np.rint(part * np.float64(NEAREST - FARTHEST) + FARTHEST)
    return levels


def _mask_strips(
    plane: np.ndarray, size: tuple[int, int], picture: np.ndarray | None
) -> Iterator[tuple[slice, np.ndarray]]:
    return scaled_strips(plane, size) if picture is None else mask_strips(plane, picture)
