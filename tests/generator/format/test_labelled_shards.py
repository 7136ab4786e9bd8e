"""Shards of version 2: round trips, the exact layout, and what is refused."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.format.labelled_shards import (
    LabelledPixels,
    labelled_bytes,
    labelled_shard_bytes,
    open_labelled_shard,
    write_labelled_shard,
)
from generator.format.manifest import AlphaMask, read_manifest
from generator.format.pixels import OPTIONAL_FIELDS
from generator.reading.dataset import open_dataset

STORED = Path(__file__).parents[2] / "stored"
SIZE = (5, 4)
NAMES = ["a/one", "zwölf \u732b", "broken \udcff name"]
IDS = np.array([7, 2**40, 0], np.uint64)


def fill(block: slice, pixels: LabelledPixels) -> None:
    numbers = np.arange(block.start, block.stop)
    for step, (_, array) in enumerate(pixels.items(), 1):
        array[...] = (numbers * step).reshape(-1, *[1] * (array.ndim - 1))


@pytest.mark.parametrize("fields", [(), ("depth",), OPTIONAL_FIELDS])
@pytest.mark.parametrize("block_bytes", [1, 10**9])
def test_round_trip(
    tmp_path: Path, fields: tuple[str, ...], block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.format.labelled_shards.BLOCK_BYTES", block_bytes)
    written = write_labelled_shard(tmp_path / "a.h5", IDS, NAMES, SIZE, fields, fill, 1)
    shard = open_labelled_shard(tmp_path / "a.h5", 3, SIZE, fields)
    assert shard.samples["sample_id"].tolist() == IDS.tolist()
    assert [shard.name(row) for row in range(3)] == NAMES
    assert [name for name, _ in shard.pixels.items()] == ["fg_bg", "mask", *fields, "source_hash"]
    for step, (_, array) in enumerate(shard.pixels.items(), 1):
        assert (array == (np.arange(3) * step).reshape(-1, *[1] * (array.ndim - 1))).all()
    assert written.bytes == (tmp_path / "a.h5").stat().st_size
    assert written.bytes <= labelled_shard_bytes(3, SIZE, fields, sum(map(len, NAMES)) + 9)


def test_arrays_begin_on_a_page_and_have_the_types_of_the_format(tmp_path: Path) -> None:
    write_labelled_shard(tmp_path / "a.h5", IDS, NAMES, SIZE, OPTIONAL_FIELDS, fill, 1)
    with h5py.File(tmp_path / "a.h5") as file:
        assert all(file[name].id.get_offset() % 4096 == 0 for name in file)
        assert {name: (file[name].shape, file[name].dtype.str) for name in file if name != "samples"} == {
            "fg_bg": ((3, 4, 5, 3), "|u1"),
            "mask": ((3, 4, 5), "|u1"),
            "bg": ((3, 4, 5, 3), "|u1"),
            "depth": ((3, 4, 5), "<u2"),
            "instances": ((3, 4, 5), "|u1"),
            "source_hash": ((3, 32), "|u1"),
            "names": ((5 + 10 + 13,), "|u1"),
            "name_ends": ((3,), "<u4"),
        }
        assert file["samples"].dtype == np.dtype([("sample_id", "<u8")])
        assert file["name_ends"][:].tolist() == [5, 15, 28]


def test_bytes_of_a_sample() -> None:
    # fg_bg 3, mask 1, depth 2 bytes a pixel; 32 of the hash, 8 of the number.
    assert labelled_bytes((10, 4), ["depth"]) == 40 * 6 + 32 + 8


@pytest.mark.parametrize(
    ("array", "value", "complaint"),
    [
        ("name_ends", np.array([5, 4, 28], "<u4"), "name_ends: expected growing numbers"),
        ("name_ends", np.array([5, 5, 28], "<u4"), "name_ends: expected growing numbers"),
        ("name_ends", np.array([5, 15, 2**32 - 1], "<u4"), "names: expected 4,294,967,295 bytes"),
        ("name_ends", np.array([5, 15], "<u4"), r"name_ends: expected \(3,\) of uint32"),
        ("names", np.zeros(27, "u1"), "names: expected 28 bytes, as name_ends says, found 27"),
        ("names", np.zeros((), "u1"), r"names: expected \(0,\) of uint8"),
        ("names", None, r"names: expected \(0,\) of uint8, found no such array"),
        ("source_hash", np.zeros((3, 31), "u1"), r"source_hash: expected \(3, 32\)"),
        ("mask", np.zeros((3, 4, 5), "u2"), r"mask: expected \(3, 4, 5\) of uint8, found .* of uint16"),
        ("bg", None, "bg: expected .* found no such array"),
        ("samples", np.zeros(3, [("sample_id", "<u8"), ("bg", "<u4")]), "samples: expected"),
        ("samples", np.full(3, 2**63, [("sample_id", "<u8")]), "sample_id: expected at most"),
    ],
)
def test_a_shard_is_what_the_format_says(
    tmp_path: Path, array: str, value: np.ndarray | None, complaint: str
) -> None:
    path = tmp_path / "a.h5"
    write_labelled_shard(path, IDS, NAMES, SIZE, ["bg"], fill, 1)
    with h5py.File(path, "r+") as file:
        del file[array]
        if value is not None:
            file[array] = value
    with pytest.raises(DatasetError, match=rf"a\.h5:{complaint}"):
        open_labelled_shard(path, 3, SIZE, ["bg"])


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail(block: slice, pixels: LabelledPixels) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_labelled_shard(tmp_path / "a.h5", IDS, NAMES, SIZE, [], fail, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v2-classes", "v2-alpha"])
def test_a_stored_dataset_of_version_2_reads_as_it_always_did(name: str, tmp_path: Path) -> None:
    # Reading writes a file with the verified hashes next to the data, so the test reads a copy.
    folder = shutil.copytree(STORED / name, tmp_path / name)
    split = open_dataset(folder)["train"]
    assert [split.name_of(row) for row in range(3)] == ["first/one", "first/zw\u00f6lf", "second/\u732b"]
    assert split.sample_ids.tolist() == [2, 0, 1]
    batch, expected = split[:], np.load(STORED / f"{name}-expected.npz")
    for field in ("fg_bg", "mask", "bg", "depth", "instances"):
        found = getattr(batch, field)
        if field in expected:
            assert (found == expected[field]).all()
        else:
            assert found is None or not found.any()
    mask = read_manifest(folder).mask
    assert mask.kind == "classes" if name == "v2-classes" else mask == AlphaMask(void=127)
