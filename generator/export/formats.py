"""The formats that a dataset can be exported to, and what each of them defines."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from generator.export.coco import CocoFormat
from generator.export.contents import Contents
from generator.export.folder import FolderFormat
from generator.export.samples import PictureFormat, Sample
from generator.export.webdataset import WebDatasetFormat
from generator.export.yolo import YoloFormat
from generator.splits import SplitName

FormatName = Literal["folder", "coco", "yolo", "webdataset"]


class ExportFormat(Protocol):
    """Defines the files of an export."""

    @property
    def in_tar(self) -> bool:
        """Whether the files of samples are in tar archives, or loose."""

    @property
    def libraries(self) -> Sequence[str]:
        """Those that decide the bytes of this format, beside those of every export."""

    @property
    def owned(self) -> re.Pattern[str]:
        """Matches the path, relative to the export, of every file that this format can write."""

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        """The files of one sample: for each of its fields a path, relative to the export or archive."""

    def encode(self, field: str, sample: Sample) -> bytes | None:
        """The content of a field that only this format has; None for fields that `Encoder` knows."""

    def record(self, sample: Sample) -> Any:
        """What `summaries` needs to know of a sample, as JSON values; None if nothing."""

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        """The files about all samples: their text in parts, by path.

        Args:
            dataset_id: id of the dataset.
            records: the records of each split's samples, in order; can be iterated several times.
        """


FORMATS: dict[FormatName, type[FolderFormat | CocoFormat | YoloFormat | WebDatasetFormat]] = {
    "folder": FolderFormat,
    "coco": CocoFormat,
    "yolo": YoloFormat,
    "webdataset": WebDatasetFormat,
}


def make_format(name: FormatName, picture_format: PictureFormat, contents: Contents) -> ExportFormat:
    """The format of this name.

    Args:
        name: of the format.
        picture_format: of `bg` and `fg_bg`.
        contents: what the samples of the dataset have.

    Raises:
        UsageError: the format needs a package that is not installed.
    """
    return FORMATS[name](picture_format, contents)
