from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.errors import AssetError, ImageError
from generator.label_formats.ade20k import list_source
from generator.label_formats.items import Choice, Label

Put = Callable[..., Path]
Read = Callable[..., Label]
NAME = "ADEChallengeData2016/images/training/ADE_train_1"


@pytest.fixture
def ade(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for folder, name in (("training", "ADE_train_1"), ("validation", "ADE_val_1")):
        put(f"ADEChallengeData2016/images/{folder}/{name}.jpg", photo)
        put(f"ADEChallengeData2016/annotations/{folder}/{name}.png", [[0, 1, 150]])
    return tmp_path


def test_0_is_void_and_1_is_the_first_class(ade: Path, label: Read) -> None:
    source = list_source(ade, Choice())
    assert label(source, NAME).levels.tolist() == [[255, 0, 149]]
    assert {item.name[-5:]: item.split for item in source.items} == {"ain_1": "train", "val_1": "val"}
    assert source.mask.kind == "classes" and len(source.mask.names) == 150
    assert source.mask.names[0] == "unknown_1" and source.mask.names[149] == "unknown_150"
    assert source.notes == ["no objectInfo150.txt: classes are called unknown_1 to unknown_150"]


@pytest.mark.parametrize(
    "text",
    [
        "Idx\tRatio\tTrain\tVal\tName\n1\t0.1576\t11664\t1172\twall\n2\t0.1\t6046\t612\tbuilding, edifice\n",
        "Idx,Ratio,Train,Val,Stuff,Name\n1,0.1576,11664,1172,1,wall\n2,0.1,6046,612,1,building;edifice\n",
        "wall\nbuilding, edifice\n",
        "other\nwall\nbuilding\n" + "".join(f"c{n}\n" for n in range(3, 151)),
    ],
)
def test_names_of_any_class_file(ade: Path, put: Put, text: str) -> None:
    put("ADEChallengeData2016/objectInfo150.txt", text)
    source = list_source(ade, Choice())
    assert source.mask.kind == "classes" and source.mask.names[:2] == ["wall", "building"]
    assert len(source.mask.names) == 150


def test_a_number_beyond_150_is_refused(ade: Path, put: Put, label: Read) -> None:
    path = put("ADEChallengeData2016/annotations/training/ADE_train_1.png", [[1, 151, 151]])
    with pytest.raises(ImageError) as error:
        label(list_source(ade, Choice()), NAME)
    assert str(error.value) == (
        f"{path}: expected numbers of classes (0 to 150, 255), found 151 (2 pixels);"
        " correct the mask, or name all classes with `labels`"
    )


def test_the_full_ade20k_is_another_format(ade: Path, put: Put, photo: np.ndarray) -> None:
    put("ADEChallengeData2016/images/training/ADE_train_1_seg.png", photo)
    with pytest.raises(AssetError, match=r"expected pictures alone, found \*_seg.png, as in the full ADE20K"):
        list_source(ade, Choice())


def test_labels_without_picture_are_reported(ade: Path, put: Put) -> None:
    path = put("ADEChallengeData2016/annotations/validation/ADE_val_2.png", [[1, 1, 1]])
    [problem] = list_source(ade, Choice()).problems
    assert str(problem) == f"{path} has no picture. Add the picture, or remove the label."
