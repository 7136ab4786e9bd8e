"""The depth of a picture from the depth of its background, in which objects stand.

Outside the objects, the depth is that of the background. An object has the depth of the ground where it
stands, by the rule of `fgbg generate` (generator.scene.ground): the median of the background's depth under
the lowest row of the object. So an object that stands is as near as its feet; one that hangs or flies seems
farther away than it is.
"""

from pathlib import Path

import cv2
import numpy as np

from generator.depth.sources import aspect_differs
from generator.errors import ArrayError, AssetError
from generator.format.pixels import FARTHEST, OPAQUE, UNKNOWN
from generator.resize import scale_depth


def as_plate_depth(depth: object, bg: tuple[int, int], name: Path | str = "bg_depth") -> np.ndarray:
    """Check the depth of a background; unknown pixels get the depth of the nearest known one.

    Args:
        depth: (h, w) uint16 relative inverse depth, 0 unknown, of the aspect of the background.
        bg: (H, W) of the background.
        name: of its file, in errors.

    Returns:
        (h, w) uint16, 1 to 65535.

    Raises:
        ArrayError: it is no such array.
        AssetError: nothing is known, or it has another aspect.
    """
    levels = np.asarray(depth)
    if levels.ndim != 2 or levels.dtype != np.uint16 or not levels.size:
        found = f"{levels.shape} {levels.dtype}"
        fix = "give relative inverse depth: 0 unknown, 1 farthest, 65535 nearest"
        raise ArrayError(str(name), "(H, W) uint16", found, fix)
    if aspect_differs(levels.shape[::-1], bg[::-1]):
        expected = f"the aspect ratio of the background, {bg[1]} x {bg[0]}"
        found = f"{levels.shape[1]} x {levels.shape[0]}"
        raise AssetError(name, expected, found, "give both the same aspect ratio")
    known = levels != UNKNOWN
    if known.all():
        return levels
    if not known.any():
        raise AssetError(name, "depth", "only unknown pixels", "give another depth file")
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_known = np.zeros(int(nearest.max()) + 1, np.uint16)
    of_known[nearest[known]] = levels[known]
    filled: np.ndarray = of_known[nearest]
    return filled


def depth_with_objects(bg_depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The depth of a picture: (H, W) uint16, 1 to 65535.

    Args:
        bg_depth: (h, w) uint16, the depth of its background, known everywhere.
        mask: (H, W) uint8, alpha of its objects. Each connected part of opaque pixels is an object.
    """
    height, width = mask.shape
    depth: np.ndarray = np.maximum(scale_depth(bg_depth, (width, height)), FARTHEST)
    _, numbers = cv2.connectedComponents((mask >= OPAQUE).view(np.uint8), connectivity=8)
    of_objects = _ground_depth(depth, numbers)
    objects = numbers > 0
    depth[objects] = of_objects[numbers[objects]]
    return depth


def _ground_depth(depth: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The lower median of the depth (H, W) under the lowest row of each object.

    Args:
        depth: (H, W) uint16, known everywhere.
        numbers: (H, W) int32, 0 outside, else the number of the object.

    Returns:
        (n + 1,) uint16 by number; 0 for the first, which is no object.
    """
    rows, columns = np.nonzero(numbers)
    labels = numbers[rows, columns]
    lowest = np.zeros(int(numbers.max()) + 1, np.intp)
    np.maximum.at(lowest, labels, rows)
    at_foot = rows == lowest[labels]
    labels, under = labels[at_foot], depth[rows[at_foot], columns[at_foot]]
    order = np.lexsort((under, labels))
    counts = np.bincount(labels, minlength=len(lowest))
    first = np.cumsum(counts) - counts
    middle = first + np.maximum(counts - 1, 0) // 2
    medians: np.ndarray = np.zeros(len(lowest), np.uint16)
    medians[1:] = under[order][middle[1:]]
    return medians
