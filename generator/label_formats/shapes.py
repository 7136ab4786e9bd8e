"""Shapes that label files describe, as pixels: polygons, boxes, discs, strokes, run lengths.

Coordinates are in pixels of the upright picture, x to the right and y down. The pixel in column i covers i to
i + 1, and a shape has the pixels whose centres lie in it.
"""

import importlib
import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from generator.errors import UsageError
from generator.label_formats.regions import NOTHING, Region, ShapeError, Size
from generator.label_formats.runs import run_lengths, unpack_counts

Points = Sequence[tuple[float, float]] | np.ndarray
"""x and y of each point."""

# pycocotools works on a grid of fifths of a pixel, and its memory grows with the length of the border.
_FINER = 5
_LONGEST_BORDER = 4_000_000
_ELLIPSE_CORNERS = 360


def polygon(points: Points, size: Size) -> Region:
    """The pixels of a polygon, by the rule of pycocotools: even-odd, parts outside of the picture cut off.

    Args:
        points: of the border, at least 3; the last one is joined to the first one.
        size: of the picture.

    Raises:
        ShapeError: there are fewer points, a coordinate is no finite number, or the border is too long.
        UsageError: pycocotools is not installed.
    """
    corners = _corners(points)
    steps = np.trunc(corners * _FINER + 0.5)
    # Only the window is drawn. Moving it by whole pixels does not change its pixels; but pycocotools rounds
    # coordinates below 0 in another direction, so these stay where they are.
    first = np.maximum(np.floor(steps.min(axis=0) / _FINER), 0)
    last = np.minimum(np.ceil(steps.max(axis=0) / _FINER) + 1, size)
    if (last <= first).any():
        return NOTHING
    moved = np.where(first > 0, (steps - first * _FINER) / _FINER, corners)
    width, height = (last - first).astype(int).tolist()
    [filled] = pycocotools_mask().frPyObjects([moved.ravel().tolist()], height, width)
    cover = run_lengths(unpack_counts(filled["counts"]), (width, height), columns=True)
    return Region(int(first[0]), int(first[1]), cover)


def box(left: float, top: float, right: float, bottom: float, size: Size) -> Region:
    """The pixels of a box; its corners may be exchanged.

    Raises:
        ShapeError: as `polygon`.
        UsageError: as `polygon`.
    """
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)], size)


def disc(centre: tuple[float, float], radius: float, size: Size) -> Region:
    """The pixels of a disc.

    Raises:
        ShapeError: a number is not finite.
    """
    return stroke([centre], 2 * radius, size)


def stroke(points: Points, width: float, size: Size) -> Region:
    """The pixels of a line of some width with round ends and corners; one point is a disc.

    Raises:
        ShapeError: there is no point, or a number is not finite.
    """
    corners = _as_array(points)
    if not len(corners) or not np.isfinite(width):
        raise ShapeError("a line of points", f"{len(corners)} points, {width:g} wide")
    radius = width / 2
    first = np.clip(np.floor(corners.min(axis=0) - radius), 0, size).astype(int)
    last = np.clip(np.ceil(corners.max(axis=0) + radius), 0, size).astype(int)
    if (last <= first).any():
        return NOTHING
    across = np.arange(first[0], last[0]) + 0.5
    down = np.arange(first[1], last[1])[:, None] + 0.5
    near = np.zeros((last[1] - first[1], last[0] - first[0]), bool)
    ends = corners[1:] if len(corners) > 1 else corners
    for start, end in zip(corners, ends, strict=False):
        along = end - start
        squared = float(along @ along)
        share = ((across - start[0]) * along[0] + (down - start[1]) * along[1]) / (squared or 1.0)
        share = np.clip(share, 0, 1)
        from_line = (across - start[0] - share * along[0]) ** 2 + (down - start[1] - share * along[1]) ** 2
        near |= from_line <= radius**2
    return Region(int(first[0]), int(first[1]), near * np.uint8(255))


def pixel_polygon(points: Points, size: Size) -> Region:
    """The pixels of a polygon whose points name pixels, and with it those on its border, as OpenCV fills it.

    Args:
        points: pixels of the border, at least 3.
        size: of the picture.

    Raises:
        ShapeError: as `polygon`.
    """
    corners = _corners(points)
    first = np.clip(np.floor(corners.min(axis=0)), 0, size)
    last = np.clip(np.floor(corners.max(axis=0)) + 1, 0, size)
    if (last <= first).any():
        return NOTHING
    width, height = (last - first).astype(int).tolist()
    cover = np.zeros((height, width), np.uint8)
    cv2.fillPoly(cover, [np.floor(corners - first).astype(np.int32)], 255)
    return Region(int(first[0]), int(first[1]), cover)


def turned(points: np.ndarray, degrees: float, about: tuple[float, float] | None = None) -> np.ndarray:
    """Points (n, 2) turned clockwise about a point, or about the middle of their box."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2 if about is None else np.array(about)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved: np.ndarray = (points - centre) @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return moved


def ellipse(centre: tuple[float, float], radii: tuple[float, float], degrees: float, size: Size) -> Region:
    """The pixels of an ellipse that is turned clockwise.

    Raises:
        ShapeError: as `polygon`.
    """
    angles = np.linspace(0, 2 * math.pi, _ELLIPSE_CORNERS, endpoint=False)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + centre
    return polygon(turned(corners, degrees, centre), size)


def pycocotools_mask(asked: str = "drawing polygons") -> Any:
    """The module `pycocotools.mask`, which draws polygons and packs run lengths.

    Args:
        asked: what it is needed for.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("pycocotools.mask")
    except ImportError as error:
        found = "needs pycocotools, which is not installed"
        raise UsageError(asked, "", found, "run: pip install 'fgbg[coco]'") from error


def _corners(points: Points) -> np.ndarray:
    """The corners of a polygon, (n, 2) float64.

    Raises:
        ShapeError: there are too few, one is no finite number, or the border is too long.
    """
    corners = _as_array(points)
    if len(corners) < 3:
        raise ShapeError("3 or more points of a polygon", f"{len(corners)}")
    length = np.abs(corners - corners[np.arange(-1, len(corners) - 1)]).max(axis=1).sum()
    if length > _LONGEST_BORDER:
        raise ShapeError(f"a polygon with a border of up to {_LONGEST_BORDER:,} pixels", f"{length:,.0f}")
    return corners


def _as_array(points: Points) -> np.ndarray:
    """(n, 2) float64.

    Raises:
        ShapeError: a coordinate is no finite number.
    """
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    if not np.isfinite(corners).all():
        raise ShapeError("points with finite numbers", "NaN or infinity")
    return corners
