from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.errors import AssetError, ImageError, UsageError
from generator.label_formats.camvid import COLOURS, list_source
from generator.label_formats.items import Choice, Label

Put = Callable[..., Path]
Read = Callable[..., Label]
SKY, VOID, WALL = COLOURS["Sky"], COLOURS["Void"], COLOURS["Wall"]


def test_the_original_is_keyed_by_colour(tmp_path: Path, put: Put, photo: np.ndarray, label: Read) -> None:
    put("701_StillsRaw_full/a.png", photo)
    put("LabeledApproved_full/a_L.png", [[SKY, VOID, WALL]])
    put(
        "label_colors.txt",
        "0 0 0\t\tVoid\n64 192 0\tWall\n128 128 128\tSky\n192 0 192\tMotorcycycleScooter\n",
    )
    source = list_source(tmp_path, Choice())
    assert source.mask.kind == "classes" and source.mask.names == ["Wall", "Sky", "MotorcycycleScooter"]
    assert source.mask.colours[1] == [128, 128, 128]
    assert label(source, "701_StillsRaw_full/a").levels.tolist() == [[1, 255, 0]]


def test_a_picture_of_one_grey_colour_is_no_number(
    tmp_path: Path, put: Put, photo: np.ndarray, label: Read
) -> None:
    put("train/a.png", photo)
    put("train_labels/a_L.png", [[VOID, VOID, SKY]])
    source = list_source(tmp_path, Choice())
    assert source.items[0].split == "train"
    assert source.notes == ["no codes.txt or label_colors.txt: CamVid's 32 classes, by name"]
    assert label(source, "train/a").levels.tolist() == [[255, 255, 21]]


@pytest.fixture
def fast_ai(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for name in "ab":
        put(f"images/{name}.png", photo)
        put(f"labels/{name}_P.png", [[0, 30, 31]])
    put("codes.txt", "\n".join(COLOURS) + "\n")
    put("valid.txt", "b.png\n")
    return tmp_path


def test_void_of_fast_ai_is_30_and_0_is_a_class(fast_ai: Path, label: Read) -> None:
    source = list_source(fast_ai, Choice())
    assert source.mask.kind == "classes" and len(source.mask.names) == 31
    assert source.mask.names[0] == "Animal" and source.mask.names[30] == "Wall"
    assert label(source, "images/a").levels.tolist() == [[0, 255, 30]]
    assert [item.split for item in source.items] == ["train", "val"]


def test_alpha_needs_the_names_of_the_object(fast_ai: Path, label: Read) -> None:
    found = label(list_source(fast_ai, Choice(foreground=("Wall",))), "images/a")
    assert found.levels.tolist() == [[0, 0, 255]]
    assert found.void is not None and found.void.tolist() == [[False, True, False]]
    with pytest.raises(UsageError) as error:
        list_source(fast_ai, Choice(mask="alpha"))
    assert str(error.value).startswith(
        "`foreground`: expected the classes that are the object, found none, and no class is the background;"
        " choose among: Animal, Archway, "
    )


def test_a_number_without_name_is_refused(fast_ai: Path, put: Put, label: Read) -> None:
    path = put("labels/a_P.png", [[0, 32, 32]])
    with pytest.raises(ImageError) as error:
        label(list_source(fast_ai, Choice()), "images/a")
    assert str(error.value) == (
        f"{path}: expected numbers of classes (0 to 31), found 32 (2 pixels);"
        " correct the mask, or name all classes with `labels`"
    )


def test_a_listed_picture_that_is_missing_is_reported(fast_ai: Path, put: Put) -> None:
    put("valid.txt", "b.png\nc.png\n")
    [problem] = list_source(fast_ai, Choice()).problems
    assert str(problem) == (
        f"{fast_ai}/valid.txt: expected pictures that are there, found c, missing;"
        " add the picture, or remove it from the list"
    )


@pytest.fixture
def segnet(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for split in ("train", "val", "test"):
        for name in (f"{split}1", f"{split}2"):
            put(f"CamVid/{split}/{name}.png", photo)
            put(f"CamVid/{split}annot/{name}.png", [[0, 10, 11]])
        line = f"/SegNet/CamVid/{split}/{split}1.png /SegNet/CamVid/{split}annot/{split}1.png\n"
        put(f"CamVid/{split}.txt", line)
    return tmp_path


def test_void_of_segnet_is_11_and_0_is_sky(segnet: Path, label: Read) -> None:
    source = list_source(segnet, Choice())
    assert source.mask.kind == "classes" and source.mask.names[0] == "Sky" and len(source.mask.names) == 11
    assert label(source, "CamVid/train/train1").levels.tolist() == [[0, 10, 255]]


def test_lists_of_segnet_name_another_machine(segnet: Path) -> None:
    source = list_source(segnet / "CamVid", Choice())
    assert {item.name: item.split for item in source.items} == {
        "train/train1": "train",
        "val/val1": "val",
        "test/test1": "test",
    }
    assert not source.problems
    assert source.notes[0] == "1 picture left out: in the folders, but not in train.txt"


def test_a_folder_of_something_else_is_refused(tmp_path: Path, put: Put, photo: np.ndarray) -> None:
    put("a.png", photo)
    with pytest.raises(AssetError, match=r"expected NAME_L\.png or NAME_P\.png beside pictures"):
        list_source(tmp_path, Choice())
    with pytest.raises(AssetError, match=r"nowhere does not exist\. Give the folder of camvid\."):
        list_source(tmp_path / "nowhere", Choice())
