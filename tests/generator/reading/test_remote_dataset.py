"""Datasets behind URLs: what is downloaded, when, and what is never read."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.errors import ConfigError, DatasetError, DiskSpaceError, RemoteError
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.format.manifest import read_manifest
from generator.reading.dataset import find_manifest, open_dataset
from generator.reading.selection import filled_split
from generator.reading.verify import verify_dataset
from generator.remote import download, folder, manifest


@pytest.fixture
def there(elsewhere: Any, rendered: Path) -> Any:
    """A finished dataset behind a URL."""
    elsewhere.copy(rendered)
    return elsewhere


def cached(there: Any) -> set[str]:
    return {path.name for path in (there.cache / "datasets").rglob("*.h5*")}


def flip_a_bit(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_a_split_is_downloaded_once_when_it_is_used(there: Any, rendered: Path) -> None:
    dataset = open_dataset(there.url, progress=False)
    assert repr(dataset) == repr(open_dataset(rendered)).replace(str(rendered), there.url)
    assert "train" in dataset and dataset.folder == there.url and cached(there) == {"bank.h5"}
    expected = open_dataset(rendered)["val"][:]
    np.testing.assert_array_equal(dataset["val"][:].fg_bg, expected.fg_bg)
    assert cached(there) == {"bank.h5", "val-00000.h5"}
    sent = there.faults.sent
    again = filled_split(open_dataset(there.url, progress=False), "val")
    np.testing.assert_array_equal(again[:].depth, expected.depth)
    assert there.faults.sent == sent > 0


def test_all_splits_are_those_of_the_same_files_here(there: Any, labelled: Path, elsewhere: Any) -> None:
    for name in list(elsewhere.store):
        elsewhere.remove(name)
    elsewhere.copy(labelled)
    here, remote = open_dataset(labelled), open_dataset(there.url, progress=False)
    assert list(remote.splits) == list(here.splits) and remote.bank is None
    for name, split in remote.splits.items():
        np.testing.assert_array_equal(split[:].mask, here[name][:].mask)


def test_a_download_that_was_cut_off_goes_on(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PIECE", 100_000)
    dataset = open_dataset(there.url, progress=False)
    size = sum(entry.bytes for entry in dataset.manifest.splits["train"].shards)
    there.faults.fail_after["cat_file"] = 10
    said = (
        r"faulty://bucket/data/train-0000\d.h5 cannot be read: connection reset by peer. .* which continues"
    )
    with pytest.raises(RemoteError, match=said):
        dataset["train"]
    del there.faults.fail_after["cat_file"]
    assert {name for name in cached(there) if name.endswith(".part")}
    before = there.faults.sent
    assert len(dataset["train"]) == 256
    assert 0 < there.faults.sent - before < size - 500_000


def test_a_part_of_an_older_file_is_not_used(there: Any) -> None:
    dataset = open_dataset(there.url, progress=False)
    folder = next((there.cache / "datasets").iterdir())
    (folder / "val-00000.h5.part").write_bytes(b"older" * 1000)
    (folder / "test-00000.h5.part").write_bytes(bytes(10**8))
    assert len(dataset["val"]) and len(dataset["test"])
    assert verify_dataset(folder, progress=False)[0].where.endswith("train-00000.h5")  # the others are right


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip_a_bit, "expected BLAKE3 .*, found .*; if someone makes this dataset again, wait"),
        (lambda content: content[:-1], r"expected [\d,]+ bytes, found [\d,]+; if someone"),
        (None, "is missing. If someone"),
    ],
)
def test_a_file_that_changed_is_never_read(there: Any, change: Any, said: str) -> None:
    dataset = open_dataset(there.url, progress=False)
    content = there.store["val-00000.h5"]
    there.remove("val-00000.h5")
    if change is not None:
        there.put("val-00000.h5", change(content))
    with pytest.raises(DatasetError, match=f"{there.url}/val-00000.h5:? {said}"):
        dataset["val"]
    assert cached(there) == {"bank.h5"}
    there.put("val-00000.h5", content)
    assert len(dataset["val"]) == 16


def test_a_dataset_that_was_made_again_gets_another_copy(there: Any, unrendered: Path) -> None:
    split = open_dataset(there.url, progress=False)["val"]
    for name in list(there.store):
        there.remove(name)
    there.copy(unrendered)
    assert len(split[:].mask) == 16  # of the copy
    assert not open_dataset(there.url, progress=False)["val"].is_rendered
    assert len(list((there.cache / "datasets").iterdir())) == 2


def test_a_damaged_copy_is_downloaded_again(there: Any) -> None:
    open_dataset(there.url, progress=False)["val"]
    (copy,) = (there.cache / "datasets").rglob("val-00000.h5")
    copy.write_bytes(flip_a_bit(copy.read_bytes()))
    open_dataset(there.url, progress=False)["val"]
    assert copy.read_bytes() == there.store["val-00000.h5"]


def test_a_full_cache_names_both_figures(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(there.url, progress=False)
    free = shutil.disk_usage(there.cache)._replace(free=1234)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    needed = sum(entry.bytes for entry in dataset.manifest.splits["train"].shards)
    said = rf"expected room for {needed:,} bytes \(.*\), found 1,234 free; make room, or set FGBG_CACHE"
    with pytest.raises(DiskSpaceError, match=said):
        dataset["train"]


def test_a_cache_that_fills_up_goes_on_later(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(there.url, progress=False)
    fsync = download.os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(DiskSpaceError, match="make room and run the same command again, which continues"):
        dataset["val"]
    monkeypatch.setattr(download.os, "fsync", fsync)
    assert len(dataset["val"]) == 16


def test_a_pickled_split_opens_the_same_files(there: Any) -> None:
    split = open_dataset(there.url, progress=False)["val"]
    copy = pickle.loads(pickle.dumps(split))
    np.testing.assert_array_equal(copy[:].mask, split[:].mask)


def test_verifying_reads_every_remote_file_and_keeps_none(there: Any) -> None:
    assert verify_dataset(there.url, progress=False) == []
    there.put("train-00001.h5", flip_a_bit(there.store["train-00001.h5"]))
    there.remove("test-00000.h5")
    found = verify_dataset(there.url, progress=False)
    assert [error.where for error in found] == [f"{there.url}/train-00001.h5", f"{there.url}/test-00000.h5"]
    assert [error.where for error in verify_dataset(there.url, quick=True)] == [f"{there.url}/test-00000.h5"]
    assert not there.cache.exists()


def test_what_is_no_dataset_is_named(elsewhere: Any, rendered: Path) -> None:
    with pytest.raises(DatasetError, match=r"faulty://bucket/data does not exist\. Check the URL"):
        open_dataset(elsewhere.url)
    assert find_manifest(elsewhere.url) is None
    elsewhere.put("journal.jsonl", b"")
    with pytest.raises(DatasetError, match="holds an unfinished dataset"):
        open_dataset(elsewhere.url)
    elsewhere.put("dataset.json", b"{}")
    with pytest.raises(DatasetError, match=r"faulty://bucket/data/dataset.json: expected a dataset"):
        open_dataset(elsewhere.url)
    elsewhere.copy(rendered)
    assert find_manifest(elsewhere.url) == read_manifest(rendered) == find_manifest(rendered)


def test_denied_access_is_one_line(there: Any) -> None:
    there.faults.denied.add("cat_file")
    said = r"dataset.json cannot be read: access is denied \(Access Denied\)\. Check your permissions"
    with pytest.raises(RemoteError, match=said):
        open_dataset(there.url)


def test_a_server_that_sends_no_parts_is_named(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PIECE", 10_000)
    there.faults.sends_all = True
    with pytest.raises(RemoteError, match=r"bank.h5 has a server that cannot send a part of a file"):
        open_dataset(there.url, progress=False)


def test_a_manifest_that_is_too_large_is_not_read(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_BYTES", 100)
    with pytest.raises(DatasetError, match=r"dataset.json: expected at most 100 bytes, found [\d,]+"):
        open_dataset(there.url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "nobody://bucket/data",
            "a URL that fsspec can open, like s3://bucket/data, found the protocol 'nobody'",
        ),
        ("gs://bucket/data", "needs gcsfs, which is not installed. Run: pip install gcsfs"),
        ("sftp://host/data", 'needs a package that is not installed: .*"paramiko"'),
    ],
)
def test_a_protocol_that_cannot_be_opened_is_named(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_dataset(url)


def test_an_export_reads_it(there: Any, tmp_path: Path) -> None:
    config = ExportConfig(data=there.url, out=tmp_path / "out", format="folder", subset="val", workers=1)
    assert export_dataset(config, progress=False).written == 16
    assert cached(there) == {"bank.h5", "val-00000.h5"}


@pytest.mark.parametrize(("patience", "attempts"), [(60.0, 3), (-1.0, 1)])
def test_what_fails_slowly_is_not_tried_again(
    there: Any, monkeypatch: pytest.MonkeyPatch, patience: float, attempts: int
) -> None:
    monkeypatch.setattr(folder, "_PATIENCE", patience)
    calls: list[str] = []

    def fail(call: str) -> None:
        calls.append(call)
        raise TimeoutError("no answer")

    monkeypatch.setattr(there.faults, "meet", fail)
    with pytest.raises(RemoteError, match=r"dataset.json cannot be read: no answer"):
        open_dataset(there.url)
    assert calls == ["cat_file"] * attempts
