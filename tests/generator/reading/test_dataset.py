import json
import math
import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest

import generator.reading.stencils
import generator.reading.verify
import generator.reading.watch
from generator.errors import DatasetError, UsageError
from generator.reading.dataset import open_dataset
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


@pytest.mark.skipif(sys.platform != "linux", reason="the system lists maps and open files in /proc")
def test_shards_stay_neither_open_nor_mapped_without_need(rendered: Path, unrendered: Path) -> None:
    files_before = len(list(Path("/proc/self/fd").iterdir()))
    datasets = [open_dataset(folder, progress=False) for folder in (rendered, unrendered)]
    assert [dataset["train"].read([0]).mask.shape[0] for dataset in datasets] == [1, 1]
    # Often a process may open only 1,024 files, or 256.
    assert len(list(Path("/proc/self/fd").iterdir())) == files_before
    mapped = Path("/proc/self/maps").read_text()
    assert f"{rendered}/train-00000.h5" in mapped and f"{unrendered}/train-00000.h5" not in mapped


def test_a_dataset_has_three_splits_by_name(rendered: Path) -> None:
    dataset = open_dataset(rendered)
    assert list(dataset) == ["train", "val", "test"] and "val" in dataset and "trian" not in dataset
    with pytest.raises(UsageError, match="expected a split among train, val, test, found 'trian'"):
        dataset["trian"]  # type: ignore[index]


def test_datasets_and_batches_are_compared_by_identity(rendered: Path) -> None:
    dataset = open_dataset(rendered)
    batch = dataset["val"].read([0])
    assert len({dataset, dataset, batch, batch}) == 2 and batch != dataset["val"].read([0])
