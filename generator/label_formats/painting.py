"""Painting the objects of a label file: their regions, one over the other, become the label of a picture."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from generator.format.pixels import IGNORED, OPAQUE
from generator.label_formats.items import Label
from generator.label_formats.regions import Region, ShapeError, Size

_MOST_OBJECTS = 65535


@dataclass(frozen=True, eq=False)
class Part:
    """An object of a label file, or a part of one.

    Attributes:
        region: its pixels.
        number: of its class; None if these pixels are void.
        of: what all parts of one object have in common and no part of another object has; None for an object
            of its own.
    """

    region: Region
    number: int | None
    of: Hashable = None


def smaller_on_top(parts: Sequence[Part]) -> list[Part]:
    """The order of formats that store none: void first, then large objects, then small ones over them.

    A tie lies before a person, and a cup before a table, more often than the other way round. Objects of
    equal area stay in their order.
    """
    return sorted(parts, key=lambda part: -(1 << 62) if part.number is None else -part.region.area)


def paint(parts: Sequence[Part], size: Size, foreground: frozenset[int] | None) -> Label:
    """Paint parts, each over those before it.

    Args:
        parts: from back to front.
        size: of the picture.
        foreground: for masks of alpha, the numbers of the classes that are the object; None for masks of
            classes. There 0 is where no part is, and a pixel belongs to a part that covers half of it.

    Returns:
        Its instances are numbered from 1 in the order of `parts`, hidden ones too; for alpha they are those
        of the foreground.

    Raises:
        ShapeError: there are more objects than numbers.
    """
    if len(parts) > _MOST_OBJECTS:
        raise ShapeError(f"up to {_MOST_OBJECTS:,} objects in a picture", f"{len(parts):,}")
    levels = np.zeros(size[::-1], np.uint8)
    instances = np.zeros(size[::-1], np.uint16)
    void: np.ndarray | None = None
    numbers: dict[Hashable, int] = {}
    for place, part in enumerate(parts):
        cover, window = part.region.cover, part.region.window
        solid = cover >= OPAQUE
        shown = part.number is not None and (foreground is None or part.number in foreground)
        owner = ("alone", place) if part.of is None else ("of", part.of)
        number = numbers.setdefault(owner, len(numbers) + 1) if shown else 0
        instances[window][solid] = number
        if foreground is None:
            levels[window][solid] = IGNORED if part.number is None else part.number
            continue
        levels[window] = _over(levels[window], cover, 255 if shown else 0)
        if part.number is None:
            void = np.zeros(size[::-1], bool) if void is None else void
        if void is not None:
            void[window][solid] = part.number is None
    return Label(levels, void if void is not None and void.any() else None, instances)


def _over(below: np.ndarray, cover: np.ndarray, level: int) -> np.ndarray:
    """(h, w) uint8: a level laid over others as far as it covers them."""
    shares = cover.astype(np.uint16)
    return ((level * shares + below * (255 - shares) + 127) // 255).astype(np.uint8)
