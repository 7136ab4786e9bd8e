import multiprocessing
import os
import pickle
import signal
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import generator.reading.split
import generator.reading.stencils
import generator.reading.verify
import generator.reading.watch
from generator.reading.batch import Batch, Sample
from generator.reading.dataset import open_dataset
from generator.reading.split import Split


def test_samples_come_in_any_order_with_any_repeats(rendered: Path) -> None:
    split = open_dataset(rendered)["train"]
    rows = [len(split) - 1, 0, 150, 0]  # from several shards
    batch = split.read(rows)
    assert batch.fg_bg.shape == (4, 24, 32, 3) and batch.depth.dtype == np.uint16
    for place, row in enumerate(rows):
        alone = split.read([row])
        for field in ("bg", "fg_bg", "mask", "depth"):
            assert (getattr(batch, field)[place] == getattr(alone, field)[0]).all()
    assert len(split.read([]).mask) == 0


@pytest.mark.parametrize("rows", [[-1], [0, 10**6], np.array([2**63], np.uint64)])
def test_rows_out_of_range_are_refused(rendered: Path, rows: list[int]) -> None:
    with pytest.raises(IndexError, match=r"samples 0 to \d+ can be read"):
        open_dataset(rendered)["val"].read(rows)


@pytest.mark.parametrize(
    "rows",
    [[True, False], [0.5], [1.0], np.array([np.nan]), ["1"], [None], [1, [2]], 3, [[0, 1]], [2**70], [b"1"]],
    ids=str,
)
def test_what_is_no_list_of_integers_is_refused(rendered: Path, rows: object) -> None:
    with pytest.raises(TypeError, match="sample numbers must be"):
        open_dataset(rendered)["val"].read(rows)


@pytest.mark.parametrize("rows", [[], (0, 1), range(2), np.array([1], np.uint8)], ids=str)
def test_integers_of_any_kind_are_taken(rendered: Path, rows: Sequence[int]) -> None:
    assert len(open_dataset(rendered)["val"].read(rows).mask) == len(rows)


