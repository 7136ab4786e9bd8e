"""Blocks of samples and what writes them: the unit of work that any worker can take.

Blocks are small, so that little is lost when an export is stopped. In formats that have archives a block is a
part of one, in the hidden folder; `put_together` makes an archive of its parts.
"""

import math
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3

from generator.errors import UsageError
from generator.export.formats import ExportFormat, FormatName, make_format
from generator.export.journal import BlockLine, Request, part_path, write_records
from generator.export.samples import Encoder, PictureFormat, read_samples, sample_name
from generator.files import atomic_file, write_atomically
from generator.format.pixels import pixel_bytes
from generator.reading.dataset import Dataset, open_dataset
from generator.splits import SplitName

QUALITY = 95
ARCHIVE_SAMPLES = 1000
"""Samples of an archive."""

_DISK_BLOCK, _TAR_BLOCK = 4096, 512
# What a core encodes in a fraction of a second.
_BLOCK_BYTES = 8 * 2**20
_MOST_SAMPLES = 100
_COPY_BYTES = 2**20


@dataclass(frozen=True)
class ExportConfig:
    """What is asked for.

    Attributes:
        data: folder of the dataset.
        out: folder of the export.
        format: of the export.
        subset: one split, or all.
        samples: how many, split shares kept, as `generate` keeps them; None for all.
        picture_format: of `bg` and `fg_bg`.
        quality: of JPEG, 1 ... 100; None for the default.
        workers: processes.

    Raises:
        UsageError: there is a quality, but no JPEG, or the format needs a package that is not installed.

    Example:
        >>> fgbg.ExportConfig(data="data/shards", out="exported", format="webdataset").picture_format
        'png'
    """

    data: Path
    out: Path
    format: FormatName
    subset: SplitName | Literal["all"] = "all"
    samples: int | None = None
    picture_format: PictureFormat = "png"
    quality: int | None = None
    workers: int | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        if self.quality is not None and self.picture_format != "jpg":
            fix = "use `picture_format=jpg`, or leave `quality` away"
            raise UsageError("`quality`", "JPEG pictures", f"`picture_format={self.picture_format}`", fix)
        make_format(self.format, self.picture_format, instances=False)

    def request(self, dataset_id: str) -> Request:
        """All of it that decides the result."""
        quality = (self.quality or QUALITY) if self.picture_format == "jpg" else None
        return Request(
            dataset=dataset_id,
            format=self.format,
            subset=self.subset,
            samples=self.samples,
            picture_format=self.picture_format,
            quality=quality,
        )


@dataclass(frozen=True)
class Block:
    """Consecutive samples of one split: its rows first ... stop - 1."""

    split: SplitName
    number: int
    first: int
    stop: int

    @property
    def name(self) -> str:
        return f"{self.split}-{self.number:06d}"

    @property
    def archive(self) -> str:
        """The name of the archive that it is a part of."""
        return f"{self.split}-{self.first // ARCHIVE_SAMPLES:06d}"

    def __len__(self) -> int:
        return self.stop - self.first


