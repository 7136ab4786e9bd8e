"""Croissant metadata, as mlcroissant reads it."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.errors import ExistsError, UsageError
from generator.export.config import ExportConfig
from generator.export.croissant import CROISSANT_FILE, Credits, describe_dataset, describe_folder
from generator.export.pipeline import export_dataset
from generator.format.manifest import read_manifest
from generator.places import Url
from generator.reading.dataset import open_dataset

mlcroissant = pytest.importorskip("mlcroissant")

# mlcroissant leaves files open, and rdflib, by which it reads JSON-LD, uses an old name of its own.
forgives_mlcroissant = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore:ConjunctiveGraph is deprecated:DeprecationWarning"
)


def loaded(path: Path) -> Any:
    dataset = mlcroissant.Dataset(str(path))
    assert not dataset.metadata.ctx.issues.errors
    return dataset


def described(data: Path, out: Path, **fields: object) -> Any:
    export_dataset(ExportConfig(data=data, out=out, format="folder", workers=1, **fields))
    return loaded(describe_folder(out, read_manifest(data), Credits("https://spdx.org/licenses/MIT", "us")))


def images(dataset: Any, name: str) -> dict[int, np.ndarray]:
    return {
        int(record[f"{name}/name"]): np.array(record[f"{name}/image"]) for record in dataset.records(name)
    }


@forgives_mlcroissant
def test_shards_are_listed_with_their_sizes_and_hashes(unrendered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for path in unrendered.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    metadata = loaded(describe_dataset(folder, Credits())).metadata
    manifest = open_dataset(folder).manifest  # the file changes nothing
    names = {"dataset.json", *(entry.file for entry in manifest.files())}
    assert {file.name for file in metadata.file_objects} == names
    for file in metadata.file_objects:
        content = (folder / file.name).read_bytes()
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.content_size == f"{len(content)} B"
    assert "12 cut-outs on 12 backgrounds" in metadata.description and manifest.id in metadata.description
    assert metadata.data_limitations and metadata.data_collection.startswith("Synthetic")
    with pytest.raises(ExistsError):
        describe_dataset(folder, Credits())
    describe_dataset(folder, Credits(), overwrite=True)


@forgives_mlcroissant
def test_records_of_a_folder_are_the_samples_to_the_bit(crowded: Path, tmp_path: Path) -> None:
    dataset = described(crowded, tmp_path)
    assert dataset.metadata.license == ["https://spdx.org/licenses/MIT"]
    assert [one.name for one in dataset.metadata.creators] == ["us"]
    for name, split in open_dataset(crowded).splits.items():
        batch = split[:]
        for field in ("bg", "fg_bg", "mask", "depth", "instances"):
            found = images(dataset, f"{name}/{field}")
            stored = dict(zip(split.sample_ids.tolist(), getattr(batch, field), strict=True))
            assert found.keys() == stored.keys()
            assert all((found[number] == stored[number]).all() for number in found)
    rows = list(dataset.records("samples"))
    assert len(rows) == 60 and {row["samples/split"] for row in rows} == {b"train", b"val", b"test"}


@forgives_mlcroissant
def test_classes_are_numbers_and_named(labelled: Path, tmp_path: Path) -> None:
    dataset = described(labelled, tmp_path, subset="val", picture_format="jpg")
    found, split = images(dataset, "val/mask"), open_dataset(labelled)["val"]
    masks = dict(zip(split.sample_ids.tolist(), split[:].mask, strict=True))
    assert all((found[number] == mask).all() for number, mask in masks.items())
    (about,) = (one.description for one in dataset.metadata.record_sets if one.id == "val/mask")
    assert about.startswith("Classes: 0 none, 1 left, 2 middle, 3 right; 255 void.")
    assert images(dataset, "val/fg_bg").keys() == masks.keys()


def test_the_hash_of_a_folder_is_that_of_its_sums(photos: Path, tmp_path: Path) -> None:
    export_dataset(ExportConfig(data=photos, out=tmp_path, format="folder", subset="val", workers=1))
    text = describe_folder(tmp_path, read_manifest(photos), Credits()).read_text()
    printed = subprocess.run("sha256sum *", shell=True, cwd=tmp_path / "val/mask", capture_output=True).stdout
    if printed:  # not every system has the command
        assert hashlib.sha256(printed).hexdigest() in text


def test_a_dataset_behind_a_url_is_refused_before_it_is_read() -> None:
    with pytest.raises(UsageError, match=r"s3://bucket/data is a URL.*Copy the dataset to a folder"):
        describe_dataset(Url("s3://bucket/data"), Credits())


def test_without_mlcroissant_it_says_what_to_install(
    unrendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with pytest.raises(UsageError, match=r"pip install 'fgbg\[croissant\]'"):
        describe_dataset(unrendered, Credits())
    assert not (unrendered / CROISSANT_FILE).exists()
