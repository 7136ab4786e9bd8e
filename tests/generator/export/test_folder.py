import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.drawing.write import DrawnSamples
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.reading.dataset import open_dataset


@pytest.fixture(scope="module")
def out(crowded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folder")
    export_dataset(ExportConfig(data=crowded, out=folder, format="folder", workers=1))
    return folder


def test_every_sample_is_there_bit_for_bit(crowded: Path, out: Path) -> None:
    dataset = open_dataset(crowded)
    for name, split in dataset.splits.items():
        batch = split.read(np.arange(len(split)))
        for field in ("bg", "fg_bg", "mask", "depth", "instances"):
            assert len(list((out / name / field).iterdir())) == len(split)
            for number, expected in zip(split.samples["sample_id"], getattr(batch, field), strict=True):
                stored = cv2.imread(str(out / name / field / f"{number:012d}.png"), cv2.IMREAD_UNCHANGED)
                assert stored.dtype == expected.dtype
                assert ((stored[..., ::-1] if stored.ndim == 3 else stored) == expected).all()


def test_the_table_names_pictures_and_boxes(crowded: Path, assets: DrawnSamples, out: Path) -> None:
    dataset = open_dataset(crowded)
    with (out / "samples.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["split"] for line in lines] == [
        name for name, split in dataset.splits.items() for _ in range(len(split))
    ]
    objects = 0
    for line in lines:
        assert (assets.bg / line["bg"]).is_file()
        fgs, boxes = json.loads(line["fg"]), json.loads(line["boxes"])
        instances = cv2.imread(
            str(out / line["split"] / "instances" / f"{line['name']}.png"), cv2.IMREAD_UNCHANGED
        )
        assert len(fgs) == len(boxes) and int(line["name"]) == int(line["sample_id"])
        for number, box in enumerate(boxes, 1):
            y, x = np.nonzero(instances == number)
            assert box == ([x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1] if len(x) else None)
        assert all((assets.fg / fg).is_file() for fg in fgs)
        objects += len(fgs)
    assert objects > len(lines)


def test_one_object_a_sample_has_no_instances(unrendered: Path, tmp_path: Path) -> None:
    export_dataset(
        ExportConfig(data=unrendered, out=tmp_path, format="folder", subset="val", samples=3, workers=1)
    )
    assert {path.name for path in (tmp_path / "val").iterdir()} == {"bg", "fg_bg", "mask", "depth"}
    assert {path.name for path in tmp_path.iterdir()} == {"val", "samples.csv", ".export"}
