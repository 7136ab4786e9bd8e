from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.errors import ImageError
from generator.label_formats.cityscapes import list_source
from generator.label_formats.items import Choice, Label

Put = Callable[..., Path]
Read = Callable[..., Label]
NAME = "leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit"


@pytest.fixture
def streets(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for split, city, labels in (
        ("train", "ulm", [[0, 7, 26]]),
        ("val", "lindau", [[7, 7, 33]]),
        ("test", "berlin", [[1, 2, 3]]),
    ):
        start = f"{city}/{city}_000000_000019"
        put(f"leftImg8bit/{split}/{start}_leftImg8bit.png", photo)
        put(f"gtFine/{split}/{start}_gtFine_labelIds.png", labels)
        put(f"gtFine/{split}/{start}_gtFine_color.png", photo)
        objects = np.array([[0, 7, 26002]], np.uint16)
        put(f"gtFine/{split}/{start}_gtFine_instanceIds.png", objects)
    put("disparity/train/ulm/ulm_000000_000019_disparity.png", np.array([[0, 257, 513]], np.uint16))
    return tmp_path


def test_classes_of_the_evaluation_and_objects(streets: Path, label: Read) -> None:
    source = list_source(streets, Choice())
    found = label(source, NAME)
    assert source.mask.kind == "classes" and len(source.mask.names) == 19 and source.mask.names[13] == "car"
    assert found.levels.tolist() == [[255, 0, 13]]
    assert found.instances is not None and found.instances.tolist() == [[0, 0, 1]]
    assert not source.problems


def test_colours_are_no_numbers_of_objects(streets: Path, put: Put, label: Read) -> None:
    path = put("gtFine/train/ulm/ulm_000000_000019_gtFine_instanceIds.png", [[[1, 2, 3]] * 3])
    with pytest.raises(ImageError) as error:
        label(list_source(streets, Choice()), NAME)
    assert str(error.value) == (
        f"{path}: expected numbers of objects, in 16 bits, found colours; use the instanceIds of Cityscapes"
    )


def test_splits_and_depth(streets: Path) -> None:
    source = list_source(streets, Choice())
    assert {item.name.split("/")[1]: item.split for item in source.items} == {"train": "train", "val": "val"}
    assert {item.split: item.depth for item in source.items} == {
        "train": streets / "disparity/train/ulm/ulm_000000_000019_disparity.png",
        "val": None,
    }
    assert source.notes == ["1 picture of test left out: their labels are not published"]


def test_labels_of_test_count_if_they_say_something(streets: Path, put: Put) -> None:
    put("gtFine/test/berlin/berlin_000000_000019_gtFine_labelIds.png", [[1, 7, 3]])
    assert [item.split for item in list_source(streets, Choice()).items] == ["test", "train", "val"]


def test_alpha_of_chosen_classes(streets: Path, label: Read) -> None:
    found = label(list_source(streets, Choice(foreground=("car",))), NAME)
    assert found.levels.tolist() == [[0, 0, 255]]
    assert found.void is not None and found.void.tolist() == [[True, False, False]]
    assert found.instances is not None and found.instances.tolist() == [[0, 0, 1]]


def test_numbers_of_training_are_no_labels(streets: Path, put: Put, label: Read) -> None:
    put("gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png", [[0, 18, 255]])
    with pytest.raises(ImageError, match=r"expected numbers of classes \(0 to 33\), found 255 \(1 pixel\)"):
        label(list_source(streets, Choice()), NAME)


def test_a_picture_without_label_is_reported(streets: Path) -> None:
    (streets / "gtFine/val/lindau/lindau_000000_000019_gtFine_labelIds.png").unlink()
    [problem] = list_source(streets, Choice()).problems
    assert str(problem) == (
        f"{streets}/leftImg8bit/val/lindau/lindau_000000_000019_leftImg8bit.png has no"
        f" lindau/lindau_000000_000019_gtFine_labelIds.png in {streets}/gtFine/val."
        " Add the label, or remove the picture."
    )
