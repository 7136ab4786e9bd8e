import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.format.hdf5 import add_dataset, check_datasets, map_datasets, new_file

U1 = np.dtype("u1")


def test_round_trip_on_page_boundaries(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with new_file(path, paged=True) as file:
        for name in ("first", "second"):
            add_dataset(file, name, (3, 5), U1)[...] = np.arange(15).reshape(3, 5)
            assert file[name].id.get_offset() % 4096 == 0
            assert file[name].chunks is None and file[name].compression is None
    arrays = map_datasets(path)
    assert arrays["second"].tolist() == np.arange(15).reshape(3, 5).tolist()
    assert not arrays["first"].flags.writeable


def test_the_same_content_gives_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        time.sleep(1.1)  # HDF5 can store times, with a precision of one second
        with new_file(tmp_path / name, paged=True) as file:
            add_dataset(file, "x", (1000,), U1)[...] = 7
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_empty_datasets(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.h5", paged=False) as file:
        add_dataset(file, "x", (0, 5), U1)
    assert map_datasets(tmp_path / "a.h5")["x"].shape == (0, 5)


def external_link(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("/etc/passwd", "x")


def soft_link(file: h5py.File) -> None:
    file["y"] = np.zeros(3)
    file["x"] = h5py.SoftLink("/y")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("x", (3,), "u1", external=[("/etc/passwd", 0, 3)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3,))
    file.create_virtual_dataset("x", layout)


def chunked(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(30), chunks=(10,))


def compressed(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(30), compression="gzip")


def group(file: h5py.File) -> None:
    file.create_group("x")


def strings(file: h5py.File) -> None:
    file["x"] = ["text"]


@pytest.mark.parametrize(
    "make", [external_link, soft_link, external_storage, virtual, chunked, compressed, group, strings]
)
def test_anything_but_plain_datasets_is_refused(tmp_path: Path, make: Callable[[h5py.File], None]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file)
    with pytest.raises(DatasetError, match=r"a\.h5:x: expected a plain contiguous array, found "):
        map_datasets(tmp_path / "a.h5")


def test_a_shape_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with new_file(path, paged=True) as file:
        add_dataset(file, "x", (100_000,), U1)[...] = 1
    with path.open("r+b") as file:
        file.truncate(50_000)
    with pytest.raises(DatasetError, match=r"a\.h5"):
        map_datasets(path)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is missing"):
        map_datasets(tmp_path / "a.h5")
    (tmp_path / "a.h5").write_bytes(b"no hdf5" * 1000)
    with pytest.raises(DatasetError, match="expected an HDF5 file"):
        map_datasets(tmp_path / "a.h5")


def test_names_shapes_and_types_are_compared(tmp_path: Path) -> None:
    arrays = {"x": np.zeros((2, 3), "u1")}
    check_datasets(tmp_path, arrays, {"x": ((2, 3), U1)})
    for expected in ({"y": ((1,), U1)}, {"x": ((2, 2), U1)}, {"x": ((2, 3), np.dtype("<u2"))}):
        with pytest.raises(DatasetError, match=r"expected .* found"):
            check_datasets(tmp_path, arrays, expected)
