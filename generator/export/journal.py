"""What an export remembers in its folder `.export`: the request, the finished blocks, their records."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from generator.config import SplitName
from generator.errors import ConfigError
from generator.export.formats import FormatName
from generator.export.samples import PictureFormat
from generator.files import write_atomically

HIDDEN_FOLDER = ".export"
JOURNAL_FILE, LOCK_FILE = "journal.jsonl", "lock"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Line):
    """All that decides what an export consists of: the journal's first line."""

    version: Literal[1] = 1
    dataset: str
    format: FormatName
    subset: Literal["train", "val", "test", "all"]
    samples: int | None
    picture_format: PictureFormat
    quality: int | None

    def difference(self, wanted: "Request") -> tuple[str, str] | None:
        """The first of its values that is not as wanted: (wanted, found) in words; None when all are."""
        ours, theirs = self.model_dump(), wanted.model_dump()
        for name, value in theirs.items():
            # The quality differs only where the pictures do too, which are named first.
            if ours[name] != value:
                wanted_words, found_words = (
                    "all" if one is None else str(one) for one in (value, ours[name])
                )
                return f"{name} {wanted_words}", found_words
        return None


class BlockLine(_Line):
    """A finished block: its name, how many samples it has, and the size of its files."""

    block: str
    samples: int
    bytes: int


class FinishedLine(_Line):
    """The journal's last line: the summaries are written too."""

    finished: Literal[True] = True


@dataclass
class Journal:
    """The journal of the export in a folder.

    Attributes:
        folder: of the export.
        request: None where there is no journal.
        blocks: finished ones by name.
        finished: whether the export as a whole is.
    """

    folder: Path
    request: Request | None
    blocks: dict[str, BlockLine]
    finished: bool

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """Read what is there. A last line torn by a kill does not count.

        Raises:
            ConfigError: what is there is no journal.
        """
        journal = cls(folder, None, {}, False)
        path = journal._path
        if not path.exists():
            return journal
        first, *others = path.read_bytes().split(b"\n")
        try:
            journal.request = Request.model_validate_json(first)
        except ValidationError as error:
            fix = "use another --out, or remove the folder"
            raise ConfigError(path, "the journal of an export", "something else", fix) from error
        for text in others:
            try:
                if text == FinishedLine().model_dump_json().encode():
                    journal.finished = True
                    break
                line = BlockLine.model_validate_json(text)
            except ValidationError:
                break
            journal.blocks[line.block] = line
        return journal

    def begin(self, request: Request, blocks: Iterable[BlockLine]) -> None:
        """Make the journal anew, with these blocks finished."""
        self.request, self.blocks, self.finished = request, {line.block: line for line in blocks}, False
        self._path.parent.mkdir(exist_ok=True)
        write_atomically(self._path, b"".join(_encode(line) for line in (request, *self.blocks.values())))

    def append(self, line: BlockLine | FinishedLine) -> None:
        """Add a line; returns when it stands on the disk."""
        if isinstance(line, BlockLine):
            self.blocks[line.block] = line
        with self._path.open("ab") as file:
            file.write(_encode(line))
            file.flush()
            os.fsync(file.fileno())

    @property
    def _path(self) -> Path:
        return self.folder / HIDDEN_FOLDER / JOURNAL_FILE


def records_path(folder: Path, block: str) -> Path:
    """Where the records of a block stand until the export is finished."""
    return folder / HIDDEN_FOLDER / f"{block}.jsonl"


def write_records(folder: Path, block: str, records: Iterable[Any]) -> None:
    """Write the records of a block, a line each."""
    write_atomically(records_path(folder, block), b"".join(json.dumps(r).encode() + b"\n" for r in records))


def drop_records(folder: Path) -> None:
    """Remove the records of all blocks."""
    for path in (folder / HIDDEN_FOLDER).glob("*-*.jsonl"):
        path.unlink()


@dataclass(frozen=True)
class Records:
    """The records of the blocks of a split, read one after another each time they are gone through."""

    folder: Path
    split: SplitName
    blocks: tuple[str, ...]

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks:
            with records_path(self.folder, block).open("rb") as lines:
                yield from map(json.loads, lines)


def _encode(line: BaseModel) -> bytes:
    return line.model_dump_json().encode() + b"\n"
