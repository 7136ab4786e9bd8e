"""Labelled datasets in other formats: classes with a palette, and only what there is."""

import csv
import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from generator.assets.labels import read_labels
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.reading.dataset import open_dataset


def test_a_folder_has_what_the_dataset_has(photos: Path, tmp_path: Path) -> None:
    export_dataset(ExportConfig(data=photos, out=tmp_path, format="folder", workers=1))
    assert {path.name for path in (tmp_path / "val").iterdir()} == {"fg_bg", "mask"}
    with (tmp_path / "samples.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    split = open_dataset(photos)["val"]
    assert [row["picture"] for row in rows] == [split.name_of(row) for row in range(len(split))]
    assert json.loads(rows[0]["fg"]) == ["object"]
    stored = cv2.imread(str(tmp_path / "val" / "mask" / f"{rows[0]['name']}.png"), cv2.IMREAD_UNCHANGED)
    assert (stored == split[0].mask).all()


def test_masks_of_classes_have_a_palette_and_can_be_imported_again(labelled: Path, tmp_path: Path) -> None:
    export_dataset(ExportConfig(data=labelled, out=tmp_path, format="folder", subset="val", workers=1))
    dataset = open_dataset(labelled)
    split = dataset["val"]
    for row, path in enumerate(sorted((tmp_path / "val" / "mask").iterdir())):
        number = split.sample_ids.tolist().index(int(path.stem))
        with Image.open(path) as picture:
            assert picture.mode == "P"
            assert (np.array(picture) == split[number].mask).all()
            colours = np.array(picture.convert("RGB"))
        known = split[number].mask == 1
        assert (colours[known] == dataset.manifest.mask.colours[1]).all()
        labels = read_labels(path)
        assert labels.palette is not None and (labels.values == split[number].mask).all()
        assert row < len(split)


def test_archives_have_what_the_dataset_has(labelled: Path, tmp_path: Path) -> None:
    export_dataset(ExportConfig(data=labelled, out=tmp_path, format="webdataset", subset="val", workers=1))
    (path,) = tmp_path.glob("*.tar")
    with tarfile.open(path) as archive:
        names = archive.getnames()
        first = archive.extractfile(names[0].partition(".")[0] + ".mask.png")
        assert first is not None
        assert Image.open(io.BytesIO(first.read())).mode == "P"
    suffixes = {name.partition(".")[2] for name in names}
    assert suffixes == {"bg.png", "fg_bg.png", "mask.png", "depth.png", "json"}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_coco_has_a_category_for_each_class(labelled: Path, tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    export_dataset(ExportConfig(data=labelled, out=tmp_path, format="coco", subset="train", workers=1))
    coco = COCO(str(tmp_path / "annotations" / "instances_train.json"))
    categories = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    assert categories == {1: "none", 2: "left", 3: "middle", 4: "right"}
    split = open_dataset(labelled)["train"]
    masks = split[:].mask
    for row, number in enumerate(split.sample_ids.tolist()):
        annotations = coco.loadAnns(coco.getAnnIds(number))
        found = {annotation["category_id"] - 1: coco.annToMask(annotation) > 0 for annotation in annotations}
        assert set(found) == set(np.unique(masks[row]).tolist()) - {255}
        assert all((shown == (masks[row] == level)).all() for level, shown in found.items())


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_coco_of_an_alpha_has_its_object(photos: Path, tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    export_dataset(ExportConfig(data=photos, out=tmp_path, format="coco", subset="val", workers=1))
    coco = COCO(str(tmp_path / "annotations" / "instances_val.json"))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["foreground"]
    split = open_dataset(photos)["val"]
    for row, number in enumerate(split.sample_ids.tolist()):
        (annotation,) = coco.loadAnns(coco.getAnnIds(number))
        assert (coco.annToMask(annotation) == (split[row].mask == 255)).all()
