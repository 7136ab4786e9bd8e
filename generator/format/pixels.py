"""The pixels of samples: their arrays, which are the same in memory and in rendered shards."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Layout = dict[str, tuple[tuple[int, ...], np.dtype[Any]]]
"""Shape and dtype of arrays, by name."""

OPAQUE = 128
"""The lowest alpha of a pixel that belongs to the object."""

IGNORED = 255
"""The value of ignored pixels in a mask of classes."""

UNKNOWN = 0
FARTHEST = 1
NEAREST = 65535

OptionalField = Literal["bg", "depth", "instances"]
OPTIONAL_FIELDS: tuple[OptionalField, ...] = ("bg", "depth", "instances")
"""Arrays that a labelled dataset has or has not."""

_CACHE_LINE = 64


@dataclass
class Pixels:
    """The arrays of n samples, or of one sample without the first dimension.

    Attributes:
        fg_bg: (n, H, W, 3) uint8.
        mask: (n, H, W) uint8, 0 background ... 255 foreground.
        depth: (n, H, W) uint16 relative inverse depth, 0 unknown.
        instances: (n, H, W) uint8, 0 none, else 1 + the number of the topmost object; None where a sample
            has one object at most.
    """

    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    instances: np.ndarray | None = None

    @classmethod
    def empty(cls, samples: int, size: tuple[int, int], instances: bool) -> "Pixels":
        """Empty arrays to render into, for a canvas (width, height)."""
        return cls(**allocate(pixel_layout(samples, size, instances)))

    def __len__(self) -> int:
        return len(self.fg_bg)

    def __getitem__(self, rows: slice) -> "Pixels":
        return Pixels(**{name: array[rows] for name, array in self.items()})

    def sample(self, row: int) -> "Pixels":
        """The arrays of one sample."""
        instances = None if self.instances is None else self.instances[row]
        return Pixels(self.fg_bg[row], self.mask[row], self.depth[row], instances)

    def items(self) -> Iterator[tuple[str, np.ndarray]]:
        """The names and arrays, without instances where there are none, in the order of the format."""
        yield from (("fg_bg", self.fg_bg), ("mask", self.mask), ("depth", self.depth))
        if self.instances is not None:
            yield "instances", self.instances


def pixel_layout(samples: int, size: tuple[int, int], instances: bool) -> Layout:
    """Shape and dtype of each array of samples, for a canvas (width, height)."""
    width, height = size
    layout: Layout = {
        "fg_bg": ((samples, height, width, 3), np.dtype("u1")),
        "mask": ((samples, height, width), np.dtype("u1")),
        "depth": ((samples, height, width), np.dtype("<u2")),
    }
    if instances:
        layout["instances"] = ((samples, height, width), np.dtype("u1"))
    return layout


def allocate(layout: Layout) -> dict[str, np.ndarray]:
    """Empty arrays in one piece of memory.

    A large piece gets large memory pages, and filling it is five times faster than filling many small pieces.
    """
    return carve(layout, np.empty(layout_bytes(layout), np.uint8))


def carve(layout: Layout, memory: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays that follow each other in the given memory, (`layout_bytes`,) uint8."""
    return {
        name: memory[place].view(layout[name][1]).reshape(layout[name][0])
        for name, place in layout_places(layout).items()
    }


def layout_places(layout: Layout) -> dict[str, slice]:
    """The bytes of each array within one piece of memory; each begins on a cache line."""
    places, start = {}, 0
    for name, (shape, dtype) in layout.items():
        size = math.prod(shape) * dtype.itemsize
        places[name] = slice(start, start + size)
        start += -(-size // _CACHE_LINE) * _CACHE_LINE
    return places


def layout_bytes(layout: Layout) -> int:
    """The bytes that the arrays take in one piece of memory."""
    return max((place.stop for place in layout_places(layout).values()), default=0)


def pixel_bytes(size: tuple[int, int], instances: bool) -> int:
    """The bytes of one rendered sample, for a canvas (width, height)."""
    return size[0] * size[1] * (7 if instances else 6)
