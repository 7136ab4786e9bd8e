"""Samples in the form that every export format gets, and the encoding of their fields as files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from generator.encode import encode_index_png, encode_jpeg, encode_png
from generator.export.contents import Contents
from generator.format.manifest import ClassMask, MaskEntry
from generator.format.pixels import IGNORED, pixel_bytes
from generator.reading.dataset import Dataset
from generator.reading.seen_objects import SeenObject, instance_maps, seen_objects
from generator.splits import SplitName

PictureFormat = Literal["png", "jpg"]

_VOID_COLOUR = (224, 224, 192)
"""The colour of void in Pascal VOC, by which it is known when such masks are read."""

_READ_BYTES = 16 * 2**20
_KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Sample:
    """One sample with its names.

    Attributes:
        split: the split of the sample.
        sample_id: its number, unique in the split.
        scene: the name of its background, or of the labelled picture.
        scene_column: `bg` or `picture`, whichever `scene` is.
        bg_number: the number of the background in the bank; None where each sample has its own.
        objects: from back to front, hidden objects too.
        pixels: `fg_bg` (H, W, 3) uint8, `mask` (H, W) uint8, and `instances` (H, W) uint8, also in datasets
            without; `bg` (H, W, 3) uint8 and `depth` (H, W) uint16 where the dataset has them.
    """

    split: SplitName
    sample_id: int
    scene: str
    scene_column: str
    bg_number: int | None
    objects: list[SeenObject]
    pixels: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        """The name of its files, without suffix."""
        return sample_name(self.sample_id)

    def describe(self) -> dict[str, Any]:
        """Everything but the pixels; the box of a hidden object is None."""
        return {
            "split": self.split,
            "name": self.name,
            "sample_id": self.sample_id,
            self.scene_column: self.scene,
            "fg": [seen.fg for seen in self.objects],
            "boxes": [seen.box for seen in self.objects],
        }


def sample_name(sample_id: int) -> str:
    """`000000012345`: files sorted by name are sorted by number."""
    return f"{sample_id:012d}"


def read_samples(dataset: Dataset, split_name: SplitName, rows: range) -> Iterator[Sample]:
    """The samples in these rows of a split, in order; reading on may overwrite the arrays of earlier ones."""
    split, contents = dataset[split_name], Contents.of(dataset.manifest)
    step = max(1, _READ_BYTES // pixel_bytes(dataset.manifest.size, dataset.manifest.has_instances))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        batch = split.read(some)
        instances = instance_maps(batch, split.mask)
        for place, row in enumerate(some):
            scene = int(split.scenes[row])
            pixels = {name: getattr(batch, name)[place] for name in contents.fields()}
            yield Sample(
                split=split_name,
                sample_id=int(split.sample_ids[row]),
                scene=split.scene_name(scene),
                scene_column=contents.scene,
                bg_number=scene if split.shares_scenes else None,
                objects=seen_objects(split, row, instances[place], batch.mask[place]),
                pixels={**pixels, "instances": instances[place]},
            )


def mask_palette(mask: ClassMask) -> np.ndarray:
    """The colours of numbers of classes, and of 255 for void pixels: (256, 3) uint8 RGB."""
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(mask.colours)] = mask.colours
    palette[IGNORED] = _VOID_COLOUR
    return palette


class Encoder:
    """Encodes fields of samples; remembers encoded backgrounds, which many samples share.

    Args:
        picture_format: of `bg` and `fg_bg`; all other fields are PNG, which is lossless.
        quality: of JPEG.
        mask: the meaning of masks: classes get a palette.
    """

    def __init__(self, picture_format: PictureFormat, quality: int | None, mask: MaskEntry) -> None:
        self._mask = mask
        self._quality = quality if picture_format == "jpg" else None
        self._backgrounds: dict[int, bytes] = {}
        self._kept = 0

    def encode(self, field: str, sample: Sample) -> bytes:
        """One of `Sample.pixels`, or `json`: the sample's description (`Sample.describe`)."""
        if field == "json":
            return json.dumps(sample.describe()).encode()
        if field == "bg":
            return self._background(sample)
        if field == "fg_bg":
            return self._picture(sample.pixels[field])
        if field == "mask" and self._mask.kind == "classes":
            return encode_index_png(sample.pixels[field], mask_palette(self._mask))
        return encode_png(sample.pixels[field])

    def _picture(self, pixels: np.ndarray) -> bytes:
        return encode_png(pixels) if self._quality is None else encode_jpeg(pixels, self._quality)

    def _background(self, sample: Sample) -> bytes:
        if sample.bg_number is None:
            return self._picture(sample.pixels["bg"])
        known = self._backgrounds.get(sample.bg_number)
        if known is not None:
            return known
        content = self._picture(sample.pixels["bg"])
        if self._kept + len(content) <= _KEPT_BYTES:
            self._backgrounds[sample.bg_number] = content
            self._kept += len(content)
        return content
