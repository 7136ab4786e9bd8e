"""Format `folder`: one folder per split and field, one picture per sample, and `samples.csv` about all."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from generator.errors import printable
from generator.export.contents import Contents
from generator.export.samples import PictureFormat, Sample
from generator.splits import SplitName

SAMPLES_FILE = "samples.csv"
CROISSANT_FILE, SAMPLES_JSON = "croissant.json", "samples.json"
"""Croissant metadata, and the table of samples as it needs it; `generator.export.croissant` writes both."""

COLUMNS = ("split", "name", "sample_id", "bg", "fg", "boxes")


@dataclass(frozen=True)
class FolderFormat:
    """`SPLIT/FIELD/NAME.png`: files with the same name belong to the same sample.

    Attributes:
        picture_format: of `bg` and `fg_bg`.
        contents: what the samples of the dataset have.
    """

    in_tar: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ()
    owned: ClassVar[re.Pattern[str]] = re.compile(
        r"(train|val|test)/(bg|fg_bg|mask|depth|instances)/\d{12,}\.(png|jpg)|samples\.(csv|json)|croissant\.json"
    )
    picture_format: PictureFormat
    contents: Contents

    def members(self, split: SplitName, name: str) -> dict[str, str]:
        suffixes = {"bg": self.picture_format, "fg_bg": self.picture_format}
        fields = self.contents.fields()
        return {field: f"{split}/{field}/{name}.{suffixes.get(field, 'png')}" for field in fields}

    def encode(self, field: str, sample: Sample) -> bytes | None:
        return None

    def record(self, sample: Sample) -> Any:
        return sample.describe()

    def summaries(
        self, dataset_id: str, records: Mapping[SplitName, Iterable[Any]]
    ) -> dict[str, Iterator[str]]:
        return {SAMPLES_FILE: _table(records, self.contents.scene)}


def _table(records: Mapping[SplitName, Iterable[Any]], scene: str) -> Iterator[str]:
    """One line per sample; lists are JSON."""
    columns = [scene if column == "bg" else column for column in COLUMNS]
    yield _line(columns)
    for of_split in records.values():
        for record in of_split:
            yield _line([_cell(record[column]) for column in columns])


def _cell(value: Any) -> str:
    """Lists as JSON; escape codes in names are escaped."""
    if not isinstance(value, list):
        return printable(str(value))
    text = json.dumps(value, ensure_ascii=False)
    return text if text == printable(text) else json.dumps(value)


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
