"""Labels of one kind of object: levels of alpha that a format reads, as alpha or as two classes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.label_formats.choices import class_mask, foreground_numbers, mask_entry, mask_kind
from generator.label_formats.items import Choice, Item, Label

BinaryLevels = tuple[np.ndarray, np.ndarray | None]
"""Levels, (H, W) uint8, and where they are void, (H, W) bool or None."""

ReadLevels = Callable[[Item, tuple[int, int]], BinaryLevels]


@dataclass(frozen=True, eq=False)
class BinaryReader:
    """Reads levels as they are, or as the classes 0 and 1; see `LabelReader`."""

    mask: MaskEntry
    read_levels: ReadLevels

    def __call__(self, item: Item, size: tuple[int, int], /) -> Label:
        levels, void = self.read_levels(item, size)
        if self.mask.kind == "alpha":
            return Label(levels, void)
        numbers = (levels >= OPAQUE).view(np.uint8)
        if void is not None:
            numbers[void] = IGNORED
        return Label(numbers)


def binary_reader(read_levels: ReadLevels, names: tuple[str, str], choice: Choice) -> BinaryReader:
    """The reader of labels for the user's choice; alpha by default.

    Args:
        read_levels: reads the levels of an item.
        names: of the background and the object, for masks of classes.
        choice: of the user.

    Raises:
        UsageError: `foreground` is not the object.
    """
    foreground_numbers(choice, names)
    kind = mask_kind(choice, "alpha")
    return BinaryReader(mask_entry(kind, class_mask("the data set", names)), read_levels)
