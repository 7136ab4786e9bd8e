"""The shard format, writer and reader side by side: two tables, and pixels where rendered."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.errors import DatasetError
from generator.files import atomic_file, hash_file
from generator.hdf5 import PAGE, add_dataset, check_datasets, map_datasets, new_file
from generator.placement import PLACEMENT, SAMPLE

# Samples rendered and written at a time: large enough for one write call each, small enough for any memory.
_BLOCK_BYTES = 16 * 2**20

Pixels = tuple[np.ndarray, np.ndarray, np.ndarray]
"""fg_bg (n, H, W, 3) uint8, mask (n, H, W) uint8, depth (n, H, W) uint16."""


@dataclass(frozen=True)
class Shard:
    """A shard's arrays, memory-mapped and read-only; pixels are None in unrendered storage."""

    samples: np.ndarray
    placements: np.ndarray
    fg_bg: np.ndarray | None
    mask: np.ndarray | None
    depth: np.ndarray | None


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
    fill: Callable[[slice, Pixels], None] | None,
) -> WrittenShard:
    """Write a shard atomically: temporary file, hash, fsync, rename.

    Args:
        path: of the shard.
        samples: (n,) of dtype SAMPLE.
        placements: (m,) of dtype PLACEMENT.
        size: canvas (width, height).
        fill: renders a run of samples into given arrays; None writes the tables alone.
    """
    with atomic_file(path) as temporary:
        with new_file(temporary, paged=fill is not None) as file:
            add_dataset(file, "samples", samples.shape, SAMPLE)[...] = samples
            add_dataset(file, "placements", placements.shape, PLACEMENT)[...] = placements
            layout = {} if fill is None else _pixel_layout(len(samples), size)
            offsets = [add_dataset(file, name, *entry).id.get_offset() for name, entry in layout.items()]
        if fill is not None:
            _write_pixels(temporary, offsets, len(samples), size, fill)
        return WrittenShard(temporary.stat().st_size, hash_file(temporary))


def _write_pixels(
    path: Path,
    offsets: Sequence[int],
    samples: int,
    size: tuple[int, int],
    fill: Callable[[slice, Pixels], None],
) -> None:
    """Render block after block, while a thread writes the one before straight to its place in the file."""
    step = min(samples, max(1, _BLOCK_BYTES // pixel_bytes(size)))
    buffers = [empty_pixels(step, size) for _ in range(2)]

    def write(block: slice, pixels: Pixels) -> None:
        for offset, array in zip(offsets, pixels, strict=True):
            file.seek(offset + block.start * array[0].nbytes)
            file.write(array.data)

    with path.open("r+b") as file, ThreadPoolExecutor(1, thread_name_prefix="shard-writer") as writer:
        pending: Future[None] | None = None
        for number, start in enumerate(range(0, samples, step)):
            block = slice(start, min(start + step, samples))
            fg_bg, mask, depth = (buffer[: block.stop - start] for buffer in buffers[number % 2])
            fill(block, (fg_bg, mask, depth))
            if pending is not None:
                pending.result()
            pending = writer.submit(write, block, (fg_bg, mask, depth))
        if pending is not None:
            pending.result()


def open_shard(path: Path, samples: int, size: tuple[int, int], rendered: bool) -> Shard:
    """Map a shard and check that it holds what it should.

    Raises:
        DatasetError: names the file, and what is missing or wrong in it.
    """
    arrays = map_datasets(path)
    placements = arrays["placements"].shape if "placements" in arrays else (0,)
    expected = {"samples": ((samples,), SAMPLE), "placements": (placements[:1], PLACEMENT)}
    if rendered:
        expected |= _pixel_layout(samples, size)
    check_datasets(path, arrays, expected)
    table = arrays["samples"]
    if len(table) and int((table["first"].astype(np.int64) + table["count"]).max()) > placements[0]:
        raise DatasetError(
            f"{path}:samples",
            f"rows within the {placements[0]} placements",
            "rows beyond",
            "copy the dataset again, or generate it anew with --overwrite",
        )
    pixels = {name: arrays[name] if rendered else None for name in ("fg_bg", "mask", "depth")}
    return Shard(table, arrays["placements"], **pixels)


def shard_bytes(samples: int, size: tuple[int, int], rendered: bool) -> int:
    """The size of a shard to come with one placement a sample, within a few pages."""
    tables = samples * (SAMPLE.itemsize + PLACEMENT.itemsize)
    pixels = samples * pixel_bytes(size) if rendered else 0
    return tables + pixels + (8 * PAGE if rendered else PAGE)


def pixel_bytes(size: tuple[int, int]) -> int:
    """Bytes of one rendered sample: fg_bg, mask and 16-bit depth."""
    return 6 * size[0] * size[1]


def empty_pixels(samples: int, size: tuple[int, int]) -> Pixels:
    """Arrays to render into."""
    width, height = size
    return (
        np.empty((samples, height, width, 3), np.uint8),
        np.empty((samples, height, width), np.uint8),
        np.empty((samples, height, width), np.uint16),
    )


def _pixel_layout(samples: int, size: tuple[int, int]) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    width, height = size
    return {
        "fg_bg": ((samples, height, width, 3), np.dtype("u1")),
        "mask": ((samples, height, width), np.dtype("u1")),
        "depth": ((samples, height, width), np.dtype("<u2")),
    }
