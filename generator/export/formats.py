"""What a format of exported datasets has to say, and which there are."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

from generator.export.coco import CocoFormat
from generator.export.folder import FolderFormat
from generator.export.samples import PictureFormat, Sample
from generator.export.webdataset import WebDatasetFormat
from generator.splits import SplitName

FormatName = Literal["folder", "coco", "webdataset"]


class ExportFormat(Protocol):
    """Which files an export consists of."""

    @property
    def in_tar(self) -> bool:
        """Whether the files of a block of samples stand in one tar archive, or loose."""

    @property
    def owned(self) -> re.Pattern[str]:
        """Matches the paths, relative to the export, of all files this format may write."""

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        """The files of one sample: a path, relative to the export or archive, for each field of it."""

    def record(self, sample: Sample) -> Any:
        """What `summaries` needs of a sample, as JSON can hold it; None for nothing."""

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        """Files about all samples: their text in parts, by path.

        Args:
            dataset_id: of the dataset.
            records: of the samples of each split, in their order; may be gone through several times.
        """


FORMATS: dict[FormatName, type[FolderFormat | CocoFormat | WebDatasetFormat]] = {
    "folder": FolderFormat,
    "coco": CocoFormat,
    "webdataset": WebDatasetFormat,
}


def make_format(name: FormatName, picture_format: PictureFormat, instances: bool) -> ExportFormat:
    """The format of this name.

    Args:
        name: of the format.
        picture_format: of `bg` and `fg_bg`.
        instances: whether the dataset has instance maps.

    Raises:
        UsageError: it needs a package that is not installed.
    """
    return FORMATS[name](picture_format, instances)
