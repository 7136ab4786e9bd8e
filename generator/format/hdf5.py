"""HDF5 files of plain contiguous arrays that can be memory-mapped; the reader refuses anything else.

A dataset may come from a stranger, so links, filters, virtual and external storage, and arrays that are
larger than the file are errors.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from generator.errors import COPY_AGAIN, DatasetError, one_line
from generator.format.mapped_file import map_file

PAGE = 4096

# Many more than any file of the format holds.
_MOST_DATASETS = 64


@contextmanager
def new_file(path: Path, paged: bool, append: bool = False) -> Iterator[h5py.File]:
    """Open an HDF5 file for writing.

    Args:
        path: of the file.
        paged: whether every array begins on a 4096-byte boundary.
        append: add to the file, instead of replacing it.

    Raises:
        OSError: it cannot be written. Other errors of libhdf5 are turned into this one.
    """
    alignment = PAGE if paged else 1
    try:
        with h5py.File(
            path,
            "r+" if append else "w",
            libver=("v110", "v110"),
            alignment_threshold=1,
            alignment_interval=alignment,
        ) as file:
            yield file
    except RuntimeError as error:
        raise OSError(str(error)) from error


def add_dataset(file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> h5py.Dataset:
    """Add an uncompressed contiguous array; its place in the file is reserved at once, but not filled."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # times would make equal content differ in its bytes
    file_type = h5py.h5t.py_create(dtype, logical=True)
    space = h5py.h5s.create_simple(shape)
    return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), file_type, space, properties))


def map_datasets(path: Path) -> dict[str, np.ndarray]:
    """Memory-map all arrays of a file, read-only; libhdf5 is only asked for their places.

    Raises:
        DatasetError: the file is missing or not HDF5, or holds anything but plain contiguous arrays that lie
            within the file (as links, virtual or external storage, or filters).
    """
    if not path.is_file():
        problem = "is not a file" if path.exists() else "is missing"
        raise DatasetError(path, "", problem, COPY_AGAIN)
    try:
        with h5py.File(path, "r", locking=False) as file:
            if len(file) > _MOST_DATASETS:
                found = f"{len(file):,}"
                raise DatasetError(path, f"at most {_MOST_DATASETS} arrays", found, COPY_AGAIN)
            places = {name: _place_of(path, file, name) for name in file}
        buffer = map_file(path)
        return {name: place.array(buffer) for name, place in places.items()}
    except DatasetError:
        raise
    except Exception as error:  # libhdf5 and NumPy raise many kinds of errors for a damaged file
        raise DatasetError(path, "an HDF5 file", one_line(error), COPY_AGAIN) from error


def check_datasets(
    path: Path, arrays: dict[str, np.ndarray], expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]]
) -> None:
    """Compare names, shapes and dtypes with the format.

    Args:
        path: of the file, for the error.
        arrays: of the file, by name.
        expected: shape and dtype of each array of the format, by name.

    Raises:
        DatasetError: names the first array that is missing or differs.
    """
    for name, (shape, dtype) in expected.items():
        wanted = f"{shape} of {dtype}"
        if name not in arrays:
            raise DatasetError(f"{path}:{name}", wanted, "no such array", COPY_AGAIN)
        if arrays[name].shape != shape or arrays[name].dtype != dtype:
            raise DatasetError(
                f"{path}:{name}", wanted, f"{arrays[name].shape} of {arrays[name].dtype}", COPY_AGAIN
            )


@dataclass(frozen=True)
class _Place:
    """Where the values of an array begin in the file, in bytes; `offset` is None for an empty array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None

    def array(self, buffer: np.ndarray) -> np.ndarray:
        if self.offset is None:
            return np.empty(self.shape, self.dtype)
        return np.ndarray(self.shape, self.dtype, buffer, self.offset)


def _place_of(path: Path, file: h5py.File, name: str) -> _Place:
    """The place of one array in the file.

    Raises:
        DatasetError: it is not a plain contiguous array, or reaches beyond the end of the file.
    """

    def refuse(found: str) -> DatasetError:
        return DatasetError(f"{path}:{name}", "a plain contiguous array", found, COPY_AGAIN)

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise refuse("a link")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise refuse("a group")
    properties = dataset.id.get_create_plist()
    if properties.get_layout() != h5py.h5d.CONTIGUOUS or properties.get_nfilters():
        raise refuse("chunked, filtered or virtual storage")
    if properties.get_external_count():
        raise refuse("storage in another file")
    shape, dtype = dataset.shape, dataset.dtype
    if shape is None or dtype.hasobject:
        raise refuse(f"type {dtype}")
    size = math.prod(shape)
    if size == 0:
        return _Place(shape, dtype, None)
    offset = dataset.id.get_offset()
    if not offset or offset + size * dtype.itemsize > path.stat().st_size:
        raise refuse(f"{shape} of {dtype}, which is larger than the file")
    return _Place(shape, dtype, offset)
