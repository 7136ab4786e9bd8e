from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.errors import AssetError, ImageError
from generator.label_formats.detect import detect_format
from generator.label_formats.drone import CLASSES, list_source
from generator.label_formats.items import Choice, Label

Put = Callable[..., Path]
Read = Callable[..., Label]
SPACES = "name, r, g, b\n" + "".join(f"{name}, {r}, {g}, {b}\n" for name, (r, g, b) in CLASSES)
SEMICOLONS = "name;r;g;b;id;\n" + "".join(
    f"{name};{r};{g};{b};{n};\n" for n, (name, (r, g, b)) in enumerate(CLASSES)
)
FROM_MINUS_1 = "id,name,r,g,b\r\n" + "".join(
    f"{n - 1},{name},{r},{g},{b}\r\n" for n, (name, (r, g, b)) in enumerate(CLASSES)
)
EDITED = SPACES.replace("person, 255, 22, 96", "person, 255, 0, 0")
PERSON, CAR = CLASSES[15][1], CLASSES[17][1]


@pytest.fixture
def kaggle(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    put("class_dict_seg.csv", SPACES)
    put("dataset/semantic_drone_dataset/original_images/000.jpg", photo)
    put("dataset/semantic_drone_dataset/label_images_semantic/000.png", [[0, 15, 23]])
    put("RGB_color_image_masks/RGB_color_image_masks/000.png", photo)
    return tmp_path


NAME = "dataset/semantic_drone_dataset/original_images/000"
MASK = "dataset/semantic_drone_dataset/label_images_semantic/000.png"


def test_numbers_are_rows_and_the_first_and_last_are_void(kaggle: Path, label: Read) -> None:
    source = list_source(kaggle, Choice())
    assert source.mask.kind == "classes" and len(source.mask.names) == 22
    assert source.mask.names[0] == "paved-area" and source.mask.names[14] == "person"
    assert label(source, NAME).levels.tolist() == [[255, 14, 255]]
    assert source.notes == ["masks hold numbers of classes"] and source.items[0].split is None


def test_the_official_layout_has_colours(tmp_path: Path, put: Put, photo: np.ndarray, label: Read) -> None:
    put("semantic_drone_dataset/training_set/images/000.jpg", photo)
    put("semantic_drone_dataset/training_set/gt/semantic/label_images/000.png", [[PERSON, [0, 0, 0], CAR]])
    put("semantic_drone_dataset/training_set/gt/semantic/class_dict.csv", SPACES)
    source = list_source(tmp_path, Choice())
    assert label(source, "semantic_drone_dataset/training_set/images/000").levels.tolist() == [[14, 255, 16]]
    assert source.notes == ["masks hold colours of classes"]


@pytest.mark.parametrize(("text", "person"), [(SEMICOLONS, 15), (FROM_MINUS_1, 14)])
def test_ids_of_the_class_file_count(kaggle: Path, put: Put, label: Read, text: str, person: int) -> None:
    put("class_dict_seg.csv", text)
    put(MASK, [[person, 1, 1]])
    source = list_source(kaggle, Choice())
    assert source.mask.kind == "classes" and len(source.mask.names) == 22
    assert source.mask.names[label(source, NAME).levels[0, 0]] == "person"


def test_where_unlabeled_is_minus_1_it_is_255_in_masks(kaggle: Path, put: Put, label: Read) -> None:
    put("class_dict_seg.csv", FROM_MINUS_1)
    put(MASK, [[0, 22, 255]])
    assert label(list_source(kaggle, Choice()), NAME).levels.tolist() == [[0, 255, 255]]


def test_two_classes_of_one_colour_are_refused_for_masks_of_colours(
    kaggle: Path, put: Put, label: Read
) -> None:
    path = put("class_dict_seg.csv", EDITED)
    assert label(list_source(kaggle, Choice()), NAME).levels.tolist() == [[255, 14, 255]]
    put(MASK, [[PERSON, CAR, CAR]])
    with pytest.raises(AssetError) as error:
        list_source(kaggle, Choice())
    assert str(error.value) == (
        f"{path}: expected a colour of its own for each class, found 255,0,0 for person and conflicting;"
        " give each class a colour of its own, or use masks of numbers"
    )


def test_a_single_mask_of_shared_colours_is_refused(
    kaggle: Path, put: Put, photo: np.ndarray, label: Read
) -> None:
    put("class_dict_seg.csv", EDITED)
    put(NAME.replace("000", "001") + ".jpg", photo)
    path = put(MASK.replace("000", "001"), [[(255, 0, 0), CAR, CAR]])
    with pytest.raises(ImageError) as error:
        label(list_source(kaggle, Choice()), NAME.replace("000", "001"))
    assert str(error.value) == (
        f"{path}: expected a colour of one class, found 255,0,0, which is person and conflicting;"
        " give each class a colour of its own in the class file, or use masks of numbers"
    )


def test_without_class_file_the_classes_are_known(kaggle: Path, label: Read) -> None:
    (kaggle / "class_dict_seg.csv").unlink()
    source = list_source(kaggle, Choice())
    assert source.notes[0] == "no class_dict_seg.csv: the 24 classes of the data set, by name"
    assert label(source, NAME).levels.tolist() == [[255, 14, 255]]


def test_a_number_beyond_the_class_file_is_refused(kaggle: Path, put: Put, label: Read) -> None:
    path = put(MASK, [[24, 24, 200]])
    with pytest.raises(ImageError) as error:
        label(list_source(kaggle, Choice()), NAME)
    assert str(error.value) == (
        f"{path}: expected numbers of classes (0 to 23), found 24 (2 pixels), 200 (1 pixel);"
        " correct the mask, or name all classes with `labels`"
    )


def test_a_lossy_mask_is_refused(kaggle: Path, put: Put, label: Read) -> None:
    (kaggle / MASK).unlink()
    put(MASK.replace("png", "jpg"), [[0, 15, 23]])
    with pytest.raises(
        ImageError, match=r"000\.jpg: expected exact labels, found JPEG, whose values are approx"
    ):
        label(list_source(kaggle, Choice()), NAME)


def test_an_unreadable_mask_is_reported_when_it_is_read(kaggle: Path, put: Put, label: Read) -> None:
    put(MASK, "no picture")
    source = list_source(kaggle, Choice())
    with pytest.raises(ImageError, match=r"000\.png: expected a picture, found no known picture format"):
        label(source, NAME)


NAMES = ["tree", "grass", "dirt", "gravel", "rocks", "water", "pool", "person", "dog", "car", "paved area"]


def test_the_divided_layout_names_what_it_leaves_out(
    tmp_path: Path, put: Put, photo: np.ndarray, label: Read
) -> None:
    put("raw/labels.txt", "\n".join(NAMES))
    put("raw/train/images/000.jpg", photo)
    put("raw/train/masks/000.png", [[0, 10, 22]])
    put("raw/test/images/001.jpg", photo)
    source = list_source(tmp_path, Choice())
    assert source.mask.kind == "classes"
    assert source.mask.names == [*NAMES, *(f"unknown_{number}" for number in range(11, 23))]
    assert label(source, "raw/train/images/000").levels.tolist() == [[0, 10, 22]]
    assert source.notes == [
        "1 picture of test/images without masks, left out",
        "masks hold numbers of classes",
    ]
    assert detect_format(tmp_path, Choice()) == "drone"


def test_another_data_set_in_the_divided_layout_is_none(tmp_path: Path, put: Put, photo: np.ndarray) -> None:
    put("labels.txt", "cat\ndog\ntree")
    put("train/images/000.jpg", photo)
    put("train/masks/000.png", [[0, 1, 2]])
    with pytest.raises(AssetError):
        list_source(tmp_path, Choice())
    assert detect_format(tmp_path, Choice()) == "folder"
