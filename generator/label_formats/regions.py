"""Regions: the pixels of an object in a picture, their unions and holes."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]
"""(width, height) of a picture in pixels."""


class ShapeError(Exception):
    """A shape that cannot be drawn.

    Args:
        expected: what the shape should be.
        found: what it is.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


@dataclass(frozen=True, eq=False)
class Region:
    """Pixels of a picture: those of a window, which lies inside of the picture.

    Attributes:
        left: column of the window's first pixel.
        top: row of the window's first pixel.
        cover: (h, w) uint8, how much of each pixel of the window the shape covers, 0 ... 255. Shapes that
            have no soft edges have 0 and 255 only.
    """

    left: int
    top: int
    cover: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the window."""
        height, width = self.cover.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @functools.cached_property
    def area(self) -> int:
        """The number of pixels of which it covers at least half."""
        return int(np.count_nonzero(self.cover >= 128))


NOTHING = Region(0, 0, np.zeros((0, 0), np.uint8))


def stamp(left: float, top: float, cover: np.ndarray, size: Size) -> Region:
    """A mask (h, w) uint8 with its corner at a whole pixel.

    Raises:
        ShapeError: it is not inside of the picture.
    """
    height, width = cover.shape
    whole = float(left).is_integer() and float(top).is_integer()
    if not whole or left < 0 or top < 0 or left + width > size[0] or top + height > size[1]:
        found = f"one of {width} x {height} at {left:g}, {top:g}"
        raise ShapeError(f"a mask inside of the picture ({size[0]} x {size[1]})", found)
    return Region(int(left), int(top), cover)


def union(regions: Sequence[Region]) -> Region:
    """The pixels of several regions."""
    parts = [region for region in regions if region.cover.size]
    if len(parts) <= 1:
        return parts[0] if parts else NOTHING
    left, top = min(part.left for part in parts), min(part.top for part in parts)
    right = max(part.left + part.cover.shape[1] for part in parts)
    bottom = max(part.top + part.cover.shape[0] for part in parts)
    cover = np.zeros((bottom - top, right - left), np.uint8)
    for part in parts:
        window = Region(part.left - left, part.top - top, part.cover).window
        np.maximum(cover[window], part.cover, out=cover[window])
    return Region(left, top, cover)


def without(region: Region, holes: Sequence[Region]) -> Region:
    """The pixels of a region that are in none of the holes."""
    cover = region.cover.copy()
    height, width = cover.shape
    for hole in holes:
        top, left = hole.top - region.top, hole.left - region.left
        rows = slice(max(0, top), max(0, min(height, top + hole.cover.shape[0])))
        columns = slice(max(0, left), max(0, min(width, left + hole.cover.shape[1])))
        cut = hole.cover[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        if cut.size:
            cover[rows, columns] = np.minimum(cover[rows, columns], 255 - cut)
    return Region(region.left, region.top, cover)
