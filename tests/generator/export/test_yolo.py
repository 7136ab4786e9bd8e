"""What `export --format yolo` writes is read again: by `import yolo`, and as Ultralytics reads it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import yaml

from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.format.manifest import ClassMask
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled
from generator.reading.batch import Batch
from generator.reading.dataset import Dataset, open_dataset
from generator.splits import SPLITS, SplitName


def exported(data: Path, out: Path, **fields: object) -> Path:
    export_dataset(ExportConfig(data=data, out=out, format="yolo", workers=1, **fields))
    return out


def imported(source: Path, out: Path, **fields: object) -> Dataset:
    import_labelled(
        ImportConfig(format="yolo", source=source, out=out, size=(32, 24), workers=1, **fields),
        progress=False,
    )
    return open_dataset(out)


def in_order(dataset: Dataset, split: SplitName) -> Batch:
    """The samples of an imported split in the order of the names of their pictures."""
    rows = range(len(dataset[split]))
    return dataset[split].read(sorted(rows, key=dataset[split].name_of))


def originals(data: Path, split: SplitName) -> Batch:
    rows = np.argsort(open_dataset(data)[split].sample_ids)
    return open_dataset(data)[split].read(rows)


def test_objects_come_back_one_by_one(crowded: Path, tmp_path: Path) -> None:
    source = exported(crowded, tmp_path / "yolo")
    assert yaml.safe_load((source / "data.yaml").read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "test": "images/test",
        "names": {0: "foreground"},
    }
    again = imported(source, tmp_path / "again", mask="alpha")
    for split in SPLITS:
        before, after = originals(crowded, split), in_order(again, split)
        assert before.instances is not None and after.instances is not None
        assert (after.fg_bg == before.fg_bg).all()
        assert ((after.mask == 255) == (before.instances > 0)).all()
        for old, new in zip(before.instances, after.instances, strict=True):
            pairs = set(zip(old.ravel().tolist(), new.ravel().tolist(), strict=True))
            assert len(pairs) == len({number for number, _ in pairs}) == len({number for _, number in pairs})


def test_classes_come_back_after_the_background(labelled: Path, tmp_path: Path) -> None:
    again = imported(exported(labelled, tmp_path / "yolo"), tmp_path / "again")
    assert isinstance(again.manifest.mask, ClassMask)
    assert again.manifest.mask.names == ["background", "none", "left", "middle", "right"]
    before, after = originals(labelled, "train").mask, in_order(again, "train").mask
    assert (after == np.where(before == 255, 0, before + 1)).all()


def test_the_background_has_no_line_and_no_number(
    write_labelled: Callable[..., Path], tmp_path: Path
) -> None:
    entry = ClassMask(names=["road", "Background", "car"], colours=[[0, 0, 0], [9, 9, 9], [5, 5, 5]])

    def label(split: str, batch: Batch) -> np.ndarray:
        return np.where(batch.mask == 255, 2, 1).astype(np.uint8)

    (tmp_path / "data").mkdir()
    source = exported(write_labelled(tmp_path / "data", entry, (), label), tmp_path / "yolo", subset="val")
    assert yaml.safe_load((source / "data.yaml").read_text())["names"] == {0: "road", 1: "car"}
    named = yaml.safe_load((source / "semantic.yaml").read_text())
    assert named["names"] == {0: "road", 1: "Background", 2: "car"} and named["masks_dir"] == "masks"
    lines = [path.read_text().splitlines() for path in (source / "labels/val").iterdir()]
    assert {line.split()[0] for text in lines for line in text} == {"1"}
    assert not (source / "depth").exists()


def test_masks_are_numbers_of_classes_and_void_is_255(photos: Path, tmp_path: Path) -> None:
    source = exported(photos, tmp_path, subset="val")
    assert yaml.safe_load((source / "semantic.yaml").read_text())["names"] == {
        0: "background",
        1: "foreground",
    }
    stored = [
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((source / "masks/val").iterdir())
    ]
    levels = originals(photos, "val").mask
    assert (np.array(stored) == np.select([levels == 255, levels == 127], [1, 255], 0)).all()


def test_depth_is_float32_above_0_where_it_is_known(unrendered: Path, tmp_path: Path) -> None:
    source = exported(unrendered, tmp_path, subset="test")
    found = np.array([np.load(path) for path in sorted((source / "depth/test").iterdir())])
    depth = originals(unrendered, "test").depth
    assert depth is not None and found.dtype == np.float32
    assert found.shape == depth.shape and ((found > 0) == (depth > 0)).all()
    np.testing.assert_allclose(found * 65535, depth, atol=0.01)


def test_polygons_filled_as_ultralytics_does(labelled: Path, tmp_path: Path) -> None:
    """It scales corners to the size that it trains at, cuts off fractions, and fills with OpenCV."""
    source = exported(labelled, tmp_path, subset="train")
    scale, union, common = 20, 0, 0
    for path, levels in zip(
        sorted((source / "labels/train").iterdir()), originals(labelled, "train").mask, strict=True
    ):
        for line in path.read_text().splitlines():
            number, *shares = line.split()
            corners = np.array(shares, float).reshape(-1, 2) * (32 * scale, 24 * scale)
            filled = np.zeros((24 * scale, 32 * scale), np.uint8)
            cv2.fillPoly(filled, [corners.astype(np.int32)], 1)
            truth = (levels == int(number)).repeat(scale, 0).repeat(scale, 1)
            union, common = union + (truth | filled > 0).sum(), common + (truth & filled > 0).sum()
    assert common / union > 0.97
