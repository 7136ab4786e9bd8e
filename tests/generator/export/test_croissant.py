"""Croissant metadata, as mlcroissant reads it."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.errors import ExistsError, UsageError
from generator.export.config import ExportConfig
from generator.export.croissant import CROISSANT_FILE, describe_dataset
from generator.export.pipeline import export_dataset
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
    given = {"licence": "https://spdx.org/licenses/MIT", "creator": "us"} | fields
    export_dataset(ExportConfig(data=data, out=out, format="folder", croissant=True, workers=1, **given))
    return loaded(out / CROISSANT_FILE)


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
    metadata = loaded(describe_dataset(folder)).metadata
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
        describe_dataset(folder)
    describe_dataset(folder, overwrite=True)


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
    assert len(rows) == 60
    names = {(row["samples/split"].decode(), row["samples/name"].decode()) for row in rows}
    assert names == {(path.parts[-3], path.stem) for path in tmp_path.glob("*/mask/*.png")}


@forgives_mlcroissant
def test_names_of_digits_stay_as_they_are(labelled: Path, tmp_path: Path) -> None:
    fields = {"data": labelled, "out": tmp_path, "format": "folder", "subset": "val", "workers": 1}
    export_dataset(ExportConfig(**fields))
    table = tmp_path / "samples.csv"
    pictures = [row["picture"] for row in csv.DictReader(table.read_text().splitlines())]
    for number, picture in enumerate(pictures):
        table.write_text(table.read_text().replace(picture, f"00{number}" if number else "NA"))
    assert export_dataset(ExportConfig(**fields, croissant=True)).written == 0  # adds what is missing
    found = [row["samples/picture"] for row in loaded(tmp_path / CROISSANT_FILE).records("samples")]
    assert found == [b"NA", *(f"00{number}".encode() for number in range(1, len(pictures)))]


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
    fields = {"format": "folder", "subset": "val", "croissant": True, "workers": 1}
    export_dataset(ExportConfig(data=photos, out=tmp_path, **fields))
    text = (tmp_path / CROISSANT_FILE).read_text()
    printed = subprocess.run("sha256sum *", shell=True, cwd=tmp_path / "val/mask", capture_output=True).stdout
    if printed:  # not every system has the command
        assert hashlib.sha256(printed).hexdigest() in text


def test_a_dataset_behind_a_url_is_refused_before_it_is_read() -> None:
    with pytest.raises(UsageError, match=r"s3://bucket/data is a URL.*Copy the dataset to a folder"):
        describe_dataset(Url("s3://bucket/data"))


def test_without_mlcroissant_it_says_what_to_install(
    unrendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with pytest.raises(UsageError, match=r"pip install 'fgbg\[croissant\]'"):
        describe_dataset(unrendered)
    assert not (unrendered / CROISSANT_FILE).exists()
