"""The object in a box of a picture, found by GrabCut."""

from pathlib import Path

import cv2
import numpy as np

from generator.errors import ConfigError, ImageError

_ROUNDS = 5
_FEWEST_PIXELS = 5
_LONGER_SIDE = 500


def alpha_in_box(path: Path, rgb: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The alpha of the object in a box, by GrabCut; every call gives the same.

    Works on at most 500 pixels a side, because GrabCut takes seconds beyond. The mask of a larger picture is
    enlarged smoothly.

    Args:
        path: of the picture, for errors.
        rgb: (H, W, 3) uint8.
        box: left, top, width, height in pixels; everything outside it is background.

    Returns:
        (H, W) uint8, soft by one pixel at the edges.

    Raises:
        ConfigError: the box is empty, leaves the picture, or has fewer than 5 pixels inside or around it
            (GrabCut sorts the colours of either side into 5 groups).
        ImageError: nothing in the box differs from what is around it.

    Source: Rother, Kolmogorov and Blake 2004, "GrabCut", by OpenCV.
    """
    height, width = rgb.shape[:2]
    left, top, box_width, box_height = box
    if min(box_width, box_height) < 1 or left + box_width > width or top + box_height > height:
        found = f"{left},{top},{box_width},{box_height}"
        expected = f"a box inside the {width} x {height} pixels of {path}"
        raise ConfigError("`box`", expected, found, "move the box")
    factor = min(1, _LONGER_SIDE / max(width, height))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    reduced = cv2.resize(rgb[..., ::-1], size, interpolation=cv2.INTER_AREA)
    columns, rows = (
        slice(int(start * factor), round((start + length) * factor))
        for start, length in ((left, box_width), (top, box_height))
    )
    marks = np.full(reduced.shape[:2], cv2.GC_BGD, np.uint8)
    marks[rows, columns] = cv2.GC_PR_FGD
    _require_pixels(marks)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reduced, marks, (0, 0, 0, 0), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found_there = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    if not found_there.any():
        expected = "an object in the box"
        raise ImageError(path, expected, "only the colours around it", "choose another `box`")
    softened = cv2.GaussianBlur(found_there, (3, 3), 0)
    alpha: np.ndarray = cv2.resize(softened, (width, height), interpolation=cv2.INTER_LINEAR)
    return alpha


def _require_pixels(marks: np.ndarray) -> None:
    for place, mark in (("inside the box", cv2.GC_PR_FGD), ("around the box", cv2.GC_BGD)):
        pixels = int((marks == mark).sum())
        if pixels < _FEWEST_PIXELS:
            expected = f"at least {_FEWEST_PIXELS} pixels {place}"
            raise ConfigError("`box`", expected, f"{pixels}", "choose a larger or smaller box")
