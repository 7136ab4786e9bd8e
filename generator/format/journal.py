"""`journal.jsonl`: what stands of an unfinished dataset; every line carries a hash of itself.

A line that was torn by a kill or changed since does not count, nor does any line behind it.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from blake3 import blake3
from pydantic import BaseModel, ValidationError, model_validator

from generator.errors import DatasetError
from generator.files import read_regular, room_for, write_atomically
from generator.format.manifest import JOURNAL_FILE, BankEntry, Count, FileName, Hash, Record, ShardEntry, Sums
from generator.splits import SplitName

# A line of JSON whose last field is a hash of the line without it.
_SEALED = re.compile(rb'(\{.*),"line":"([0-9a-f]{32})"\}')

_CHANNELS = {"bg": 3, "fg_bg": 3, "mask": 1, "depth": 1}

Line = TypeVar("Line", bound=BaseModel)


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
            texts = read_regular(journal.path).split(b"\n")
        except FileNotFoundError:
            return journal
        except OSError as error:
            fix = "remove it, or use another --out"
            raise DatasetError(journal.path, "a journal", str(error.strerror or error), fix) from error
        journal.head = unseal(texts[0], JournalHead)
        if journal.head is None:
            lines = (_parsed(text, _OldLine) for text in texts)
            journal.older = [line.file for line in lines if line is not None]
            return journal
        for text in texts[1:]:
            line = unseal(text, JournalLine)
            if line is None:
                break
            journal.shards[line.file] = line
        return journal

    def begin(self, head: JournalHead, lines: Iterable[JournalLine] = ()) -> None:
        """Make this head and these lines the whole journal."""
        self.head, self.shards, self.older = head, {line.file: line for line in lines}, []
        write_atomically(self.path, b"".join(map(seal, (head, *self.shards.values()))))

    def append(self, line: JournalLine) -> None:
        """Add a shard that stands on the disk; returns when the line does too."""
        self.shards[line.file] = line
        append_line(self.path, seal(line))


def append_line(path: Path, line: bytes, durable: bool = True) -> None:
    """Add a line to a journal.

    Args:
        path: of the journal.
        line: with its line break.
        durable: return when the line stands on the disk.

    Raises:
        DiskSpaceError: it does not fit.
    """
    with room_for(path, len(line)), path.open("ab") as file:
        file.write(line)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def seal(line: BaseModel) -> bytes:
    """A journal's line: JSON with a hash of itself as its last field."""
    return seal_text(line.model_dump_json().encode())


def seal_text(text: bytes) -> bytes:
    """The same of the JSON text of an object."""
    return text[:-1] + b',"line":"' + _hash(text) + b'"}\n'


def unseal(line: bytes, kind: type[Line]) -> Line | None:
    """What a line says, without its line break; None where it is torn, changed, or of another kind."""
    found = _SEALED.fullmatch(line)
    if found is None or _hash(found[1] + b"}") != found[2]:
        return None
    return _parsed(found[1] + b"}", kind)


def _parsed(text: bytes, kind: type[Line]) -> Line | None:
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        return None


def _hash(text: bytes) -> bytes:
    return blake3(text).hexdigest()[:32].encode()
