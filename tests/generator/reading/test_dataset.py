import json
import math
import multiprocessing
import os
import pickle
import shutil
import signal
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import generator.reading.dataset
import generator.reading.stencils
import generator.reading.verify
import generator.reading.watch
from generator.errors import DatasetError, UsageError
from generator.reading.batch import Batch, Sample
from generator.reading.dataset import Split, open_dataset
from generator.reading.verify import verify_dataset


@pytest.fixture
def copy(rendered: Path, tmp_path: Path) -> Path:
    """A copy of the rendered dataset that tests may break."""
    shutil.copytree(rendered, tmp_path / "copy")
    return tmp_path / "copy"


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


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
    monkeypatch.setattr(generator.reading.dataset, "_BLOCK_BYTES", 10 * 24 * 32 * 5)
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


def test_a_split_is_opened_again_without_hashing_until_a_file_changes(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(open_dataset(copy)["val"])
    (copy / ".verified.json").unlink()  # as if the disk were read-only
    with monkeypatch.context() as patch:
        patch.setattr(generator.reading.verify, "hash_file", None)
        assert len(pickle.loads(pickled))
    flip_a_byte(copy / "val-00000.h5")
    with pytest.raises(DatasetError, match=r"val-00000\.h5: expected BLAKE3"):
        pickle.loads(pickled)


def test_a_dataset_without_hashes_is_opened_again_without(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(open_dataset(copy, hash_files=False)["val"])
    os.utime(copy / "val-00000.h5", ns=(1, 1))
    monkeypatch.setattr(generator.reading.verify, "hash_file", None)
    assert len(pickle.loads(pickled))


def test_another_dataset_in_the_folder_is_not_taken_for_the_one_that_was_opened(
    copy: Path, crowded: Path
) -> None:
    pickled = pickle.dumps(open_dataset(copy)["val"])
    shutil.copytree(crowded, copy, dirs_exist_ok=True)
    with pytest.raises(DatasetError, match=r"copy: expected the dataset with id .* open it again"):
        pickle.loads(pickled)


def test_a_dataset_is_shown_in_one_line(rendered: Path) -> None:
    dataset = open_dataset(rendered)
    assert "32 x 24 pixels, train " in repr(dataset) and "\n" not in repr(dataset)
    assert repr(dataset["val"]) == f"<Split val: {len(dataset['val'])} samples>"


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


@pytest.mark.parametrize("name", ["bank.h5", "train-00001.h5"])
def test_a_flipped_byte_is_found_and_named(copy: Path, name: str) -> None:
    flip_a_byte(copy / name)
    with pytest.raises(DatasetError, match=rf"{name}: expected BLAKE3 .* found .*; copy the dataset again"):
        open_dataset(copy)
    assert [Path(problem.where).name for problem in verify_dataset(copy)] == [name]


def test_a_truncated_shard_is_found(copy: Path) -> None:
    os.truncate(copy / "val-00000.h5", 5000)
    with pytest.raises(DatasetError, match=r"val-00000\.h5: expected [\d,]+ bytes, found 5,000"):
        open_dataset(copy)


@pytest.mark.parametrize("name", ["bank.h5", "test-00000.h5"])
def test_a_missing_file_is_found(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(DatasetError, match=rf"{name} is missing\. Copy the dataset again"):
        open_dataset(copy)


def test_two_swapped_shards_are_found(copy: Path) -> None:
    first, second = copy / "train-00000.h5", copy / "train-00001.h5"
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert len(verify_dataset(copy)) == 2


def test_hashes_are_taken_once_per_copy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / ".verified.json").unlink(missing_ok=True)
    open_dataset(copy)
    hashed: list[str] = []
    hash_file = generator.reading.verify.hash_file
    monkeypatch.setattr(
        generator.reading.verify,
        "hash_file",
        lambda path, threads: hashed.append(path.name) or hash_file(path),
    )
    open_dataset(copy)
    assert hashed == []
    os.utime(copy / "bank.h5", ns=(1, 1))
    open_dataset(copy)
    assert hashed == ["bank.h5"]
    hashed.clear()
    assert verify_dataset(copy) == []
    assert len(hashed) == len(list(copy.glob("*.h5")))


def test_quick_verification_hashes_nothing_but_sees_sizes(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.reading.verify, "hash_file", None)
    (copy / ".verified.json").unlink(missing_ok=True)
    assert verify_dataset(copy, quick=True) == []
    open_dataset(copy, hash_files=False)
    shard = copy / "train-00001.h5"
    shard.write_bytes(shard.read_bytes()[:-1])
    (copy / "val-00000.h5").unlink()
    assert [problem.where for problem in verify_dataset(copy, quick=True)] == [
        str(copy / "train-00001.h5"),
        str(copy / "val-00000.h5"),
    ]


def test_swapped_shards_are_found(copy: Path) -> None:
    first, second = copy / "train-00000.h5", copy / "train-00001.h5"
    first.rename(copy / "between")
    second.rename(first)
    (copy / "between").rename(second)
    assert [problem.where for problem in verify_dataset(copy)] == [str(first), str(second)]
    with pytest.raises(DatasetError, match=r"train-00000\.h5"):
        open_dataset(copy)


def test_a_broken_memory_of_verification_is_ignored(copy: Path) -> None:
    (copy / ".verified.json").write_text("[1, 2")
    open_dataset(copy)


def test_a_manifest_cannot_point_elsewhere(copy: Path) -> None:
    manifest = json.loads((copy / "dataset.json").read_text())
    manifest["bank"]["file"] = "../bank.h5"
    (copy / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=r"bank\.file"):
        open_dataset(copy)


def change(path: Path, how: str) -> None:
    if how == "delete":
        path.unlink()
    elif how == "truncate":
        os.truncate(path, 100)
    else:
        path.write_bytes(path.read_bytes())


@pytest.mark.parametrize("how", ["delete", "truncate", "rewrite"])
@pytest.mark.parametrize(
    ("storage", "name"), [("rendered", "bank.h5"), ("rendered", "train-00001.h5"), ("unrendered", "bank.h5")]
)
def test_a_file_that_changes_while_it_is_read_from_is_named(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    storage: str,
    name: str,
    how: str,
) -> None:
    monkeypatch.setattr(generator.reading.watch, "_SHARE", math.inf)  # check the files at every read
    shutil.copytree(request.getfixturevalue(storage), tmp_path / "copy")
    split = open_dataset(tmp_path / "copy")["train"]
    split.read([0, 150])
    change(tmp_path / "copy" / name, how)
    said = "deleted" if how == "delete" else "changed"
    with pytest.raises(DatasetError, match=rf"{name} was {said} after the dataset was opened\. "):
        split.read([0, 150])


def test_a_shard_that_is_not_read_from_may_change(copy: Path) -> None:
    split = open_dataset(copy)["train"]
    (copy / "train-00001.h5").unlink()
    assert split.read([0, 99]).mask.any()


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


def test_a_dataset_has_three_splits_by_name(rendered: Path) -> None:
    dataset = open_dataset(rendered)
    assert list(dataset) == ["train", "val", "test"] and "val" in dataset and "trian" not in dataset
    with pytest.raises(UsageError, match="expected a split among train, val, test, found 'trian'"):
        dataset["trian"]  # type: ignore[index]


def test_datasets_and_batches_are_compared_by_identity(rendered: Path) -> None:
    dataset = open_dataset(rendered)
    batch = dataset["val"].read([0])
    assert len({dataset, dataset, batch, batch}) == 2 and batch != dataset["val"].read([0])
