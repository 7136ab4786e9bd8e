"""Shards of generated datasets: how one is written, and how one is opened.

Each holds two tables, and pixels if it is rendered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import atomic_file, hash_file
from generator.format.hdf5 import PAGE, add_dataset, check_datasets, map_datasets, new_file
from generator.format.pixels import Pixels, pixel_bytes, pixel_layout
from generator.format.tables import MOST_PLACEMENTS, PLACEMENT, SAMPLE, SHADOW

BLOCK_BYTES = 8 * 2**20
"""Samples are made and written in blocks of this size, which fit into any memory."""


@dataclass(frozen=True)
class Shard:
    """The arrays of a shard, memory-mapped and read-only; `pixels` is None where they are not stored."""

    samples: np.ndarray
    placements: np.ndarray
    pixels: Pixels | None


@dataclass(frozen=True)
class WrittenShard:
    """The size in bytes and the BLAKE3 hash of a shard."""

    bytes: int
    blake3: str


def write_shard(
    path: Path,
    samples: np.ndarray,
    placements: np.ndarray,
    size: tuple[int, int],
    instances: bool,
    fill: Callable[[slice, Pixels], None] | None,
    threads: int,
) -> WrittenShard:
    """Write a shard atomically: temporary file, hash, fsync, rename.

    Args:
        path: of the shard.
        samples: (n,) of dtype SAMPLE.
        placements: (m,) of dtype PLACEMENT.
        size: (width, height) of the canvas.
        instances: whether the pixels have an instance map.
        fill: called with a slice of the samples and their arrays, which it renders; None writes only tables.
        threads: number of threads for hashing.
    """
    pixels = 0 if fill is None else pixel_bytes(size, instances)
    with atomic_file(path, shard_bytes(len(samples), len(placements), pixels)) as temporary:
        layout = {} if fill is None else pixel_layout(len(samples), size, instances)
        with new_file(temporary, paged=fill is not None) as file:
            add_dataset(file, "samples", samples.shape, SAMPLE)[...] = samples
            add_dataset(file, "placements", placements.shape, PLACEMENT)[...] = placements
            offsets = {
                name: add_dataset(file, name, *entry).id.get_offset() for name, entry in layout.items()
            }
        if fill is not None:
            step = min(len(samples), max(1, BLOCK_BYTES // pixels))
            buffers = [Pixels.empty(step, size, instances) for _ in range(2)]
            write_blocks(temporary, offsets, len(samples), buffers, fill)
        return WrittenShard(temporary.stat().st_size, hash_file(temporary, threads))


class Arrays(Protocol):
    """The arrays of some samples, which all begin with that dimension."""

    def __getitem__(self, rows: slice) -> Self:
        """The arrays of some of the samples."""

    def __len__(self) -> int: ...

    def items(self) -> Iterable[tuple[str, np.ndarray]]:
        """The names and the arrays."""


Block = TypeVar("Block", bound=Arrays)


def write_blocks(
    path: Path,
    offsets: Mapping[str, int],
    samples: int,
    buffers: Sequence[Block],
    fill: Callable[[slice, Block], None],
) -> None:
    """Fill one block after another, while a thread writes the block before to its place in the file.

    Args:
        path: of the file, with room for all arrays.
        offsets: where each array begins, in bytes.
        samples: how many there are.
        buffers: two pieces of memory of the same size, used in turn.
        fill: called with a slice of the samples, and their arrays to fill.
    """
    step = len(buffers[0])

    def write(start: int, pixels: Block) -> None:
        for name, array in pixels.items():
            file.seek(offsets[name] + start * array[0].nbytes)
            file.write(array.data)

    with path.open("r+b") as file, ThreadPoolExecutor(1, "shard-writer") as writer:
        pending: Future[None] | None = None
        for number, start in enumerate(range(0, samples, step)):
            block = slice(start, min(start + step, samples))
            pixels = buffers[number % 2][: block.stop - start]
            fill(block, pixels)
            if pending is not None:
                pending.result()
            pending = writer.submit(write, start, pixels)
        if pending is not None:
            pending.result()


def open_shard(path: Path, samples: int, size: tuple[int, int], instances: bool, rendered: bool) -> Shard:
    """Memory-map a shard and check its arrays.

    Args:
        path: of the shard.
        samples: the number of samples that it must hold.
        size: (width, height) of the canvas.
        instances: whether the pixels have an instance map.
        rendered: whether the shard holds pixels.

    Raises:
        DatasetError: names the file, and the array that is missing or wrong.
    """
    arrays = map_datasets(path)
    placements = arrays["placements"].shape if "placements" in arrays else (0,)
    layout = pixel_layout(samples, size, instances) if rendered else {}
    expected = {"samples": ((samples,), SAMPLE), "placements": (placements[:1], PLACEMENT)} | layout
    check_datasets(path, arrays, expected)
    pixels = Pixels(**{name: arrays[name] for name in layout}) if rendered else None
    shard = Shard(arrays["samples"], arrays["placements"], pixels)
    _check_tables(path, shard)
    return shard


def _check_tables(path: Path, shard: Shard) -> None:
    """Make sure that samples refer to existing placements, and that placements are of a known kind."""
    samples, placements = shard.samples, shard.placements
    ends = samples["first"].astype(np.int64) + samples["count"]
    largest: dict[str, tuple[np.ndarray, int]] = {
        "first + count": (ends, len(placements)),
        "count": (samples["count"], MOST_PLACEMENTS),
        "sample_id": (samples["sample_id"], 2**63 - 1),
        "kind": (placements["kind"], SHADOW),
        "flip": (placements["flip"], 1),
    }
    for name, (values, most) in largest.items():
        if len(values) and values.max() > most:
            raise DatasetError(f"{path}:{name}", f"at most {most}", str(values.max()), COPY_AGAIN)


def shard_bytes(samples: int, placements: int, pixels: int) -> int:
    """The size of a shard in bytes, within a few pages; `pixels` is that of one sample, 0 if not rendered."""
    tables = samples * SAMPLE.itemsize + placements * PLACEMENT.itemsize
    return tables + samples * pixels + (8 * PAGE if pixels else PAGE)
