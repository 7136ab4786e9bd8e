from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.assets.images import read_rgb
from generator.errors import ImageError, UsageError
from generator.label_formats.items import Choice, Label
from generator.label_formats.oxford_pet import list_source

Put = Callable[..., Path]
Read = Callable[..., Label]


@pytest.fixture
def pets(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for name in ("Abyssinian_1", "pug_2", "pug_3"):
        put(f"images/{name}.jpg", photo)
        put(f"annotations/trimaps/{name}.png", [[1, 2, 3]])
    put("annotations/trimaps/._pug_2.png", "written by another system")
    put("annotations/trainval.txt", "pug_2 2 2 1\n")
    put("annotations/test.txt", "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\n")
    return tmp_path


def test_trimaps_begin_with_1(pets: Path, label: Read) -> None:
    source = list_source(pets, Choice())
    assert source.mask.kind == "classes" and source.mask.names == ["pet", "background", "border"]
    assert label(source, "images/pug_2").levels.tolist() == [[0, 1, 2]]


def test_in_alpha_the_border_is_void(pets: Path, label: Read) -> None:
    source = list_source(pets, Choice(mask="alpha"))
    found = label(source, "images/pug_2")
    assert source.mask.kind == "alpha" and found.levels.tolist() == [[255, 0, 0]]
    assert found.void is not None and found.void.tolist() == [[False, False, True]]


def test_the_border_may_be_chosen(pets: Path, label: Read) -> None:
    found = label(list_source(pets, Choice(foreground=("pet", "border"))), "images/pug_2")
    assert found.levels.tolist() == [[255, 0, 255]] and found.void is None


def test_lists_count_not_folders(pets: Path) -> None:
    source = list_source(pets, Choice())
    assert {item.name: item.split for item in source.items} == {
        "images/Abyssinian_1": "test",
        "images/pug_2": "train",
    }
    assert source.notes == [
        "1 picture left out: in the folders, but not in trainval.txt and test.txt",
    ]
    assert not source.problems


def test_without_lists_all_pictures_count(pets: Path) -> None:
    (pets / "annotations/trainval.txt").unlink()
    (pets / "annotations/test.txt").unlink()
    source = list_source(pets, Choice())
    assert [item.split for item in source.items] == [None, None, None]
    expected = "no trainval.txt or test.txt in annotations: all pictures, without official split"
    assert source.notes == [expected]


def test_wrong_rows_are_reported(pets: Path, put: Put) -> None:
    put("annotations/trainval.txt", "pug_2 2 2 1\npug_3 2\ngone_1 1 1 1\n")
    put("annotations/test.txt", "pug_2 2 2 1\n")
    source = list_source(pets, Choice())
    assert [str(problem) for problem in source.problems] == [
        f"{pets}/annotations/trainval.txt row 2: expected a name, a class (1 to 37), a species (1 or 2) and a"
        " breed, found 'pug_3 2'; correct the list",
        f"{pets}/annotations/test.txt row 1: expected a picture once, found pug_2 again; remove one of them",
        f"{pets}/images/gone_1.jpg is listed, but missing. Add the picture, or remove it from the list.",
    ]


def test_a_trimap_that_is_missing_is_reported(pets: Path) -> None:
    (pets / "annotations/trimaps/pug_2.png").unlink()
    [problem] = list_source(pets, Choice()).problems
    assert str(problem) == (
        f"{pets}/images/pug_2.jpg has no label in {pets}/annotations/trimaps."
        " Add the label, or remove the picture."
    )


def test_other_values_are_refused(pets: Path, put: Put, label: Read) -> None:
    path = put("annotations/trimaps/pug_2.png", [[0, 1, 255]])
    with pytest.raises(ImageError) as error:
        label(list_source(pets, Choice()), "images/pug_2")
    assert str(error.value) == (
        f"{path}: expected numbers of classes (1 to 3), found 0 (1 pixel), 255 (1 pixel); correct the mask"
    )


def test_names_of_other_classes_are_refused(pets: Path) -> None:
    with pytest.raises(UsageError) as error:
        list_source(pets, Choice(foreground=("cat",)))
    expected = "`foreground`: expected names of classes, found 'cat'; choose among: pet, background, border"
    assert str(error.value) == expected


def test_a_picture_may_be_a_gif_by_its_content(pets: Path, photo: np.ndarray) -> None:
    Image.fromarray(photo).convert("L").save(pets / "images/pug_2.jpg", "GIF")
    item = next(item for item in list_source(pets, Choice()).items if item.name == "images/pug_2")
    assert read_rgb(item.picture).tolist() == photo.tolist()


def test_bytes_after_the_end_of_a_picture_do_no_harm(pets: Path) -> None:
    path = pets / "images/pug_2.jpg"
    before = read_rgb(path)
    path.write_bytes(path.read_bytes() + b"\0" * 600 + b"\xff\xd8")
    assert (read_rgb(path) == before).all()
