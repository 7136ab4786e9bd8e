"""Format `yolo`: pictures, and beside them labels, masks and depth in the folders that Ultralytics reads.

Source: https://docs.ultralytics.com/datasets/segment/, /datasets/semantic/ and /datasets/depth/.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import yaml

from generator.encode import encode_png
from generator.export.contents import Contents
from generator.export.outlines import outline
from generator.export.regions import FOREGROUND, regions
from generator.export.samples import PictureFormat, Sample
from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.label_formats.choices import BACKGROUND, is_background
from generator.splits import SplitName

_DIGITS = 6
"""Of a share of the picture's size: enough for the nearest hundredth of a pixel, also in large pictures."""


@dataclass(frozen=True)
class YoloFormat:
    """`images/SPLIT/NAME.png`, `labels/SPLIT/NAME.txt`, `masks/SPLIT/NAME.png`, `depth/SPLIT/NAME.npy`.

    Attributes:
        picture_format: of the pictures, which are `fg_bg`.
        contents: what the samples of the dataset have.
    """

    in_tar: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ()
    owned: ClassVar[re.Pattern[str]] = re.compile(
        r"images/(train|val|test)/\d{12,}\.(png|jpg)"
        r"|labels/(train|val|test)/\d{12,}\.txt"
        r"|masks/(train|val|test)/\d{12,}\.png"
        r"|depth/(train|val|test)/\d{12,}\.npy"
        r"|(data|semantic)\.yaml"
    )
    picture_format: PictureFormat
    contents: Contents

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        depth = {"depth_numbers": f"depth/{split}/{name}.npy"} if self.contents.depth else {}
        return {
            "fg_bg": f"images/{split}/{name}.{self.picture_format}",
            "outlines": f"labels/{split}/{name}.txt",
            "class_numbers": f"masks/{split}/{name}.png",
            **depth,
        }

    def encode(self, field: str, sample: Sample) -> bytes | None:
        if field == "outlines":
            return _lines(sample, self.contents).encode()
        if field == "class_numbers":
            return encode_png(_class_numbers(sample.pixels["mask"], self.contents.mask))
        if field == "depth_numbers":
            return _npy(sample.pixels["depth"] / np.float32(65535))
        return None

    def record(self, sample: Sample) -> Any:
        return None

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        folders: dict[str, Any] = {split: f"images/{split}" for split in records}
        mask = self.contents.mask
        objects = dict(enumerate(_object_names(mask).values()))
        classes = dict(enumerate([BACKGROUND, FOREGROUND] if mask.kind == "alpha" else mask.names))
        return {
            "data.yaml": _document(dataset_id, folders | {"names": objects}),
            "semantic.yaml": _document(dataset_id, folders | {"masks_dir": "masks", "names": classes}),
        }


def _object_names(mask: MaskEntry) -> dict[int | None, str]:
    """What has lines in label files, by `Region.level`, in the order of its numbers there."""
    if mask.kind == "alpha":
        return {None: FOREGROUND}
    return {level: name for level, name in enumerate(mask.names) if not is_background(name)}


def _lines(sample: Sample, contents: Contents) -> str:
    """A line for each region: the number of its class, then x and y of each corner as shares of the size."""
    height, width = sample.pixels["mask"].shape
    numbers = {level: number for number, level in enumerate(_object_names(contents.mask))}
    return "".join(
        f"{numbers[region.level]} {_shares(outline(region.shown) / (width, height))}\n"
        for region in regions(sample, contents)
        if region.level in numbers
    )


def _shares(corners: np.ndarray) -> str:
    return " ".join(np.format_float_positional(share, _DIGITS, trim="-") for share in corners.ravel())


def _class_numbers(mask: np.ndarray, entry: MaskEntry) -> np.ndarray:
    """(H, W) uint8: the number of the class, or of alpha 0 background and 1 foreground; 255 void."""
    if entry.kind == "classes":
        return mask
    numbers = (mask >= OPAQUE).astype(np.uint8)
    if entry.void is not None:
        numbers[mask == entry.void] = IGNORED
    return numbers


def _npy(numbers: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, numbers.astype(np.float32), allow_pickle=False)
    return file.getvalue()


def _document(dataset_id: str, content: dict[str, Any]) -> Iterator[str]:
    yield f"# fgbg dataset {dataset_id}\n"
    yield yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
