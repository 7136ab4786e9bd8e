"""Blocks of samples: the unit of work that a worker takes, and what writes one.

Blocks are small, so that little is lost when an export is stopped. In formats with archives, a block is a
part of an archive in the hidden folder (`generator.export.archives`).
"""

import math
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from blake3 import blake3

from generator.export.config import ExportConfig
from generator.export.contents import Contents
from generator.export.formats import ExportFormat, make_format
from generator.export.journal import BlockLine, Records, part_path, records_path, write_records
from generator.export.samples import Encoder, read_samples, sample_name
from generator.files import atomic_file, write_atomically
from generator.format.pixels import pixel_bytes
from generator.reading.dataset import Dataset, open_dataset
from generator.splits import SplitName

ARCHIVE_SAMPLES = 1000
"""Samples of an archive."""
LIBRARIES = ("numpy", "opencv-python-headless")
"""They decide the bytes of every export."""
TAR_BLOCK = 512
"""Bytes that the size of everything in a tar archive is a multiple of."""

_DISK_BLOCK = 4096
# A core encodes this much in a fraction of a second.
_BLOCK_BYTES = 8 * 2**20
_MOST_SAMPLES = 100


@dataclass(frozen=True)
class Block:
    """Consecutive samples of one split: rows first ... stop - 1."""

    split: SplitName
    number: int
    first: int
    stop: int

    @property
    def name(self) -> str:
        return f"{self.split}-{self.number:06d}"

    @property
    def archive(self) -> str:
        """The name of the archive that the block is a part of."""
        return f"{self.split}-{self.first // ARCHIVE_SAMPLES:06d}"

    def __len__(self) -> int:
        return self.stop - self.first


def block_samples(size: tuple[int, int], instances: bool) -> int:
    """How many samples a block has, for a canvas of (width, height)."""
    return max(1, min(_MOST_SAMPLES, ARCHIVE_SAMPLES, _BLOCK_BYTES // pixel_bytes(size, instances)))


def cut(samples: Mapping[SplitName, int], step: int | None) -> list[Block]:
    """Divide the samples of splits into blocks; no block reaches from one archive into the next.

    Args:
        samples: how many each split has.
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
    """Writes blocks; each process opens the dataset when it writes its first block."""

    config: ExportConfig

    def __call__(self, block: Block) -> BlockLine:
        """Write one block and return its line for the journal."""
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
        """Pickle the request alone: other processes open the dataset themselves."""
        return BlockWriter, (self.config,)

    def disk_bytes(self, split: SplitName, row: int) -> int:
        """How many bytes of disk one sample needs."""
        unit, head = (TAR_BLOCK, TAR_BLOCK) if self.format.in_tar else (_DISK_BLOCK, 0)
        contents = (content for _, content in self._files(split, range(row, row + 1), []))
        return sum(head + math.ceil(len(content) / unit) * unit for content in contents)

    def summaries(
        self, samples: Mapping[SplitName, int], blocks: Sequence[Block]
    ) -> dict[str, Iterator[str]]:
        """The files about all samples: their text in parts, by path."""
        records = {
            split: Records(
                self.config.out, split, tuple(block.name for block in blocks if block.split == split)
            )
            for split in samples
        }
        return self.format.summaries(self.dataset.manifest.id, records)

    def hidden_path(self, block: str) -> Path:
        """Path of the file of a block in the hidden folder: its part of an archive, or its records."""
        path_of = part_path if self.format.in_tar else records_path
        return path_of(self.config.out, block)

    def paths(self, block: Block) -> Iterator[str]:
        """Paths of the loose files of a block, relative to the export."""
        for sample_id in self.dataset[block.split].sample_ids[block.first : block.stop].tolist():
            yield from self.format.members(block.split, sample_name(sample_id)).values()

    def _files(self, split: SplitName, rows: range, records: list[Any]) -> Iterator[tuple[str, bytes]]:
        """Path and content of each file of these samples; their records are appended to `records`."""
        for sample in read_samples(self.dataset, split, rows):
            record = self.format.record(sample)
            if record is not None:
                records.append(record)
            for field, path in self.format.members(split, sample.name).items():
                own = self.format.encode(field, sample)
                yield path, self._encoder.encode(field, sample) if own is None else own

    @cached_property
    def dataset(self) -> Dataset:
        return open_dataset(self.config.data)

    @cached_property
    def format(self) -> ExportFormat:
        return make_format(self.config.format, self.config.picture_format, Contents.of(self.dataset.manifest))

    @cached_property
    def _encoder(self) -> Encoder:
        config = self.config
        return Encoder(config.picture_format, config.jpeg_quality, self.dataset.manifest.mask)


def _write_loose(out: Path, files: Iterator[tuple[str, bytes]]) -> int:
    """Write files, each whole or not at all, and return the sum of their sizes."""
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
    """Write members of an archive without times, owners or places; return their size and hash."""
    digest, size = blake3(), 0
    with atomic_file(path, durable=False) as temporary, temporary.open("wb") as file:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            padding = b"\0" * (-len(content) % TAR_BLOCK)
            for piece in (member.tobuf(tarfile.USTAR_FORMAT), content, padding):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
    return size, digest.hexdigest()
