import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from generator.label_formats.regions import ShapeError
from generator.label_formats.runs import run_lengths, unpack_counts


def numbers(text: str) -> np.ndarray:
    """Rows of # and . as (H, W) uint8, 255 and 0."""
    return np.array([[255 * (mark == "#") for mark in row] for row in text.split()], np.uint8)


def test_run_lengths_go_along_rows_or_down_columns() -> None:
    assert (run_lengths([1, 2, 3], (3, 2)) == numbers(".## ...")).all()
    assert (run_lengths([1, 2, 3], (3, 2), columns=True) == numbers(".#. #..")).all()
    assert (run_lengths([0, 6], (3, 2)) == 255).all()


@pytest.mark.parametrize(
    ("counts", "found"), [([1, 2], "3"), ([1, 2, 4], "7"), ([], "0"), ([7, -1], "a length below 0")]
)
def test_run_lengths_that_do_not_add_up(counts: list[int], found: str) -> None:
    with pytest.raises(ShapeError) as caught:
        run_lengths(counts, (3, 2))
    assert caught.value.args == ("run lengths of 6 pixels together (3 x 2)", found)


@settings(max_examples=200, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 80), st.integers(1, 80)), elements=st.integers(0, 1)))
def test_packed_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    packed = coco_mask.encode(np.asfortranarray(mask))["counts"]
    height, width = mask.shape
    assert (run_lengths(unpack_counts(packed), (width, height), columns=True) == 255 * mask).all()


def test_long_runs_unpack_too() -> None:
    mask = np.zeros((3000, 2000), np.uint8)
    mask[:, 1500:] = 1
    assert unpack_counts(coco_mask.encode(np.asfortranarray(mask))["counts"]) == [4_500_000, 1_500_000]
    assert unpack_counts(b"") == []


@pytest.mark.parametrize(
    ("packed", "found"),
    [
        (b"5 3", "another character"),
        ("5ß".encode(), "another character"),
        (b"5o", "a number that is cut off"),
        (b"ooooooo0", "a number that is too long"),
    ],
)
def test_damaged_packed_lengths(packed: bytes, found: str) -> None:
    with pytest.raises(ShapeError) as caught:
        unpack_counts(packed)
    assert caught.value.args == ("packed run lengths", found)
