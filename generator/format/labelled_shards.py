"""Shards of labelled datasets: how one is written, and how one is opened.

Each holds a table of its samples, their names, a hash of what each was made of, and their pixels.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import atomic_file, hash_file
from generator.format.hdf5 import PAGE, add_dataset, check_datasets, map_datasets, new_file
from generator.format.identity import HASH_BYTES, encode_name
from generator.format.pixels import OPTIONAL_FIELDS, Layout, OptionalField, allocate, layout_bytes
from generator.format.shards import BLOCK_BYTES, WrittenShard, write_blocks
from generator.format.tables import LABELLED_SAMPLE

_TABLES = ("samples", "name_ends", "names")


@dataclass
class LabelledPixels:
    """The arrays of n labelled samples.

    Attributes:
        fg_bg: (n, H, W, 3) uint8, the picture.
        mask: (n, H, W) uint8, an alpha or the numbers of classes, as the manifest says.
        source_hash: (n, 32) uint8, the BLAKE3 hash of the files that each sample was made of.
        bg: (n, H, W, 3) uint8, the same view without the object; None where the dataset has none.
        depth: (n, H, W) uint16 relative inverse depth, 0 unknown; None where the dataset has none.
        instances: (n, H, W) uint8, 0 none, else the number of the object from 1; None where the dataset does
            not tell objects apart.
    """

    fg_bg: np.ndarray
    mask: np.ndarray
    source_hash: np.ndarray
    bg: np.ndarray | None = None
    depth: np.ndarray | None = None
    instances: np.ndarray | None = None

    @classmethod
    def empty(
        cls, samples: int, size: tuple[int, int], fields: Collection[OptionalField]
    ) -> "LabelledPixels":
        """Empty arrays to fill, for a canvas (width, height)."""
        return cls(**allocate(labelled_layout(samples, size, fields)))

    def __len__(self) -> int:
        return len(self.fg_bg)

    def __getitem__(self, rows: slice) -> "LabelledPixels":
        return LabelledPixels(**{name: array[rows] for name, array in self.items()})

    def items(self) -> Iterator[tuple[str, np.ndarray]]:
        """The names and the arrays that there are, in the order of the format."""
        yield from (("fg_bg", self.fg_bg), ("mask", self.mask))
        for name in OPTIONAL_FIELDS:
            array: np.ndarray | None = getattr(self, name)
            if array is not None:
                yield name, array
        yield "source_hash", self.source_hash


@dataclass(frozen=True)
class LabelledShard:
    """The arrays of a shard, memory-mapped and read-only.

    Attributes:
        samples: (n,) of dtype LABELLED_SAMPLE.
        pixels: of the n samples.
        names: (bytes,) uint8, the names of all samples, one after another.
        name_ends: (n,) uint32, where each name ends.
    """

    samples: np.ndarray
    pixels: LabelledPixels
    names: np.ndarray
    name_ends: np.ndarray

    def name(self, row: int) -> str:
        """The name of one sample."""
        start = int(self.name_ends[row - 1]) if row else 0
        return self.names[start : int(self.name_ends[row])].tobytes().decode("utf-8", "surrogateescape")


def labelled_layout(samples: int, size: tuple[int, int], fields: Collection[OptionalField]) -> Layout:
    """Shape and dtype of the arrays of samples that hold their pixels, for a canvas (width, height)."""
    width, height = size
    plane, u1 = (samples, height, width), np.dtype("u1")
    layout: Layout = {"fg_bg": ((*plane, 3), u1), "mask": (plane, u1)}
    optional: Layout = {"bg": ((*plane, 3), u1), "depth": (plane, np.dtype("<u2")), "instances": (plane, u1)}
    layout |= {name: optional[name] for name in OPTIONAL_FIELDS if name in fields}
    return layout | {"source_hash": ((samples, HASH_BYTES), u1)}


def labelled_bytes(size: tuple[int, int], fields: Collection[OptionalField]) -> int:
    """The bytes of one sample, for a canvas (width, height), without its name."""
    return LABELLED_SAMPLE.itemsize + sum(
        layout_bytes({name: entry}) for name, entry in labelled_layout(1, size, fields).items()
    )


def write_labelled_shard(
    path: Path,
    sample_ids: np.ndarray,
    names: Sequence[str],
    size: tuple[int, int],
    fields: Collection[OptionalField],
    fill: Callable[[slice, LabelledPixels], None],
    threads: int,
) -> WrittenShard:
    """Write a shard atomically: temporary file, hash, fsync, rename.

    Args:
        path: of the shard.
        sample_ids: (n,) uint64, the number of each sample in the whole source.
        names: of the n samples.
        size: (width, height) of the canvas.
        fields: which optional arrays the shard has.
        fill: called with a slice of the samples and their arrays, all of which it fills. When it raises,
            no shard is written.
        threads: number of threads for hashing.
    """
    samples = len(sample_ids)
    encoded = [encode_name(name) for name in names]
    ends = np.cumsum([len(name) for name in encoded], dtype=np.int64)
    layout = labelled_layout(samples, size, fields)
    table = np.zeros(samples, LABELLED_SAMPLE)
    table["sample_id"] = sample_ids
    blob = np.frombuffer(b"".join(encoded), np.uint8)
    per_sample = labelled_bytes(size, fields)
    with atomic_file(path, labelled_shard_bytes(samples, size, fields, len(blob))) as temporary:
        with new_file(temporary, paged=True) as file:
            add_dataset(file, "samples", table.shape, LABELLED_SAMPLE)[...] = table
            add_dataset(file, "name_ends", ends.shape, np.dtype("<u4"))[...] = ends
            add_dataset(file, "names", blob.shape, np.dtype("u1"))[...] = blob
            offsets = {
                name: add_dataset(file, name, *entry).id.get_offset() for name, entry in layout.items()
            }
        step = min(samples, max(1, BLOCK_BYTES // per_sample))
        buffers = [LabelledPixels.empty(step, size, fields) for _ in range(2)]
        write_blocks(temporary, offsets, samples, buffers, fill)
        return WrittenShard(temporary.stat().st_size, hash_file(temporary, threads))


def labelled_shard_bytes(
    samples: int, size: tuple[int, int], fields: Collection[OptionalField], names: int
) -> int:
    """The size of a shard in bytes, within a few pages; `names` is the length of all names in bytes."""
    pages = 3 * (len(_TABLES) + len(labelled_layout(0, size, fields))) + 2
    return samples * (labelled_bytes(size, fields) + 4) + names + pages * PAGE


def open_labelled_shard(
    path: Path, samples: int, size: tuple[int, int], fields: Collection[OptionalField]
) -> LabelledShard:
    """Memory-map a shard and check its arrays.

    Args:
        path: of the shard.
        samples: the number of samples that it must hold.
        size: (width, height) of the canvas.
        fields: which optional arrays it must have.

    Raises:
        DatasetError: names the file, and the array that is missing or wrong.
    """
    arrays = map_datasets(path)
    names = arrays["names"].shape[:1] if "names" in arrays else (0,)
    layout = labelled_layout(samples, size, fields)
    tables: Layout = {
        "samples": ((samples,), LABELLED_SAMPLE),
        "name_ends": ((samples,), np.dtype("<u4")),
        "names": (names or (0,), np.dtype("u1")),
    }
    check_datasets(path, arrays, tables | layout)
    pixels = LabelledPixels(**{name: arrays[name] for name in layout})
    shard = LabelledShard(arrays["samples"], pixels, arrays["names"], arrays["name_ends"])
    _check_tables(path, shard)
    return shard


def _check_tables(path: Path, shard: LabelledShard) -> None:
    """Make sure that names follow each other within their array, and that numbers are in range."""
    ends = shard.name_ends.astype(np.int64)
    last = int(ends[-1]) if len(ends) else 0
    if (np.diff(ends, prepend=0) < 1).any():
        raise DatasetError(f"{path}:name_ends", "growing numbers", "a name without length", COPY_AGAIN)
    if last != len(shard.names):
        raise DatasetError(
            f"{path}:names", f"{last:,} bytes, as name_ends says", f"{len(shard.names):,}", COPY_AGAIN
        )
    ids = shard.samples["sample_id"]
    if len(ids) and ids.max() >= 2**63:
        raise DatasetError(f"{path}:sample_id", f"at most {2**63 - 1}", str(ids.max()), COPY_AGAIN)
