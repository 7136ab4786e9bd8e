"""The regions of a sample: what becomes an annotation in formats of objects, such as COCO and YOLO."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from generator.export.contents import Contents
from generator.export.samples import Sample

FOREGROUND = "foreground"
"""What every object of an alpha is called."""


@dataclass(frozen=True)
class Region:
    """The visible pixels of an object, or of a class.

    Attributes:
        number: of the region in its picture, from 1.
        level: the number of its class; None in masks of alpha.
        shown: (H, W) bool, its pixels.
        box: x, y, width and height in pixels.
        area: the number of its pixels.
    """

    number: int
    level: int | None
    shown: np.ndarray
    box: tuple[int, int, int, int]
    area: int


def regions(sample: Sample, contents: Contents) -> Iterator[Region]:
    """The visible objects of a sample; in masks of classes without instances the pixels of each class."""
    mask = contents.mask
    if mask.kind == "classes" and not contents.instances:
        for number in range(len(mask.names)):
            shown = sample.pixels["mask"] == number
            if shown.any():
                x, y, width, height = cv2.boundingRect(shown.view(np.uint8))
                yield Region(number + 1, number, shown, (x, y, width, height), int(shown.sum()))
        return
    for seen in sample.objects:
        if seen.box is not None:
            level = None if mask.kind == "alpha" else mask.names.index(seen.fg)
            shown = sample.pixels["instances"] == seen.number
            yield Region(seen.number, level, shown, seen.box, seen.area)
