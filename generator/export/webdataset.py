"""Format `webdataset`: tar archives of 1,000 samples each, read from front to back.

Source: https://github.com/webdataset/webdataset: files whose names agree up to the first dot are one sample.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from generator.export.contents import Contents
from generator.export.samples import PictureFormat, Sample
from generator.splits import SplitName


@dataclass(frozen=True)
class WebDatasetFormat:
    """`SPLIT-000000.tar` with `NAME.FIELD.png` and `NAME.json`.

    Attributes:
        picture_format: of `bg` and `fg_bg`.
        contents: what the samples of the dataset have.
    """

    in_tar: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ()
    owned: ClassVar[re.Pattern[str]] = re.compile(r"(train|val|test)-\d{6,}\.tar")
    picture_format: PictureFormat
    contents: Contents

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        suffixes = {"bg": self.picture_format, "fg_bg": self.picture_format}
        fields = self.contents.fields()
        files = {field: f"{name}.{field}.{suffixes.get(field, 'png')}" for field in fields}
        return {**files, "json": f"{name}.json"}

    def encode(self, field: str, sample: Sample) -> bytes | None:
        return None

    def record(self, sample: Sample) -> Any:
        return None

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        return {}
