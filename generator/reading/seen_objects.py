"""The objects of a sample: which foreground each shows, and how much of it is visible."""

from dataclasses import dataclass

import cv2
import numpy as np

from generator.format.pixels import OPAQUE
from generator.format.tables import OBJECT
from generator.reading.batch import Batch
from generator.reading.dataset import Dataset
from generator.reading.split import Split

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels, of the top-left corner; x right, y down."""


@dataclass(frozen=True)
class SeenObject:
    """One object of a sample.

    Attributes:
        number: its value in the instance map: 1 for the object farthest back, 2 for the next.
        sprite: its number in the bank.
        fg: the name of its foreground.
        area: the number of its visible pixels.
        box: the box around its visible pixels; None where there are none.
    """

    number: int
    sprite: int
    fg: str
    area: int
    box: Box | None


def instance_maps(batch: Batch) -> np.ndarray:
    """The number of the object that each pixel shows: (B, H, W) uint8, 0 none.

    In a dataset of one object a sample, its pixels are those with a mask of at least 128.
    """
    if batch.instances is not None:
        return batch.instances
    opaque: np.ndarray = (batch.mask >= OPAQUE).view(np.uint8)
    return opaque


def seen_objects(dataset: Dataset, split: Split, row: int, instances: np.ndarray) -> list[SeenObject]:
    """The objects of one sample from back to front, including hidden ones.

    Args:
        dataset: that holds the sample.
        split: of the dataset.
        row: the sample's number in the split.
        instances: (H, W) uint8, the sample's instance map.
    """
    first, count = int(split.samples["first"][row]), int(split.samples["count"][row])
    placements = split.placements[first : first + count]
    sprites = placements["sprite"][placements["kind"] == OBJECT].tolist()
    names = dataset.manifest.assets["fg"]
    seen = []
    for number, sprite in enumerate(sprites, 1):
        shown = (instances == number).view(np.uint8)
        area = int(cv2.countNonZero(shown))
        x, y, width, height = cv2.boundingRect(shown)
        fg = names[int(dataset.bank.sprite_fg[sprite])].name
        seen.append(SeenObject(number, sprite, fg, area, (x, y, width, height) if area else None))
    return seen
