"""Format `coco`: pictures, and for each split a JSON file with the boxes and masks of objects or classes.

Source: https://cocodataset.org/#format-data; masks are run-length encoded, with counts as a string, as
pycocotools reads them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from generator.export.contents import Contents
from generator.export.regions import FOREGROUND, regions
from generator.export.samples import PictureFormat, Sample
from generator.label_formats.shapes import pycocotools_mask
from generator.splits import SplitName

CATEGORY = {"id": 1, "name": FOREGROUND, "supercategory": "object"}

# More than the values of an instance map, so that all annotations have different ids above 0.
_IDS_PER_IMAGE = 256

_ASKED = "`format=coco`"


@dataclass(frozen=True)
class CocoFormat:
    """`images/SPLIT/NAME.png` and `annotations/instances_SPLIT.json`; hidden objects have no annotation.

    The id of an image is the number of its sample. The id of an annotation is 256 times that number plus the
    object's value in the instance map, or the class's number plus 1. Both stay the same when other samples
    are exported.

    Attributes:
        picture_format: of the pictures, which are `fg_bg`.
        contents: what the samples of the dataset have.

    Raises:
        UsageError: pycocotools is not installed.
    """

    in_tar: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("pycocotools",)
    owned: ClassVar[re.Pattern[str]] = re.compile(
        r"images/(train|val|test)/\d{12,}\.(png|jpg)"
        r"|annotations/instances_(train|val|test)\.json"
    )
    picture_format: PictureFormat
    contents: Contents

    def __post_init__(self) -> None:
        pycocotools_mask(_ASKED)

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        return {"fg_bg": f"images/{split}/{self._file(name)}"}

    def encode(self, field: str, sample: Sample) -> bytes | None:
        return None

    def record(self, sample: Sample) -> Any:
        height, width = sample.pixels["mask"].shape
        return {
            "image": {
                "id": sample.sample_id,
                "file_name": self._file(sample.name),
                "width": width,
                "height": height,
            },
            "annotations": [
                {
                    "id": sample.sample_id * _IDS_PER_IMAGE + region.number,
                    "image_id": sample.sample_id,
                    "category_id": 1 if region.level is None else region.level + 1,
                    "bbox": list(region.box),
                    "area": region.area,
                    "segmentation": _run_lengths(region.shown),
                    "iscrowd": 0,
                }
                for region in regions(sample, self.contents)
            ],
        }

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        return {
            f"annotations/instances_{split}.json": _document(
                f"fgbg dataset {dataset_id}, {split}", self._categories(), of_split
            )
            for split, of_split in records.items()
        }

    def _categories(self) -> list[dict[str, Any]]:
        """One for all objects of an alpha; with classes one for each, numbered from 1."""
        mask = self.contents.mask
        if mask.kind == "alpha":
            return [CATEGORY]
        return [
            {"id": number, "name": name, "supercategory": "class"}
            for number, name in enumerate(mask.names, 1)
        ]

    def _file(self, name: str) -> str:
        return f"{name}.{self.picture_format}"


def _document(description: str, categories: list[dict[str, Any]], records: Iterable[Any]) -> Iterator[str]:
    yield '{"info": ' + json.dumps({"description": description, "version": "1"})
    yield ',\n"licenses": [],\n"categories": ' + json.dumps(categories)
    yield ',\n"images": ['
    yield from _items(record["image"] for record in records)
    yield '],\n"annotations": ['
    yield from _items(annotation for record in records for annotation in record["annotations"])
    yield "]}\n"


def _items(values: Iterable[Any]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield (",\n" if number else "\n") + json.dumps(value)


def _run_lengths(shown: np.ndarray) -> dict[str, Any]:
    """A mask (H, W) bool in the form that COCO stores."""
    encoded = pycocotools_mask(_ASKED).encode(np.asfortranarray(shown, np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}