@pytest.mark.parametrize("room", [48 * 2**20, 20_000])
def test_threads_read_what_one_does(crowded: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Also if the memory for sprites is too small for all of them, so that they replace each other."""
    monkeypatch.setattr(generator.reading.stencils, "_BYTES", room)
    split = open_dataset(crowded)["train"]
    rows = np.random.default_rng(0).integers(0, len(split), (64, 16))
    expected = [open_dataset(crowded)["train"].read(some).fg_bg for some in rows]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda some: split.read(some).fg_bg, rows))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.fixture(params=["rendered", "crowded"])
def folder(request: pytest.FixtureRequest) -> Path:
    """A dataset with or without pixels. Tests must not change it."""
    path: Path = request.getfixturevalue(request.param)
    return path


def test_random_rows_read_by_eight_threads_are_what_one_reads(folder: Path) -> None:
    split = open_dataset(folder)["train"]
    rows = np.random.default_rng(0).integers(0, len(split), (80, 3))
    expected = [hash_of(open_dataset(folder)["train"].read(some)) for some in rows]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda some: hash_of(split.read(some)), rows))
    assert found == expected


def hash_of(batch: Batch | Sample) -> bytes:
    arrays = (batch.bg, batch.fg_bg, batch.mask, batch.depth, batch.instances)
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays if array is not None)


def test_an_integer_reads_one_sample(folder: Path) -> None:
    split = open_dataset(folder)["val"]
    batch = split.read([0, 1, len(split) - 1])
    for index, place in ((0, 0), (np.int64(1), 1), (np.array(1), 1), (-1, 2), (len(split) - 1, 2)):
        sample = split[index]
        assert sample.depth.shape == (24, 32) and sample.depth.dtype == np.uint16
        assert (sample.instances is None) == (batch.instances is None)
        assert hash_of(sample) == hash_of(batch.sample(place))


@pytest.mark.parametrize("index", [slice(1, 4), slice(-3, None), slice(None, None, 7), slice(5, 2)], ids=str)
def test_a_slice_reads_a_batch(rendered: Path, index: slice) -> None:
    split = open_dataset(rendered)["val"]
    assert hash_of(split[index]) == hash_of(split.read(list(range(len(split)))[index]))


@pytest.mark.parametrize("index", [[0, 2, 0], np.array([1, -1], np.int8), (3,), [], np.array([2], np.uint8)])
def test_a_list_reads_a_batch_and_counts_from_the_end(rendered: Path, index: Sequence[int]) -> None:
    split = open_dataset(rendered)["val"]
    rows = [int(number) % len(split) for number in index]
    assert hash_of(split[index]) == hash_of(split.read(rows))


@pytest.mark.parametrize("index", [10**6, -(10**6), 2**70, [0, 10**6], [-(10**6)], np.uint64(2**63)], ids=str)
def test_an_index_beyond_the_samples_is_refused(rendered: Path, index: int) -> None:
    with pytest.raises(IndexError, match="sample"):
        open_dataset(rendered)["val"][index]


@pytest.mark.parametrize("index", [True, 1.0, "1", None, [True], [0.5], np.array([True]), [[0]]], ids=str)
def test_an_index_that_is_no_integer_is_refused(rendered: Path, index: int) -> None:
    with pytest.raises(TypeError, match="sample numbers must be"):
        open_dataset(rendered)["val"][index]


def test_iteration_reads_every_sample_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.reading.split, "_BLOCK_BYTES", 10 * 24 * 32 * 5)
    split = open_dataset(folder)["train"]
    expected = split[:]
    samples = list(split)
    assert len(samples) == len(expected) == len(split) > 5
    assert all(hash_of(sample) == hash_of(expected.sample(row)) for row, sample in enumerate(samples))


def test_a_split_and_its_dataset_go_to_another_process_as_a_reference(folder: Path) -> None:
    dataset = open_dataset(folder)
    split = dataset["val"]
    pickled = pickle.dumps(split)
    assert len(pickled) < 2000
    copy, whole = pickle.loads(pickled), pickle.loads(pickle.dumps(dataset))
    assert copy.name == "val"
    assert hash_of(copy[:2]) == hash_of(whole["val"][:2]) == hash_of(split[:2])


def hash_of_first(split: Split) -> bytes:
    return hash_of(split[0])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_reads_the_same(rendered: Path, crowded: Path, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {method}")
    splits = [open_dataset(folder)["val"] for folder in (rendered, crowded)]
    expected = list(map(hash_of_first, splits))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns about a fork while threads run
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.map_async(hash_of_first, splits).get(60) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks as POSIX does")
def test_a_fork_reads_while_a_thread_of_its_parent_does(crowded: Path) -> None:
    split = open_dataset(crowded)["val"]
    expected = split.read([0, 1]).fg_bg
    with split._renderer._sprites.lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if np.array_equal(split.read([0, 1]).fg_bg, expected) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_mask_and_depth_agree(rendered: Path) -> None:
    split = open_dataset(rendered)["train"]
    batch = split.read(np.arange(50))
    for row in range(50):
        (placement,) = split.placements[split.samples["first"][row]][None]
        assert (batch.depth[row][batch.mask[row] >= 128] == placement["depth"]).all()
        outside = batch.mask[row] == 0
        assert (batch.fg_bg[row][outside] == batch.bg[row][outside]).all()


def test_instances_are_read_only_where_wanted(crowded: Path) -> None:
    split = open_dataset(crowded)["train"]
    whole = split.read([0, 1])
    assert whole.instances is not None
    part = split.read([0, 1], Batch.empty(2, split.size, instances=False))
    assert part.instances is None and np.array_equal(part.fg_bg, whole.fg_bg)


def test_arrays_of_another_size_are_refused(rendered: Path) -> None:
    split = open_dataset(rendered)["train"]
    with pytest.raises(ValueError, match="2 samples"):
        split.read([0, 1], Batch.empty(1, split.size, instances=False))
