"""The objects of a sample: what each shows, and how much of it is visible."""

from dataclasses import dataclass

import cv2
import numpy as np

from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.format.tables import OBJECT
from generator.reading.batch import Batch
from generator.reading.generated_split import GeneratedSplit
from generator.reading.split import Split

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels, of the top-left corner; x right, y down."""

ANY_OBJECT = "object"
"""What an object of a labelled alpha is called, which has no name."""


@dataclass(frozen=True)
class SeenObject:
    """One object of a sample.

    Attributes:
        number: its value in the instance map. In generated samples 1 is the object farthest back, 2 the next.
        sprite: its number in the bank; None in labelled samples.
        fg: the name of its foreground. In labelled samples the name of its class, or `object`.
        area: the number of its visible pixels.
        box: the box around its visible pixels; None where there are none.
    """

    number: int
    sprite: int | None
    fg: str
    area: int
    box: Box | None


def instance_maps(batch: Batch, entry: MaskEntry) -> np.ndarray:
    """The number of the object that each pixel shows: (B, H, W) uint8, 0 none.

    Where the dataset does not tell objects apart, an alpha shows one object, the pixels with a mask of at
    least 128, and classes show none.
    """
    if batch.instances is not None:
        return batch.instances
    if entry.kind == "classes":
        return np.zeros_like(batch.mask)
    opaque: np.ndarray = (batch.mask >= OPAQUE).view(np.uint8)
    return opaque


def seen_objects(split: Split, row: int, instances: np.ndarray, mask: np.ndarray) -> list[SeenObject]:
    """The objects of one sample by number: in generated samples from back to front, including hidden ones.

    Args:
        split: of the dataset.
        row: the sample's number in the split.
        instances: (H, W) uint8, the sample's instance map.
        mask: (H, W) uint8, its mask.
    """
    seen = []
    for number, sprite, name in _listed(split, row, instances, mask):
        shown = (instances == number).view(np.uint8)
        area = int(cv2.countNonZero(shown))
        x, y, width, height = cv2.boundingRect(shown)
        seen.append(SeenObject(number, sprite, name, area, (x, y, width, height) if area else None))
    return seen


def _listed(
    split: Split, row: int, instances: np.ndarray, mask: np.ndarray
) -> list[tuple[int, int | None, str]]:
    """Number, sprite and name of each object."""
    if isinstance(split, GeneratedSplit):
        first, count = int(split.samples["first"][row]), int(split.samples["count"][row])
        placements = split.placements[first : first + count]
        sprites = placements["sprite"][placements["kind"] == OBJECT].tolist()
        return [(number, sprite, split.fg_of(sprite)) for number, sprite in enumerate(sprites, 1)]
    numbers = np.unique(instances[instances > 0]).tolist()
    return [(number, None, _name_of(split.mask, mask[instances == number])) for number in numbers]


def _name_of(entry: MaskEntry, levels: np.ndarray) -> str:
    """The name of the class that most pixels of an object have."""
    if entry.kind == "alpha":
        return ANY_OBJECT
    counts = np.bincount(levels[levels != IGNORED], minlength=len(entry.names))
    return entry.names[int(counts.argmax())]
