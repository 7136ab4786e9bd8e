"""The manifest of version 2, and what is refused in it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.errors import DatasetError
from generator.format.identity import hash_sources, labelled_id
from generator.format.manifest import AlphaMask, read_manifest
from generator.reading.verify import verify_dataset


@pytest.fixture
def folder(photos: Path, tmp_path: Path) -> Path:
    """The manifest of a labelled dataset, to change."""
    shutil.copy(photos / "dataset.json", tmp_path)
    return tmp_path


def test_it_says_what_there_is(photos: Path, labelled: Path) -> None:
    manifest = read_manifest(photos)
    assert manifest.version == 2 and manifest.mask == AlphaMask(void=127)
    assert not (manifest.has_bg or manifest.has_depth or manifest.has_instances)
    assert manifest.source.samples == 60 and manifest.statistics.fields.keys() == {"fg_bg", "mask"}
    classes = read_manifest(labelled)
    assert classes.has_bg and classes.has_depth and not classes.has_instances
    shares = classes.statistics.fields["mask"].mean
    assert len(shares) == 4 and sum(shares) == pytest.approx(1) and shares[0] > 0.5
    assert classes.statistics.fields.keys() == {"fg_bg", "mask", "bg", "depth"}


def test_its_size_does_not_depend_on_the_names(photos: Path) -> None:
    assert "picture" not in (photos / "dataset.json").read_text()


def test_void_is_stored_only_where_there_is_one() -> None:
    assert "void" not in AlphaMask().model_dump_json()
    assert json.loads(AlphaMask(void=127).model_dump_json())["void"] == 127


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda m: m.update(version=3), "version: not 1, 2"),
        (lambda m: m.pop("version"), "version: missing"),
        (lambda m: m.update(version=1), "storage: missing"),
        (lambda m: m.update(fields=["masks"]), r"fields\.0: not"),
        (lambda m: m.update(fields=["depth", "bg"]), "fields: must be some of bg, depth, instances in this"),
        (lambda m: m["source"].update(samples=61), "its splits hold 60 samples together, not 61"),
        (lambda m: m["source"].update(blake3="x"), r"source\.blake3: not text like"),
        (lambda m: m["splits"].pop("test"), "splits: test is missing"),
        (
            lambda m: m["splits"]["val"]["shards"][0].update(file="train-00000.h5"),
            "train-00000.h5 is listed 2",
        ),
        (lambda m: m["mask"].update(void=0), r"mask\.alpha\.void: not a value greater"),
        (lambda m: m["mask"].update(void=255), r"mask\.alpha\.void: not a value less"),
        (lambda m: m["mask"].update(kind="labels"), "mask: kind: not 'alpha', 'classes'"),
        (lambda m: m.update(bank={}), "bank: unknown"),
    ],
)
def test_a_manifest_is_what_the_format_says(
    folder: Path, change: Callable[[dict[str, Any]], None], found: str
) -> None:
    path = folder / "dataset.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=rf"expected a dataset of format version 1 or 2, found {found}"):
        read_manifest(folder)


@pytest.mark.parametrize("part", ["config", "source"])
def test_a_manifest_that_says_another_id_is_refused(folder: Path, part: str) -> None:
    path = folder / "dataset.json"
    manifest = json.loads(path.read_bytes())
    manifest[part] |= {"fit": "pad"} if part == "config" else {"blake3": "0" * 64}
    path.write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=r"expected id \w+\.\.\., as its config and pictures give"):
        read_manifest(folder)


def test_every_name_and_hash_counts() -> None:
    one = hash_sources([("ab", b"1" * 32), ("c", b"2" * 32)])
    others = [
        [("a", b"1" * 32), ("bc", b"2" * 32)],
        [("ab", b"1" * 32)],
        [("ab", b"1" * 32), ("c", b"3" * 32)],
    ]
    assert len({one, *map(hash_sources, others)}) == 4
    assert labelled_id({}, one) != labelled_id({"fit": "pad"}, one)


def test_verify_finds_a_changed_shard(photos: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(photos, tmp_path / "copy")
    assert verify_dataset(folder, progress=False) == []
    with (folder / "val-00000.h5").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x99")
    (problem,) = verify_dataset(folder, progress=False)
    assert problem.where.endswith("val-00000.h5") and "BLAKE3" in problem.expected
