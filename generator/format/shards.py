"""The shard format, writer and reader side by side: two tables, and pixels where rendered."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import atomic_file, hash_file
from generator.format.hdf5 import PAGE, add_dataset, check_datasets, map_datasets, new_file
from generator.format.pixels import Pixels, pixel_bytes, pixel_layout
from generator.format.tables import MOST_PLACEMENTS, PLACEMENT, SAMPLE, SHADOW

# Samples rendered and written at a time: large enough for one write call each, small enough for any memory.
_BLOCK_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Shard:
    """A shard's arrays, memory-mapped and read-only; pixels are None in unrendered storage."""

    samples: np.ndarray
    placements: np.ndarray
    pixels: Pixels | None


@dataclass(frozen=True)
class WrittenShard:
    """What was written: its size in bytes and its BLAKE3 hash."""

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
        size: canvas (width, height).
        instances: whether the pixels have an instance map.
        fill: renders a run of samples into given arrays; None writes the tables alone.
        threads: for hashing.
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
            step = min(len(samples), max(1, _BLOCK_BYTES // pixels))
            buffers = [Pixels.empty(step, size, instances) for _ in range(2)]
            _write_pixels(temporary, offsets, len(samples), buffers, fill)
        return WrittenShard(temporary.stat().st_size, hash_file(temporary, threads))


def _write_pixels(
    path: Path,
    offsets: Mapping[str, int],
    samples: int,
    buffers: Sequence[Pixels],
    fill: Callable[[slice, Pixels], None],
) -> None:
    """Render block after block, while a thread writes the one before straight to its place in the file."""
    step = len(buffers[0].mask)

    def write(start: int, pixels: Pixels) -> None:
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
    """Map a shard and check that it holds what it should.

    Raises:
        DatasetError: names the file, and what is missing or wrong in it.
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
    """Make sure that samples name rows that are there, and that placements are of a kind that is known."""
    samples, placements = shard.samples, shard.placements
    largest = {
        "first + count": (samples["first"].astype(np.int64) + samples["count"], len(placements)),
        "count": (samples["count"], MOST_PLACEMENTS),
        "sample_id": (samples["sample_id"], 2**63 - 1),
        "kind": (placements["kind"], SHADOW),
        "flip": (placements["flip"], 1),
    }
    for name, (values, most) in largest.items():
        if len(values) and values.max() > most:
            raise DatasetError(f"{path}:{name}", f"at most {most}", str(values.max()), COPY_AGAIN)


def shard_bytes(samples: int, placements: int, pixels: int) -> int:
    """The size of a shard to come, within a few pages; `pixels` bytes a sample, 0 when not rendered."""
    tables = samples * SAMPLE.itemsize + placements * PLACEMENT.itemsize
    return tables + samples * pixels + (8 * PAGE if pixels else PAGE)
