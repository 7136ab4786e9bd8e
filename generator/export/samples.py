"""Samples in the form that every export format gets, and the encoding of their fields as files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from generator.encode import encode_jpeg, encode_png
from generator.format.pixels import pixel_bytes
from generator.reading.dataset import Dataset
from generator.reading.seen_objects import SeenObject, instance_maps, seen_objects
from generator.splits import SplitName

PictureFormat = Literal["png", "jpg"]

_READ_BYTES = 16 * 2**20
_KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Sample:
    """One sample with its names.

    Attributes:
        split: the split of the sample.
        sample_id: its number, unique in the split.
        bg: the name of its background.
        bg_number: the number of the background in the bank.
        objects: from back to front, hidden objects too.
        pixels: `bg`, `fg_bg` (H, W, 3) uint8, `mask` (H, W) uint8, `depth` (H, W) uint16 and `instances`
            (H, W) uint8, also in datasets with one object per sample.
    """

    split: SplitName
    sample_id: int
    bg: str
    bg_number: int
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
            "bg": self.bg,
            "fg": [seen.fg for seen in self.objects],
            "boxes": [seen.box for seen in self.objects],
        }


def sample_name(sample_id: int) -> str:
    """`000000012345`: files sorted by name are sorted by number."""
    return f"{sample_id:012d}"


def read_samples(dataset: Dataset, split_name: SplitName, rows: range) -> Iterator[Sample]:
    """The samples in these rows of a split, in order; reading on may overwrite the arrays of earlier ones."""
    split = dataset[split_name]
    step = max(1, _READ_BYTES // pixel_bytes(dataset.manifest.size, dataset.manifest.has_instances))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        batch = split.read(some)
        instances = instance_maps(batch, split.mask)
        for place, row in enumerate(some):
            scene = int(split.scenes[row])
            pixels = {name: getattr(batch, name)[place] for name in ("bg", "fg_bg", "mask", "depth")}
            yield Sample(
                split=split_name,
                sample_id=int(split.sample_ids[row]),
                bg=split.scene_name(scene),
                bg_number=scene,
                objects=seen_objects(split, row, instances[place], batch.mask[place]),
                pixels={**pixels, "instances": instances[place]},
            )


class Encoder:
    """Encodes fields of samples; remembers encoded backgrounds, which many samples share.

    Args:
        picture_format: of `bg` and `fg_bg`; all other fields are PNG, which is lossless.
        quality: of JPEG.
    """

    def __init__(self, picture_format: PictureFormat, quality: int | None) -> None:
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
        return encode_png(sample.pixels[field])

    def _picture(self, pixels: np.ndarray) -> bytes:
        return encode_png(pixels) if self._quality is None else encode_jpeg(pixels, self._quality)

    def _background(self, sample: Sample) -> bytes:
        known = self._backgrounds.get(sample.bg_number)
        if known is not None:
            return known
        content = self._picture(sample.pixels["bg"])
        if self._kept + len(content) <= _KEPT_BYTES:
            self._backgrounds[sample.bg_number] = content
            self._kept += len(content)
        return content
