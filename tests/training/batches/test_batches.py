import itertools
import math
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import generator.reading.watch
import training.batches.batches
from generator.errors import DatasetError
from generator.reading.dataset import Dataset, open_dataset
from generator.reading.split import Split
from training.batches import device_render
from training.batches.batches import read_batches, shuffled

CPU = torch.device("cpu")


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


@given(
    seed=st.integers(0, 2**63 - 1),
    length=st.integers(1, 60),
    window=st.integers(1, 70),
    passed=st.integers(0, 1000),
)
def test_with_a_window_every_pass_visits_window_after_window(
    seed: int, length: int, window: int, passed: int
) -> None:
    numbers = shuffled(seed, length, passed * length, length, window)
    assert sorted(numbers.tolist()) == list(range(length))
    visited = [number for number, _ in itertools.groupby((numbers // window).tolist())]
    assert sorted(visited) == list(range(-(-length // window)))


@given(windows=st.integers(1, 8), window=st.integers(1, 8), position=st.integers(0, 40))
def test_an_aligned_run_comes_from_one_window(windows: int, window: int, position: int) -> None:
    run = shuffled(3, windows * window, position * window, window, window)
    assert sorted(run.tolist()) == list(
        range(run.min() // window * window, run.min() // window * window + window)
    )


@given(
    length=st.integers(1, 20),
    window=st.integers(1, 8),
    position=st.integers(0, 60),
    counts=st.lists(st.integers(1, 15), min_size=1, max_size=6),
)
def test_the_windowed_stream_is_the_same_however_it_is_cut(
    length: int, window: int, position: int, counts: list[int]
) -> None:
    whole = shuffled(7, length, 0, position + sum(counts), window)
    starts = itertools.accumulate(counts[:-1], initial=position)
    pieces = [shuffled(7, length, start, count, window) for start, count in zip(starts, counts, strict=True)]
    assert np.concatenate(pieces).tolist() == whole[position:].tolist()


def test_windows_and_what_is_in_them_are_shuffled_anew_in_every_pass() -> None:
    first, second = (shuffled(1, 64, start, 64, 8) for start in (0, 64))
    windows = [(pass_[::8] // 8).tolist() for pass_ in (first, second)]
    assert windows[0] != windows[1] and list(range(8)) not in windows
    inside = [sorted(pass_.reshape(8, 8).tolist(), key=min) for pass_ in (first, second)]
    assert all(one != other and one != sorted(one) for one, other in zip(*inside, strict=True))


def test_the_stream_without_a_window_stays_what_it_was() -> None:
    # A run of an earlier version must continue with the samples that it has not seen yet.
    assert shuffled(5, 10, 0, 14).tolist() == [9, 2, 4, 3, 1, 5, 0, 6, 7, 8, 8, 6, 0, 1]
    assert shuffled(5, 10, 0, 14, window=10).tolist() == [9, 2, 4, 3, 1, 5, 0, 6, 7, 8, 8, 6, 0, 1]


@pytest.mark.parametrize(("length", "window"), [(1000, None), (1000, 7), (1000, 100), (997, 997), (97, 50)])
def test_an_order_that_is_made_in_pieces_is_that_of_all_words(
    length: int, window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.batches.batches, "AT_ONCE", 64)
    monkeypatch.setattr(training.batches.batches, "_BLOCK", 50)
    training.batches.batches._ends.cache_clear()
    training.batches.batches._piece.cache_clear()
    whole = []
    for passed in range(2):
        words = [np.random.Philox(key=9, counter=[0, 0, passed, part]).random_raw(length) for part in (0, 1)]
        blocks = -(-length // (window or length))
        place = np.argsort(np.argsort(words[1][:blocks], kind="stable"))
        whole += np.lexsort((words[0], np.repeat(place, window or length)[:length])).tolist()
    assert shuffled(9, length, 0, 2 * length, window).tolist() == whole
    assert shuffled(9, length, 70, 25, window).tolist() == whole[70:95]
    training.batches.batches._ends.cache_clear()
    training.batches.batches._piece.cache_clear()


def test_a_caller_cannot_spoil_the_order_for_the_next() -> None:
    numbers = shuffled(3, 10, 0, 10)
    kept = numbers.tolist()
    numbers[:] = 0
    assert shuffled(3, 10, 0, 10).tolist() == kept


def test_a_large_split_is_well_mixed() -> None:
    # In a random permutation, numbers are a third of its length away from their place, on average.
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
    for batch, rows in zip(read_batches(split, map(np.array, wanted), CPU), wanted, strict=True):
        expected = split.read(rows)
        assert batch.bg.dtype == batch.fg_bg.dtype == batch.mask.dtype == torch.uint8
        assert batch.depth.dtype == torch.int16
        assert np.array_equal(batch.bg, expected.bg)
        assert np.array_equal(batch.fg_bg, expected.fg_bg)
        assert np.array_equal(batch.mask, expected.mask)
        assert np.array_equal(batch.depth.numpy().view(np.uint16), expected.depth)


def test_large_depth_survives_the_signed_detour(dataset: Dataset) -> None:
    (batch,) = read_batches(dataset["train"], [np.arange(32)], CPU)
    expected = dataset["train"].read(np.arange(32)).depth
    assert (expected > 32767).any(), "the test data should hold depth above 32767"
    assert (batch.depth.int() & 0xFFFF).tolist() == expected.tolist()


def test_reading_ahead_is_bounded(dataset: Dataset) -> None:
    asked = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal asked
        while True:
            asked += 1
            yield np.array([0])

    batches = read_batches(dataset["train"], endless(), CPU)
    next(batches)
    assert 1 < asked <= 4
    batches.close()


def test_an_error_of_the_reader_reaches_the_trainer_after_the_good_batches(dataset: Dataset) -> None:
    batches = read_batches(dataset["train"], [np.array([0]), np.array([144]), np.array([1])], CPU)
    assert len(next(batches).bg) == 1
    with pytest.raises(IndexError, match="144"):
        next(batches)


def test_a_batch_is_good_until_the_next_is_asked_for(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    split, asked = dataset["train"], 0
    read, written = split.read, threading.Semaphore(0)

    def note(*given: object) -> object:
        batch = read(*given)
        written.release()
        return batch

    def order() -> Iterator[np.ndarray]:
        nonlocal asked
        for asked in range(1, 13):
            yield np.arange(8) + asked

    monkeypatch.setattr(Split, "read", lambda _, *given: note(*given))
    seen = done = 0
    for number, batch in enumerate(read_batches(split, order(), CPU), 1):
        while done < asked:  # wait for everything that is read ahead
            assert written.acquire(timeout=10)
            done += 1
        assert np.array_equal(batch.fg_bg, read(np.arange(8) + number).fg_bg)
        seen += 1
    assert seen == 12


def test_memory_is_used_again(dataset: Dataset) -> None:
    order = [np.arange(6)] * 9 + [np.arange(2)]
    places = {batch.bg.untyped_storage().data_ptr() for batch in read_batches(dataset["train"], order, CPU)}
    assert len(places) == 3


def test_closing_ends_the_thread_without_reading_on(dataset: Dataset) -> None:
    before = threading.active_count()
    batches = read_batches(dataset["train"], itertools.repeat(np.array([0])), CPU)
    next(batches)
    assert threading.active_count() == before + 1
    batches.close()
    assert threading.active_count() == before


def test_a_dataset_that_changes_meanwhile_ends_training_with_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.reading.watch, "_SHARE", math.inf)  # check the files at every read
    shutil.copytree(data, tmp_path / "copy")
    batches = read_batches(open_dataset(tmp_path / "copy")["train"], itertools.repeat(np.array([0])), CPU)
    next(batches)
    (tmp_path / "copy" / "bank.h5").unlink()
    with pytest.raises(
        DatasetError, match=r"bank\.h5 was deleted after the dataset was opened\. Copy or make"
    ):
        for _ in range(4):
            next(batches)


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@cuda
@pytest.mark.parametrize("fits", [True, False])
def test_a_cuda_device_gets_the_same_batches_copied_or_rendered_there(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    monkeypatch.setattr(device_render, "_residents", type(device_render._residents)())
    monkeypatch.setattr(device_render, "_SHARE", 0.25 if fits else 0.0)
    split = dataset["train"]
    order = [np.arange(40) + start for start in range(100)] + [np.arange(3)]
    batches = list(read_batches(split, order, torch.device("cuda")))
    assert len(batches) == len(order)
    for batch, rows in zip(batches, order, strict=True):
        expected = split.read(rows)
        assert batch.bg.device.type == "cuda"
        for name in ("bg", "fg_bg", "mask"):
            assert np.array_equal(getattr(batch, name).cpu().numpy(), getattr(expected, name)), name
        assert np.array_equal(batch.depth.cpu().numpy().view(np.uint16), expected.depth)
