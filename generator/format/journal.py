"""`journal.jsonl`: the finished parts of an unfinished dataset, in sealed lines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, model_validator

from generator.errors import DatasetError
from generator.format.manifest import JOURNAL_FILE, BankEntry, Count, FileName, Hash, Record, ShardEntry, Sums
from generator.format.sealed_lines import append_line, parse, read_lines, take_whole, unseal, write_lines
from generator.splits import SplitName

_CHANNELS = {"bg": 3, "fg_bg": 3, "mask": 1, "depth": 1}


class JournalHead(Record):
    """The first line: which dataset this is to be, its bank, and how many shards each split may have."""

    version: Literal[2] = 2
    id: Hash
    bank: BankEntry
    shards: dict[SplitName, Count]

    def owns(self, file: str) -> bool:
        """Whether a file's name is one of this dataset's shards."""
        numbers = ((shard_number(split, file), count) for split, count in self.shards.items())
        return any(number is not None and number < count for number, count in numbers)


class JournalLine(ShardEntry):
    """A finished shard, with its part of the statistics."""

    statistics: dict[str, Sums]
    statistics_samples: Count

    @model_validator(mode="after")
    def _is_of_all_fields(self) -> "JournalLine":
        channels = {name: len(sums.sum) for name, sums in self.statistics.items()}
        if channels != (_CHANNELS if self.statistics_samples else {}):
            raise ValueError(f"statistics must be of {', '.join(_CHANNELS)}")
        return self


class _OldLine(BaseModel):
    """Of a line without a hash, as older versions wrote them: the file it names."""

    file: FileName


def shard_file(split: str, number: int) -> str:
    """What a shard is called: `train-00000.h5`."""
    return f"{split}-{number:05d}.h5"


def shard_number(split: str, file: str) -> int | None:
    """The number of a split's shard, by its file; None where it is no shard of this split."""
    digits = file.removeprefix(f"{split}-").removesuffix(".h5")
    is_one = digits.isascii() and digits.isdigit() and shard_file(split, int(digits)) == file
    return int(digits) if is_one else None


@dataclass
class Journal:
    """The journal of a folder, appended and fsynced line by line.

    Attributes:
        path: of the file.
        head: its first line; None where there is no journal, or none of this version.
        shards: finished ones by file name.
        older: files that lines without a hash name: not known to be right.
    """

    path: Path
    head: JournalHead | None = None
    shards: dict[str, JournalLine] = field(default_factory=dict)
    older: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """What the journal of a folder says; nothing where there is none.

        Raises:
            DatasetError: what is there cannot be read.
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
        """Make this head and these lines the whole journal."""
        self.head, self.shards, self.older = head, {line.file: line for line in lines}, []
        write_lines(self.path, (head, *self.shards.values()))

    def append(self, line: JournalLine) -> None:
        """Add a shard that stands on the disk; returns when the line does too."""
        self.shards[line.file] = line
        append_line(self.path, line)
