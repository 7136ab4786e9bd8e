import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.format.bank import BANK_FILE, Bank
from generator.format.hdf5 import add_dataset
from generator.plan import Header


@pytest.fixture
def bank() -> Bank:
    """Three objects, 4 pixels wide and 3 high; the second has no opaque pixel, which no real bank holds."""
    pixels = np.zeros((3, 3, 4, 4), np.uint8)
    pixels[0, :2, 1:3] = [10, 20, 30, 255]
    pixels[2] = [40, 50, 60, 255]
    return Bank(
        np.zeros(0, np.uint8),
        pixels,
        np.full((3, 2), (3, 4), np.uint16),
        np.arange(3, dtype=np.uint32),
        np.stack([np.full((2, 2, 3), level, np.uint8) for level in (7, 9)]),
        np.ones((2, 2, 2), np.uint16),
    )


def test_only_the_sprites_that_are_asked_for_are_looked_at(bank: Bank) -> None:
    for _ in range(2):
        foot = bank.foot(np.array([2, 0, 2]))
        assert foot.row.tolist() == [2, 1, 2]
        assert foot.valid.tolist() == [[True] * 4, [True, True, False, False], [True] * 4]
        assert foot.columns.tolist() == [[0, 1, 2, 3], [1, 2, 0, 0], [0, 1, 2, 3]]
        assert bank.base(np.array([[0], [2]])).tolist() == [[[1, 2]], [[0, 3]]]
        assert bank.columns_left(np.array([0])).tolist() == [[0, 0, 0.5, 1, 1]]
        assert bank.rows_above(np.array([0, 2])).tolist() == [[0, 0.5, 1, 1], [0, 1 / 3, 2 / 3, 1]]
        assert bank.sprite_mean(np.array([2, 0])).tolist() == [[40, 50, 60], [10, 20, 30]]
        assert bank.bg_mean(np.array([1])).tolist() == [[9, 9, 9]]


def test_the_foot_of_few_sprites_is_as_wide_as_theirs(bank: Bank) -> None:
    assert bank.foot(np.array([0])).columns.tolist() == [[1, 2]]
    assert bank.foot(np.zeros(0, np.int64)).columns.shape == (0, 1)


@pytest.mark.parametrize("content", [b"{torn", b"[" * 100_000, b"7", b"{}"])
def test_the_header_is_parsed_and_checked_only_where_it_is_needed(
    unrendered: Path, tmp_path: Path, content: bytes
) -> None:
    shutil.copy(unrendered / BANK_FILE, tmp_path / BANK_FILE)
    with h5py.File(tmp_path / BANK_FILE, "r+") as file:
        del file["header"]
        add_dataset(file, "header", (len(content),), np.dtype("u1"))[...] = np.frombuffer(content, np.uint8)
    damaged = Bank.open(tmp_path / BANK_FILE)
    with pytest.raises(DatasetError, match=r"bank\.h5:header: expected all fields of a header, found "):
        Header.of(damaged, tmp_path / BANK_FILE)
