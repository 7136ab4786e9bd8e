import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.dataset import Dataset
from training.batches import read_batches, shuffled


@given(seed=st.integers(0, 2**63 - 1), length=st.integers(1, 50), passed=st.integers(0, 1000))
def test_every_pass_is_a_permutation(seed: int, length: int, passed: int) -> None:
    numbers = shuffled(seed, length, passed * length, length)
    assert sorted(numbers.tolist()) == list(range(length))


@given(
    length=st.integers(1, 20),
    position=st.integers(0, 60),
    counts=st.lists(st.integers(1, 15), min_size=1, max_size=6),
)
def test_the_stream_is_the_same_however_it_is_cut(length: int, position: int, counts: list[int]) -> None:
    whole = shuffled(7, length, 0, position + sum(counts))
    starts = itertools.accumulate(counts[:-1], initial=position)
    pieces = [shuffled(7, length, start, count) for start, count in zip(starts, counts, strict=True)]
    assert np.concatenate(pieces).tolist() == whole[position:].tolist()


def test_order_differs_by_pass_and_by_seed() -> None:
    first, second = shuffled(1, 30, 0, 30), shuffled(1, 30, 30, 30)
    assert first.tolist() != second.tolist()
    assert first.tolist() != shuffled(2, 30, 0, 30).tolist()
    assert first.tolist() != list(range(30))


def test_a_pass_is_not_the_one_before_shifted() -> None:
    first, second = (np.diff(shuffled(0, 500, start, 500)) for start in (0, 500))
    steps = [set(zip(pass_[:-1].tolist(), pass_[1:].tolist(), strict=True)) for pass_ in (first, second)]
    assert len(steps[0] & steps[1]) < 50


def test_a_caller_cannot_spoil_the_order_for_the_next() -> None:
    numbers = shuffled(3, 10, 0, 10)
    kept = numbers.tolist()
    numbers[:] = 0
    assert shuffled(3, 10, 0, 10).tolist() == kept


def test_a_large_split_is_well_mixed() -> None:
    # The mean distance of a number from its place is a third of the length in a random permutation.
    numbers = shuffled(0, 3000, 0, 3000)
    assert abs(np.abs(numbers - np.arange(3000)).mean() - 1000) < 50


@settings(max_examples=10, deadline=None)
@given(
    wanted=st.lists(
        st.integers(1, 5).flatmap(lambda size: st.lists(st.integers(0, 143), min_size=size, max_size=size)),
        max_size=6,
    )
)
def test_batches_are_the_rows_asked_for_in_order_as_integers(
    dataset: Dataset, wanted: list[list[int]]
) -> None:
    split = dataset["train"]
    batches = list(read_batches(split, map(np.array, wanted)))
    assert len(batches) == len(wanted)
    for batch, rows in zip(batches, wanted, strict=True):
        expected = split.read(rows)
        assert batch.bg.dtype == batch.fg_bg.dtype == batch.mask.dtype == torch.uint8
        assert batch.depth.dtype == torch.int16
        assert np.array_equal(batch.bg, expected.bg)
        assert np.array_equal(batch.fg_bg, expected.fg_bg)
        assert np.array_equal(batch.mask, expected.mask)
        assert np.array_equal(batch.depth.numpy().view(np.uint16), expected.depth)


def test_large_depth_survives_the_signed_detour(dataset: Dataset) -> None:
    (batch,) = read_batches(dataset["train"], [np.arange(32)])
    assert (batch.depth < 0).any(), "the test data should hold depth above 32767"
    assert torch.equal(batch.to(torch.device("cpu")).depth, batch.depth)


def test_reading_ahead_is_bounded(dataset: Dataset) -> None:
    asked = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal asked
        while True:
            asked += 1
            yield np.array([0])

    batches = read_batches(dataset["train"], endless())
    next(batches)
    assert 1 < asked <= 4
    batches.close()


def test_an_error_of_the_reader_reaches_the_trainer_after_the_good_batches(dataset: Dataset) -> None:
    batches = read_batches(dataset["train"], [np.array([0]), np.array([144]), np.array([1])])
    assert len(next(batches).bg) == 1
    with pytest.raises(IndexError, match="144"):
        next(batches)
