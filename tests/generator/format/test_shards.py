"""The format: round trips, the exact layout, and a stored dataset of version 1."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.format.pixels import Pixels
from generator.format.shards import open_shard, write_shard
from generator.format.tables import PLACEMENT, SAMPLE
from generator.reading.dataset import open_dataset

STORED = Path(__file__).parents[2] / "stored"
SIZE = (5, 4)


def tables(count: int) -> tuple[np.ndarray, np.ndarray]:
    samples, placements = np.zeros(count, SAMPLE), np.zeros(count, PLACEMENT)
    samples["sample_id"] = np.arange(count) + 2**40
    samples["first"] = np.arange(count)
    samples["count"] = 1
    placements["x"] = -np.arange(count)
    placements["gain"] = 256
    return samples, placements


def fill(block: slice, pixels: Pixels) -> None:
    numbers = np.arange(block.start, block.stop)
    for step, (_, array) in enumerate(pixels.items(), 1):
        array[...] = (numbers * step).reshape(-1, *[1] * (array.ndim - 1))


@pytest.mark.parametrize("block_bytes", [1, 6 * 20 * 3, 10**9])
def test_round_trip(tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.format.shards.BLOCK_BYTES", block_bytes)
    samples, placements = tables(10)
    written = write_shard(tmp_path / "a.h5", samples, placements, SIZE, False, fill, 1)
    shard = open_shard(tmp_path / "a.h5", 10, SIZE, False, rendered=True)
    assert (shard.samples == samples).all() and (shard.placements == placements).all()
    assert (pixels := shard.pixels) is not None and pixels.instances is None
    assert pixels.fg_bg.shape == (10, 4, 5, 3) and pixels.mask.shape == pixels.depth.shape == (10, 4, 5)
    assert pixels.fg_bg[:, 3, 4, 2].tolist() == list(range(10))
    assert pixels.mask[:, 0, 0].tolist() == list(range(0, 20, 2))
    assert pixels.depth[:, 0, 0].tolist() == list(range(0, 30, 3))
    assert written.bytes == (tmp_path / "a.h5").stat().st_size


def test_an_instance_map_is_kept_where_there_is_one(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.h5", *tables(3), SIZE, True, fill, 1)
    pixels = open_shard(tmp_path / "a.h5", 3, SIZE, True, rendered=True).pixels
    assert pixels is not None and pixels.instances is not None
    assert pixels.instances[:, 3, 4].tolist() == [0, 4, 8] and pixels.instances.dtype == np.uint8
    with pytest.raises(DatasetError, match=r"a\.h5:instances"):
        write_shard(tmp_path / "a.h5", *tables(3), SIZE, False, fill, 1)
        open_shard(tmp_path / "a.h5", 3, SIZE, True, rendered=True)


def test_rendered_datasets_begin_on_a_page_and_tables_are_little_endian(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.h5", *tables(3), SIZE, False, fill, 1)
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file) == {"samples", "placements", "fg_bg", "mask", "depth"}
        assert all(file[name].id.get_offset() % 4096 == 0 for name in file)
        assert file["samples"].dtype == SAMPLE and file["placements"].dtype == PLACEMENT
        assert file["depth"].dtype == np.dtype("<u2")


def test_an_unrendered_shard_is_small(tmp_path: Path) -> None:
    written = write_shard(tmp_path / "a.h5", *tables(1024), (192, 192), False, None, 1)
    assert written.bytes / 1024 < 40
    shard = open_shard(tmp_path / "a.h5", 1024, (192, 192), False, rendered=False)
    assert shard.pixels is None and len(shard.samples) == 1024


def test_another_number_of_samples_or_size_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.h5", *tables(3), SIZE, False, fill, 1)
    for samples, size in ((4, SIZE), (3, (4, 5))):
        with pytest.raises(DatasetError, match=r"a\.h5:.*expected .* found"):
            open_shard(tmp_path / "a.h5", samples, size, False, rendered=True)


def test_rows_beyond_the_placements_are_refused(tmp_path: Path) -> None:
    samples, placements = tables(3)
    samples["first"][2] = 3
    write_shard(tmp_path / "a.h5", samples, placements, SIZE, False, None, 1)
    with pytest.raises(DatasetError, match=r"first \+ count: expected at most 3, found 4"):
        open_shard(tmp_path / "a.h5", 3, SIZE, False, rendered=False)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail(block: slice, pixels: Pixels) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_shard(tmp_path / "a.h5", *tables(3), SIZE, False, fail, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("storage", ["rendered", "unrendered"])
def test_a_stored_dataset_of_version_1_reads_as_it_always_did(storage: str, tmp_path: Path) -> None:
    # Reading writes a file with the verified hashes next to the data, so the test reads a copy.
    folder = tmp_path / storage
    folder.mkdir()
    for file in (STORED / f"v1-{storage}").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    dataset = open_dataset(folder)
    expected = np.load(STORED / "v1-expected.npz")
    for split in ("train", "val", "test"):
        batch = dataset[split].read(np.arange(len(dataset[split])))
        for field in ("bg", "fg_bg", "mask", "depth"):
            assert (getattr(batch, field) == expected[f"{split}_{field}"]).all()
