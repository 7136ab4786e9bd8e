import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from generator.errors import UsageError
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.reading.dataset import open_dataset

# pycocotools does not close the file that it reads, and it converts masks in a way that NumPy deprecates.
forgives_pycocotools = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore:__array__ implementation:DeprecationWarning"
)


@forgives_pycocotools
def test_pycocotools_reads_the_masks_back(crowded: Path, tmp_path: Path) -> None:
    export_dataset(ExportConfig(data=crowded, out=tmp_path, format="coco", workers=1))
    dataset = open_dataset(crowded)
    for name, split in dataset.splits.items():
        coco = COCO(str(tmp_path / "annotations" / f"instances_{name}.json"))
        assert sorted(coco.getImgIds()) == sorted(split.samples["sample_id"].tolist())
        assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["foreground"]
        batch = split.read(np.arange(len(split)))
        assert batch.instances is not None
        for row, number in enumerate(split.samples["sample_id"].tolist()):
            (image,) = coco.loadImgs(number)
            assert (image["width"], image["height"]) == (32, 24)
            picture = cv2.imread(str(tmp_path / "images" / name / image["file_name"]))[..., ::-1]
            assert (picture == batch.fg_bg[row]).all()
            annotations = coco.loadAnns(coco.getAnnIds(number))
            shown = sorted(set(batch.instances[row].ravel()) - {0})
            assert [annotation["id"] - 256 * number for annotation in annotations] == shown
            for value, annotation in zip(shown, annotations, strict=True):
                mask = batch.instances[row] == value
                assert (coco.annToMask(annotation) == mask).all()
                y, x = np.nonzero(mask)
                assert annotation["bbox"] == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
                assert annotation["area"] == mask.sum()


@forgives_pycocotools
def test_one_object_is_its_mask_from_one_half_on(unrendered: Path, tmp_path: Path) -> None:
    config = ExportConfig(
        data=unrendered, out=tmp_path, format="coco", subset="val", samples=4, picture_format="jpg", workers=1
    )
    export_dataset(config)
    coco = COCO(str(tmp_path / "annotations" / "instances_val.json"))
    batch = open_dataset(unrendered)["val"].read(np.arange(4))
    masks = [coco.annToMask(annotation) for annotation in coco.dataset["annotations"]]
    assert (np.array(masks) == (batch.mask >= 128)).all()
    assert (tmp_path / "images" / "val" / coco.dataset["images"][0]["file_name"]).suffix == ".jpg"
    assert [path.name for path in (tmp_path / "annotations").iterdir()] == ["instances_val.json"]


def test_ids_are_the_same_whatever_else_is_exported(unrendered: Path, tmp_path: Path) -> None:
    documents = []
    for samples in (2, 5):
        out = tmp_path / str(samples)
        export_dataset(
            ExportConfig(data=unrendered, out=out, format="coco", subset="val", samples=samples, workers=1)
        )
        documents.append(json.loads((out / "annotations" / "instances_val.json").read_text()))
    few, more = documents
    assert more["images"][:2] == few["images"] and more["annotations"][:2] == few["annotations"]
    assert len({annotation["id"] for annotation in more["annotations"]}) == 5


def test_without_pycocotools_it_says_what_to_install(
    unrendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(UsageError, match=r"pip install 'fgbg\[coco\]'"):
        export_dataset(ExportConfig(data=unrendered, out=tmp_path / "out", format="coco", workers=1))
    assert not (tmp_path / "out").exists()
