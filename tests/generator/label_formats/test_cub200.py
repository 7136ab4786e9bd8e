from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError, ImageError, UsageError
from generator.label_formats.cub200 import list_source
from generator.label_formats.items import Choice, Label

Put = Callable[..., Path]
Read = Callable[..., Label]
VOTES = [[102, 153, 255]]


@pytest.fixture
def birds(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    """Two birds in the layout of the two archives, unpacked beside each other."""
    for name in ("002.B/y", "001.A/x"):
        put(f"CUB_200_2011/images/{name}.jpg", photo)
        put(f"segmentations/{name}.png", VOTES)
    put("CUB_200_2011/images.txt", "1 001.A/x.jpg\n2 002.B/y.jpg\n")
    put("CUB_200_2011/train_test_split.txt", "2 1\n1 0\n")
    return tmp_path


def test_votes_are_the_alpha(birds: Path, label: Read) -> None:
    source = list_source(birds, Choice())
    found = label(source, "CUB_200_2011/images/001.A/x")
    assert found.levels.tolist() == VOTES and found.void is None and source.mask.kind == "alpha"
    assert not source.problems and not source.notes


def test_as_a_class_three_of_five_votes_are_a_bird(birds: Path, label: Read) -> None:
    source = list_source(birds, Choice(mask="classes"))
    assert source.mask.kind == "classes" and source.mask.names == ["background", "bird"]
    assert label(source, "CUB_200_2011/images/001.A/x").levels.tolist() == [[0, 1, 1]]


def test_splits_are_joined_by_number(birds: Path) -> None:
    splits = {item.name[-1]: item.split for item in list_source(birds, Choice()).items}
    assert splits == {"x": "test", "y": "train"}


@pytest.mark.parametrize("place", ["CUB_200_2011", "CUB_200_2011/segmentations"])
def test_the_folder_itself_may_be_given(birds: Path, place: str) -> None:
    if place.endswith("segmentations"):
        (birds / "segmentations").rename(birds / place)
    source = list_source(birds / "CUB_200_2011", Choice())
    assert [item.name for item in source.items] == ["images/001.A/x", "images/002.B/y"]


def test_without_lists_there_is_no_split(birds: Path) -> None:
    (birds / "CUB_200_2011/images.txt").unlink()
    source = list_source(birds, Choice())
    assert [item.split for item in source.items] == [None, None]
    assert source.notes == ["no images.txt: the data set's own split is not known"]


def test_what_the_lists_do_not_say_is_reported(birds: Path, put: Put, photo: np.ndarray) -> None:
    put("CUB_200_2011/images.txt", "1 001.A/x.jpg\n2 002.B/y.jpg\n3 3.C/z.jpg\n4 4.D/w.jpg\n2 again.jpg\n")
    put("CUB_200_2011/train_test_split.txt", "2 1\n1 0\n3 1\n")
    put("CUB_200_2011/images/unlisted.jpg", photo)
    put("segmentations/alone.png", VOTES)
    source = list_source(birds, Choice())
    lists = birds / "CUB_200_2011"
    assert [str(problem) for problem in source.problems] == [
        f"{lists}/images.txt row 5: expected a new number and a value, found 2 again; correct the list",
        f"{lists}/train_test_split.txt: expected 1 (train) or 0 (test) for picture 4, found no row;"
        " correct the list",
        f"{lists}/images/3.C/z is listed in images.txt, but missing."
        " Add the picture, or remove it from the list.",
        f"{birds}/segmentations/alone.png has no picture. Add the picture, or remove the label.",
    ]
    assert source.notes[-1] == "1 picture left out: in the folders, but not in images.txt"


def test_cub_of_2010_is_refused(tmp_path: Path, put: Put, photo: np.ndarray) -> None:
    put("images/001.A/x.jpg", photo)
    put("annotations-mat/001.A/x.mat", "MATLAB")
    with pytest.raises(AssetError) as error:
        list_source(tmp_path, Choice())
    assert str(error.value) == (
        f"{tmp_path}/annotations-mat: expected CUB-200-2011, found masks in .mat files, as in 2010;"
        " use CUB-200-2011, whose masks are pictures"
    )


def test_the_second_archive_is_missing(tmp_path: Path, put: Put, photo: np.ndarray) -> None:
    put("CUB_200_2011/images/001.A/x.jpg", photo)
    with pytest.raises(AssetError) as error:
        list_source(tmp_path, Choice())
    assert str(error.value) == (
        f"{tmp_path}: expected folders images and segmentations (a separate archive; beside or inside"
        " CUB_200_2011), found no such folders; give the folder of cub200"
    )


def test_masks_that_hold_no_votes_are_refused(birds: Path, put: Put, label: Read) -> None:
    name = "CUB_200_2011/images/001.A/x"
    source = list_source(birds, Choice())
    put("segmentations/001.A/x.png", [[[255, 0, 0], [0, 0, 0], [0, 0, 0]]])
    with pytest.raises(ImageError) as error:
        label(source, name)
    assert str(error.value) == (
        f"{birds}/segmentations/001.A/x.png: expected 8-bit grey: how many annotators agree, found colours;"
        " use the masks of CUB-200-2011"
    )
    Image.fromarray(np.array(VOTES, np.uint8)).save(birds / "segmentations/001.A/x.png", "JPEG")
    with pytest.raises(ImageError) as error:
        label(source, name)
    assert str(error.value) == (
        f"{birds}/segmentations/001.A/x.png: expected exact labels, found JPEG, whose values are approximate;"
        " use masks that were saved as PNG"
    )


def test_a_mask_of_another_size_is_refused(birds: Path, label: Read) -> None:
    with pytest.raises(ImageError, match=r"x\.png: expected 5 x 4 as .*x\.jpg, found 3 x 1"):
        label(list_source(birds, Choice()), "CUB_200_2011/images/001.A/x", (5, 4))


def test_choices_of_other_formats_are_refused(birds: Path) -> None:
    with pytest.raises(
        UsageError, match=r"`variant=lane` is no choice of the format cub200\. Leave it out\."
    ):
        list_source(birds, Choice(variant="lane"))
