"""`journal.jsonl`: the finished parts of an unfinished dataset, in sealed lines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from generator.errors import DatasetError
from generator.format.manifest import JOURNAL_FILE
from generator.format.records import BankEntry, Count, FileName, Hash, Record, ShardEntry, Sums
from generator.format.sealed_lines import append_line, parse, read_lines, take_whole, unseal, write_lines
from generator.splits import SplitName

_CHANNELS = {"bg": 3, "fg_bg": 3, "depth": 1}
_ALWAYS = {"fg_bg", "mask"}


class ImportRequest(Record):
    """What an import was asked to make, so that another one does not continue it."""

    config: dict[str, Any]
    """The fields that decide the dataset's bytes."""
    pictures: Count
    """How many the source lists."""
    listing: Hash
    """Of the names of the pictures, their splits and which files each has."""


class JournalHead(Record):
    """The first line: the dataset's id, what it is made from, and the largest number of shards of each split.

    A generated dataset is made from its bank, an imported one from a request.
    """

    version: Literal[2] = 2
    id: Hash
    bank: BankEntry | None = None
    request: ImportRequest | None = None
    shards: dict[SplitName, Count]

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "JournalHead":
        if (self.bank is None) == (self.request is None):
            raise ValueError("it must have a bank or a request")
        return self

    @model_serializer(mode="wrap")
    def _without_the_other_kind(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialise(self).items() if value is not None}

    def owns(self, file: str) -> bool:
        """Whether a file's name is one of this dataset's shards."""
        numbers = ((shard_number(split, file), count) for split, count in self.shards.items())
        return any(number is not None and number < count for number, count in numbers)


class LeftOut(Record):
    """A picture that cannot be a sample."""

    sample_id: Count
    file: str
    """The file that the problem is about."""
    problem: str
    """In one line."""
    hash: Hash | None
    """Of its files; None where one cannot be read."""


class JournalLine(ShardEntry):
    """A finished shard, with its part of the statistics; a shard without samples has no file."""

    statistics: dict[str, Sums]
    statistics_samples: Count
    planned: Hash | None = None
    """Of an imported dataset: the hash of the pictures that the shard was planned for."""
    left_out: list[LeftOut] = Field(default_factory=list)
    """Of an imported dataset: those of them that are no samples."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialise(self)
        imported = () if self.planned is not None else ("planned", "left_out")
        return {name: value for name, value in fields.items() if name not in imported}

    @model_validator(mode="after")
    def _is_of_all_fields(self) -> "JournalLine":
        channels = {name: len(sums.sum) for name, sums in self.statistics.items()}
        # The mask has one channel, or one for each class.
        classes = channels.pop("mask", 0)
        expected = _ALWAYS if self.statistics_samples else set()
        if not expected <= self.statistics.keys() or not channels.items() <= _CHANNELS.items():
            raise ValueError(f"statistics must be of {', '.join(_CHANNELS)} and mask")
        if bool(self.statistics) != bool(classes) or bool(self.statistics) != bool(self.statistics_samples):
            raise ValueError("statistics must be of some samples")
        return self


class _OldLine(BaseModel):
    """A line without a hash, as older versions wrote it; only the name of its file is read."""

    file: FileName


def shard_file(split: str, number: int) -> str:
    """The name of a shard's file, as `train-00000.h5`."""
    return f"{split}-{number:05d}.h5"


def shard_number(split: str, file: str) -> int | None:
    """The number of a shard by its file's name; None where it is not a shard of this split."""
    digits = file.removeprefix(f"{split}-").removesuffix(".h5")
    is_one = digits.isascii() and digits.isdigit() and shard_file(split, int(digits)) == file
    return int(digits) if is_one else None


@dataclass
class Journal:
    """The journal of a folder. Each line is appended and fsynced by itself.

    Attributes:
        path: of the file.
        head: the first line; None where there is no journal of this version.
        shards: the finished shards, by file name.
        older: names of files in lines without a hash, so that their content is not known to be right.
        on_change: called after each change; it gets whether the journal was started again.
    """

    path: Path
    head: JournalHead | None = None
    shards: dict[str, JournalLine] = field(default_factory=dict)
    older: list[str] = field(default_factory=list)
    on_change: Callable[[bool], None] = lambda is_new: None

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """Read the journal of a folder; it is empty where there is none.

        Raises:
            DatasetError: it cannot be read.
        """
        journal = cls(folder / JOURNAL_FILE)
        try:
            texts = read_lines(journal.path)
        except OSError as error:
            fix = "remove it, or use another `out`"
            raise DatasetError(journal.path, "a journal", str(error.strerror or error), fix) from error
        journal.head = unseal(texts[0], JournalHead) if texts else None
        if journal.head is None:
            lines = (parse(text, _OldLine) for text in texts)
            journal.older = [line.file for line in lines if line is not None]
            return journal
        finished = take_whole(texts[1:], lambda text: unseal(text, JournalLine))
        journal.shards = {line.file: line for line in finished}
        return journal

    def begin(self, head: JournalHead, lines: Iterable[JournalLine] = ()) -> None:
        """Start the journal again with this head and these lines."""
        self.head, self.shards, self.older = head, {line.file: line for line in lines}, []
        write_lines(self.path, (head, *self.shards.values()))
        self.on_change(True)

    def append(self, line: JournalLine) -> None:
        """Add a shard that is on the disk; returns when the line is on the disk too."""
        self.shards[line.file] = line
        append_line(self.path, line)
        self.on_change(False)
