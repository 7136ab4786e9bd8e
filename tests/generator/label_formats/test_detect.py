from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError
from generator.label_formats import detect
from generator.label_formats.detect import detect_format
from generator.label_formats.items import Choice, Item, LabelSource


def test_the_format_that_finds_pictures_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting = ["folder"]
    empty: list[str] = []

    def list_source(name: str, source: Path, choice: Choice) -> LabelSource:
        if name not in fitting + empty:
            raise AssetError(source, "", "is something else", "Correct it.")
        items = [] if name in empty else [Item("a", Path("a.png"))]
        return LabelSource(items, mask=None, read_label=None)  # type: ignore[arg-type]

    monkeypatch.setattr(detect, "FORMATS", {"folder": "", "one": "", "two": ""})
    monkeypatch.setattr(detect, "list_source", list_source)
    assert detect_format(tmp_path, Choice()) == "folder"
    empty += ["one"]
    assert detect_format(tmp_path, Choice()) == "folder"
    fitting += ["two"]
    assert detect_format(tmp_path, Choice()) == "two"
    empty.clear()
    fitting += ["one"]
    with pytest.raises(AssetError, match=r"expected files of one format, found those of one and two; choose"):
        detect_format(tmp_path, Choice())
    fitting.clear()
    with pytest.raises(AssetError, match=r"Correct it; if these are files of another format, choose it with"):
        detect_format(tmp_path, Choice())
    with pytest.raises(AssetError, match=r"nowhere does not exist\. Give the folder of a labelled data set"):
        detect_format(tmp_path / "nowhere", Choice())


def test_the_only_format_that_knows_the_folders_says_what_is_wrong(tmp_path: Path) -> None:
    for folder, name in (("image_2", "um_000000.png"), ("gt_image_2", "um_lane_000000.png")):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / folder / name)
    with pytest.raises(AssetError, match=r"expected road labels .* found only lane labels; choose them"):
        detect_format(tmp_path, Choice())
    assert detect_format(tmp_path, Choice(variant="lane")) == "kitti-road"


def test_pictures_and_masks_with_a_class_file_are_a_folder_and_not_yolo_without_labels(
    tmp_path: Path,
) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((8, 12), np.uint8)).save(tmp_path / name / "a.png")
    (tmp_path / "names.txt").write_text("sky\nroad\n")
    assert detect_format(tmp_path, Choice(labels=tmp_path / "names.txt")) == "folder"
