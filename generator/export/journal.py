"""The files in the hidden folder of an export: its journal, and the records that its summaries need.

The journal consists of sealed lines: the request, then what is finished. Lines of version 1, which have no
hash, are read too.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3

from generator.errors import ConfigError
from generator.export.formats import FormatName
from generator.export.samples import PictureFormat
from generator.files import hash_file, write_atomically
from generator.format.records import Count, Hash, Record
from generator.format.sealed_lines import append_line, parse, read_lines, take_whole, unseal, write_lines
from generator.splits import SplitName

HIDDEN_FOLDER = ".export"
JOURNAL_FILE, LOCK_FILE = "journal.jsonl", "lock"


class Request(Record):
    """Everything that decides the bytes of an export; the first line of the journal."""

    version: Literal[1, 2] = 2
    dataset: str
    format: FormatName
    subset: Literal["train", "val", "test", "all"]
    samples: int | None
    picture_format: PictureFormat
    quality: int | None

    def difference(self, wanted: "Request") -> tuple[str, str, str] | None:
        """The first value that is not as wanted: its name, the wanted and the found value, in words."""
        ours, theirs = self.model_dump(), wanted.model_dump(exclude={"version"})
        for name, value in theirs.items():
            # None means all: quality is None only for PNG, and then the picture formats differ first.
            if ours[name] != value:
                wanted_words, found_words = (
                    "all" if one is None else str(one) for one in (value, ours[name])
                )
                return name, wanted_words, found_words
        return None


class BlockLine(Record):
    """A finished block of samples.

    Attributes:
        block: name of the block.
        samples: how many it has.
        bytes: size of its pictures, or of its part of an archive.
        hidden: hash of its file in the hidden folder: its records, or its part of an archive.
    """

    block: str
    samples: Count
    bytes: Count
    hidden: Hash


class ArchiveLine(Record):
    """A finished archive, put together from its blocks."""

    archive: str
    samples: Count
    bytes: Count


class FinishedLine(Record):
    """The last line of the journal: the summaries are written too."""

    finished: Literal[True] = True


class _OldBlockLine(Record):
    """A finished block of version 1; in formats with archives, a block was a whole archive."""

    block: str
    samples: Count
    bytes: Count


Line = BlockLine | ArchiveLine | FinishedLine


@dataclass
class Journal:
    """The journal of the export in a folder.

    Attributes:
        folder: of the export.
        request: of the export; None if there is no journal.
        blocks: finished blocks by name.
        archives: finished archives by name.
        finished: whether the whole export is finished.
    """

    folder: Path
    request: Request | None = None
    blocks: dict[str, BlockLine] = field(default_factory=dict)
    archives: dict[str, ArchiveLine] = field(default_factory=dict)
    finished: bool = False

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """Read the journal of a folder, up to the first line that is torn or changed.

        Raises:
            ConfigError: the file is no journal.
        """
        journal = cls(folder)
        try:
            texts = read_lines(journal._path)
        except OSError as error:
            raise _no_journal(journal._path, str(error.strerror or error)) from error
        if not texts:
            return journal
        request = journal.request = unseal(texts[0], Request) or _old_request(texts[0])
        if request is None:
            raise _no_journal(journal._path, "something else")
        read = _read_line if request.version == 2 else _read_old_line
        lines: Iterator[Line] = take_whole(texts[1:], lambda text: read(text, request.format))
        for line in lines:
            journal._take(line)
        return journal

    @property
    def is_old(self) -> bool:
        """Whether version 1 wrote the export, in blocks of 1,000 samples."""
        return self.request is not None and self.request.version == 1

    def begin(
        self, request: Request, blocks: Iterable[BlockLine] = (), archives: Iterable[ArchiveLine] = ()
    ) -> None:
        """Write a new journal in which these blocks and archives are finished."""
        lines: list[BlockLine | ArchiveLine] = [*blocks, *archives]
        self.request, self.blocks, self.archives, self.finished = request, {}, {}, False
        for line in lines:
            self._take(line)
        self._path.parent.mkdir(exist_ok=True)
        write_lines(self._path, (request, *lines))

    def append(self, line: Line) -> None:
        """Add a line. A power cut may lose the line of a block, and the files of the block."""
        self._take(line)
        append_line(self._path, line, durable=not isinstance(line, BlockLine))

    def _take(self, line: Line) -> None:
        if isinstance(line, BlockLine):
            self.blocks[line.block] = line
        elif isinstance(line, ArchiveLine):
            self.archives[line.archive] = line
        else:
            self.finished = True

    @property
    def _path(self) -> Path:
        return self.folder / HIDDEN_FOLDER / JOURNAL_FILE


def _read_line(text: bytes, format_name: FormatName) -> Line | None:
    return unseal(text, BlockLine) or unseal(text, ArchiveLine) or unseal(text, FinishedLine)


def _read_old_line(text: bytes, format_name: FormatName) -> Line | None:
    if b'"finished"' in text:
        return parse(text, FinishedLine)
    line = parse(text, _OldBlockLine)
    if line is None:
        return None
    if format_name == "webdataset":
        return ArchiveLine(archive=line.block, samples=line.samples, bytes=line.bytes)
    return BlockLine(block=line.block, samples=line.samples, bytes=line.bytes, hidden="0" * 64)


def _old_request(text: bytes) -> Request | None:
    request = parse(text, Request)
    return request if request is not None and request.version == 1 else None


def _no_journal(path: Path, found: str) -> ConfigError:
    return ConfigError(path, "the journal of an export", found, "use another `out`, or remove the folder")


def records_path(folder: Path, block: str) -> Path:
    """Path of the records of a block, which are kept until the export is finished."""
    return folder / HIDDEN_FOLDER / f"{block}.jsonl"


def part_path(folder: Path, block: str) -> Path:
    """Path of a block's part of an archive, which is kept until the archive is put together."""
    return folder / HIDDEN_FOLDER / f"{block}.part"


def write_records(folder: Path, block: str, records: Iterable[Any]) -> str:
    """Write the records of a block, one per line, and return their hash.

    The file is not fsynced: after a power cut, the hash tells whether it is whole.
    """
    content = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    write_atomically(records_path(folder, block), content, durable=False)
    return blake3(content).hexdigest()


def is_hidden_file_whole(path: Path, line: BlockLine) -> bool:
    """Whether the file of a block in the hidden folder is unchanged."""
    try:
        return hash_file(path, threads=1) == line.hidden
    except OSError:
        return False


def drop_hidden_files(folder: Path) -> None:
    """Remove the records and parts of all blocks."""
    for pattern in ("*-*.jsonl", "*-*.part"):
        for path in (folder / HIDDEN_FOLDER).glob(pattern):
            path.unlink()


@dataclass(frozen=True)
class Records:
    """The records of the blocks of a split; every iteration reads them from disk, one after another."""

    folder: Path
    split: SplitName
    blocks: tuple[str, ...]

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks:
            with records_path(self.folder, block).open("rb") as lines:
                yield from map(json.loads, lines)
