"""HDF5 files of plain contiguous datasets that can be memory-mapped; readers trust nothing in them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from generator.errors import COPY_AGAIN, DatasetError, one_line

PAGE = 4096

# Far more than any file of the format holds.
_MOST_DATASETS = 64


@contextmanager
def new_file(path: Path, paged: bool, append: bool = False) -> Iterator[h5py.File]:
    """A new HDF5 file, or one to append to; when `paged`, every dataset begins on a 4096-byte boundary.

    Raises:
        OSError: it cannot be written; libhdf5 says so in other errors too.
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
    """An uncompressed contiguous dataset with its place reserved at once and never filled."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same content shall give the same bytes
    file_type = h5py.h5t.py_create(dtype, logical=True)
    space = h5py.h5s.create_simple(shape)
    return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), file_type, space, properties))


def map_datasets(path: Path) -> dict[str, np.ndarray]:
    """All datasets of a file as read-only arrays over one memory map; libhdf5 only tells where they are.

    Raises:
        DatasetError: the file is missing or is no HDF5 file, or holds anything but plain contiguous
            datasets that lie within it (links elsewhere, virtual or external storage, filters).
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
        buffer = np.memmap(path, np.uint8, mode="r")
        return {name: place.array(buffer) for name, place in places.items()}
    except DatasetError:
        raise
    except Exception as error:  # libhdf5 and NumPy say in many ways that a file makes no sense
        raise DatasetError(path, "an HDF5 file", one_line(error), COPY_AGAIN) from error


def check_datasets(
    path: Path, arrays: dict[str, np.ndarray], expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]]
) -> None:
    """Compare names, shapes and types with what the format says.

    Raises:
        DatasetError: names the first dataset that is missing or differs.
    """
    for name, (shape, dtype) in expected.items():
        wanted = f"{shape} of {dtype}"
        if name not in arrays:
            raise DatasetError(f"{path}:{name}", wanted, "nothing", COPY_AGAIN)
        if arrays[name].shape != shape or arrays[name].dtype != dtype:
            raise DatasetError(
                f"{path}:{name}", wanted, f"{arrays[name].shape} of {arrays[name].dtype}", COPY_AGAIN
            )


@dataclass(frozen=True)
class _Place:
    """Where the values of a dataset lie: from byte `offset` on; None where it has none."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None

    def array(self, buffer: np.ndarray) -> np.ndarray:
        if self.offset is None:
            return np.empty(self.shape, self.dtype)
        return np.ndarray(self.shape, self.dtype, buffer, self.offset)


def _place_of(path: Path, file: h5py.File, name: str) -> _Place:
    """Where one dataset lies.

    Raises:
        DatasetError: it is not plain, or not within the file.
    """

    def refuse(found: str) -> DatasetError:
        return DatasetError(f"{path}:{name}", "a plain contiguous dataset", found, COPY_AGAIN)

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise refuse("a link to elsewhere")
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