def block_samples(size: tuple[int, int], instances: bool) -> int:
    """How many samples a block has, for a canvas (width, height)."""
    return max(1, min(_MOST_SAMPLES, ARCHIVE_SAMPLES, _BLOCK_BYTES // pixel_bytes(size, instances)))


def cut(samples: Mapping[SplitName, int], step: int | None) -> list[Block]:
    """Samples of splits in blocks; none goes on from one archive to the next.

    Args:
        samples: of each split.
        step: samples of a block; None for whole archives.
    """
    return [
        block for split, count in samples.items() for block in _cut(split, count, step or ARCHIVE_SAMPLES)
    ]


def _cut(split: SplitName, samples: int, step: int) -> list[Block]:
    ranges = [
        (first, min(first + step, stop, samples))
        for start in range(0, samples, ARCHIVE_SAMPLES)
        for stop in (start + ARCHIVE_SAMPLES,)
        for first in range(start, min(stop, samples), step)
    ]
    return [Block(split, number, first, stop) for number, (first, stop) in enumerate(ranges)]


@dataclass(frozen=True)
class BlockWriter:
    """Writes blocks; the dataset is opened in each process when the first is."""

    config: ExportConfig

    def __call__(self, block: Block) -> BlockLine:
        """Write one block; gives what the journal says of it."""
        records: list[Any] = []
        files = self._files(block.split, range(block.first, block.stop), records)
        out = self.config.out
        if self.format.in_tar:
            size, hidden = _write_part(part_path(out, block.name), files)
        else:
            size = _write_loose(out, files)
            hidden = write_records(out, block.name, records)
        return BlockLine(block=block.name, samples=len(block), bytes=size, hidden=hidden)

    def __reduce__(self) -> tuple[type["BlockWriter"], tuple[ExportConfig]]:
        """Other processes get the request alone, and open the dataset themselves."""
        return BlockWriter, (self.config,)

    def disk_bytes(self, split: SplitName, row: int) -> int:
        """What one sample takes on the disk."""
        unit, head = (_TAR_BLOCK, _TAR_BLOCK) if self.format.in_tar else (_DISK_BLOCK, 0)
        contents = (content for _, content in self._files(split, range(row, row + 1), []))
        return sum(head + math.ceil(len(content) / unit) * unit for content in contents)

    def paths(self, block: Block) -> Iterator[str]:
        """Where the loose files of a block stand."""
        for sample_id in self.dataset[block.split].samples["sample_id"][block.first : block.stop].tolist():
            yield from self.format.members(block.split, sample_name(sample_id)).values()

    def _files(self, split: SplitName, rows: range, records: list[Any]) -> Iterator[tuple[str, bytes]]:
        """Path and content of the files of samples, one after another; `records` grows by theirs."""
        for sample in read_samples(self.dataset, split, rows):
            record = self.format.record(sample)
            if record is not None:
                records.append(record)
            for field, path in self.format.members(split, sample.name).items():
                yield path, self._encoder.encode(field, sample)

    @cached_property
    def dataset(self) -> Dataset:
        return open_dataset(self.config.data)

    @cached_property
    def format(self) -> ExportFormat:
        return make_format(
            self.config.format, self.config.picture_format, self.dataset.manifest.has_instances
        )

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(self.config.picture_format, self.config.quality or QUALITY)


def _write_loose(out: Path, files: Iterator[tuple[str, bytes]]) -> int:
    """Write files that are whole or not there, and give the size of all."""
    folders: set[Path] = set()
    size = 0
    for name, content in files:
        path = out / name
        if path.parent not in folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        write_atomically(path, content, durable=False)
        size += len(content)
    return size


def _write_part(path: Path, files: Iterator[tuple[str, bytes]]) -> tuple[int, str]:
    """Write members of an archive that say nothing of when, where and by whom; give their size and hash."""
    digest, size = blake3(), 0
    with atomic_file(path, durable=False) as temporary, temporary.open("wb") as file:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            padding = b"\0" * (-len(content) % _TAR_BLOCK)
            for piece in (member.tobuf(tarfile.USTAR_FORMAT), content, padding):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
    return size, digest.hexdigest()


def put_together(out: Path, archive: str, blocks: Iterable[Block]) -> int:
    """Make an archive of the parts of its blocks, which stay, and give its size."""
    parts = [part_path(out, block.name) for block in blocks]
    path = archive_path(out, archive)
    size = sum(part.stat().st_size for part in parts)
    with atomic_file(path, size) as temporary, temporary.open("wb") as file:
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, file, _COPY_BYTES)
        end = file.tell() + 2 * _TAR_BLOCK
        file.write(b"\0" * (2 * _TAR_BLOCK + -end % tarfile.RECORDSIZE))
    return path.stat().st_size


def archive_path(out: Path, archive: str) -> Path:
    """Where an archive stands."""
    return out / f"{archive}.tar"
