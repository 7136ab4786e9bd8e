"""`dataset.json` and `journal.jsonl`: what a dataset says of itself."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generator.config import SplitName
from generator.errors import DatasetError
from generator.files import room_for, write_atomically

MANIFEST_FILE = "dataset.json"
JOURNAL_FILE = "journal.jsonl"
VERIFIED_FILE = ".verified.json"

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*\.h5$")]
"""The plain name of a file in the dataset's own folder."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asset(_Record):
    """A picture the dataset was made from: its name in its folder, BLAKE3 hash and split."""

    name: str
    hash: str
    split: str
    depth: str | None = None
    """For backgrounds: the depth source that answered."""


class Moments(_Record):
    """Mean and standard deviation per channel, of values in [0, 1]; depth over known pixels only."""

    mean: list[float]
    std: list[float]


class Sums(_Record):
    """What shards add up to moments: per channel the sum, the sum of squares, and how many values."""

    sum: list[float]
    squares: list[float]
    count: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            sum=[a + b for a, b in zip(self.sum, other.sum, strict=True)],
            squares=[a + b for a, b in zip(self.squares, other.squares, strict=True)],
            count=self.count + other.count,
        )

    def moments(self) -> Moments:
        """Population mean and standard deviation."""
        count = max(self.count, 1)
        means = [total / count for total in self.sum]
        variances = [max(0.0, s / count - m * m) for s, m in zip(self.squares, means, strict=True)]
        return Moments(mean=means, std=[variance**0.5 for variance in variances])


class ShardEntry(_Record):
    """A finished shard, as `dataset.json` lists it."""

    file: FileName
    samples: int
    bytes: int
    blake3: str


class JournalLine(ShardEntry):
    """A finished shard, as the journal lists it: with its part of the statistics."""

    statistics: dict[str, Sums]
    statistics_samples: int


class SplitEntry(_Record):
    """A split: how many samples, in which shards, in this order."""

    samples: int
    shards: list[ShardEntry]


class BankEntry(_Record):
    """The bank's file."""

    file: FileName
    bytes: int
    blake3: str


class Statistics(_Record):
    """Moments of `bg`, `fg_bg`, `mask` and `depth`, and how many train samples they were taken from."""

    samples: int
    fields: dict[str, Moments]


class MaskEntry(_Record):
    """What the mask holds."""

    kind: Literal["alpha"] = "alpha"
    convention: str = "0 background ... 255 foreground"


class DepthEntry(_Record):
    """Where depth comes from. `pseudo`: some of it is a prior, not measured or computed."""

    sources: list[str]
    pseudo: bool
    convention: str = "relative inverse depth, uint16: 0 unknown, 1 farthest ... 65535 nearest"


class Manifest(_Record):
    """All of `dataset.json`."""

    format: Literal["fgbg-dataset"] = "fgbg-dataset"
    version: Literal[1] = 1
    id: str
    storage: Literal["rendered", "unrendered"]
    size: tuple[int, int]
    """Canvas (width, height) in pixels."""
    config: dict[str, Any]
    libraries: dict[str, str]
    assets: dict[Literal["fg", "bg"], list[Asset]]
    bank: BankEntry
    splits: dict[SplitName, SplitEntry]
    mask: MaskEntry
    depth: DepthEntry
    statistics: Statistics

    @property
    def has_instances(self) -> bool:
        """Whether samples may have several objects, and so an instance map."""
        return bool(self.config.get("objects", (1, 1))[1] > 1)

    def files(self) -> list[BankEntry | ShardEntry]:
        """Every file of the dataset, the bank first."""
        return [self.bank, *(shard for split in self.splits.values() for shard in split.shards)]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a folder's manifest.

        Raises:
            DatasetError: there is none, or it is not of this format and version.
        """
        path = folder / MANIFEST_FILE
        if not path.is_file():
            unfinished = (folder / JOURNAL_FILE).exists() or any(folder.glob("*.h5"))
            raise DatasetError(
                folder,
                f"a finished dataset ({MANIFEST_FILE})",
                "an unfinished one" if unfinished else "none",
                "run 'fgbg generate' again to continue it" if unfinished else "run 'fgbg generate' first",
            )
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "content"
            raise DatasetError(
                path,
                "a dataset of format version 1",
                f"{place}: {first['msg']}",
                "generate it anew with --overwrite",
            ) from error


class Journal:
    """The list of finished shards of an unfinished dataset, appended and fsynced line by line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, JournalLine]:
        """Finished shards by file name. A last line torn by a kill does not count."""
        if not self._path.exists():
            return {}
        lines: dict[str, JournalLine] = {}
        for text in self._path.read_bytes().split(b"\n"):
            try:
                line = JournalLine.model_validate_json(text)
            except ValidationError:
                break
            lines[line.file] = line
        return lines

    def replace(self, lines: Iterable[JournalLine]) -> None:
        """Make `lines` the whole journal."""
        write_atomically(self._path, b"".join(map(_encode, lines)))

    def append(self, line: JournalLine) -> None:
        """Add a shard that stands on the disk; returns when the line does too."""
        encoded = _encode(line)
        with room_for(self._path, len(encoded)), self._path.open("ab") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())


def _encode(line: JournalLine) -> bytes:
    return line.model_dump_json().encode() + b"\n"
