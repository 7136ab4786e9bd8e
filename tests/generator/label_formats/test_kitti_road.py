from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError, ImageError
from generator.label_formats.items import Choice, Label
from generator.label_formats.kitti_road import list_source

Put = Callable[..., Path]
Read = Callable[..., Label]
RED, BOTH, BLACK = [255, 0, 0], [255, 0, 255], [0, 0, 0]


@pytest.fixture
def roads(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for name in ("um_000000", "uu_000007"):
        put(f"training/image_2/{name}.png", photo)
        put(f"training/gt_image_2/{name.replace('_', '_road_')}.png", [[RED, BOTH, BLACK]])
    put("training/gt_image_2/um_lane_000000.png", [[BOTH, RED, RED]])
    put("testing/image_2/um_000000.png", photo)
    return tmp_path


def test_blue_is_road_and_black_is_void(roads: Path, label: Read) -> None:
    source = list_source(roads, Choice())
    found = label(source, "training/image_2/um_000000")
    assert found.levels.tolist() == [[0, 255, 0]] and source.mask.kind == "alpha"
    assert found.void is not None and found.void.tolist() == [[False, False, True]]
    assert [item.name for item in source.items] == [
        "training/image_2/um_000000",
        "training/image_2/uu_000007",
    ]
    assert not source.problems


def test_as_classes(roads: Path, label: Read) -> None:
    source = list_source(roads, Choice(mask="classes"))
    assert source.mask.kind == "classes" and source.mask.names == ["background", "road"]
    assert label(source, "training/image_2/um_000000").levels.tolist() == [[0, 1, 255]]


def test_lanes_are_another_kind_of_label(roads: Path, label: Read) -> None:
    source = list_source(roads, Choice(variant="lane"))
    assert label(source, "training/image_2/um_000000").levels.tolist() == [[255, 0, 0]]
    assert source.notes == ["1 picture left out: only um_... have lane labels"] and not source.problems


def test_a_road_without_label_is_reported(roads: Path, put: Put, photo: np.ndarray) -> None:
    put("training/image_2/umm_000003.png", photo)
    put("training/gt_image_2/umm_road_000004.png", [[RED, RED, RED]])
    assert [str(problem) for problem in list_source(roads, Choice()).problems] == [
        f"{roads}/training/image_2/umm_000003.png has no label in {roads}/training/gt_image_2."
        " Add the label, or remove the picture.",
        f"{roads}/training/gt_image_2/umm_road_000004.png has no picture."
        " Add the picture, or remove the label.",
    ]


def test_lanes_are_never_taken_for_roads(roads: Path) -> None:
    for path in roads.rglob("*_road_*"):
        path.unlink()
    with pytest.raises(AssetError) as error:
        list_source(roads, Choice())
    assert str(error.value) == (
        f"{roads}/training/gt_image_2: expected road labels (um_road_000000.png), found only lane labels;"
        " choose them with `variant=lane`"
    )


def test_a_palette_holds_the_same_colours(roads: Path, put: Put, label: Read) -> None:
    small = Image.new("P", (3, 1))
    small.putpalette([*BOTH, *BLACK, *RED])
    small.putdata([2, 0, 1])
    put("training/gt_image_2/um_road_000000.png", small)
    found = label(list_source(roads, Choice()), "training/image_2/um_000000")
    assert found.levels.tolist() == [[0, 255, 0]]
    assert found.void is not None and found.void.tolist() == [[False, False, True]]


def test_nothing_but_void_is_black(roads: Path, put: Put, label: Read) -> None:
    put("training/gt_image_2/um_road_000000.png", [[BLACK, BLACK, BLACK]])
    found = label(list_source(roads, Choice()), "training/image_2/um_000000")
    assert found.void is not None and found.void.all() and not found.levels.any()


def test_grey_masks_are_refused(roads: Path, put: Put, label: Read) -> None:
    path = put("training/gt_image_2/um_road_000000.png", [[0, 255, 255]])
    with pytest.raises(ImageError) as error:
        label(list_source(roads, Choice()), "training/image_2/um_000000")
    assert str(error.value) == (
        f"{path}: expected red for what was looked at, blue for roads, found grey up to 255;"
        " use the labels of the KITTI road benchmark"
    )
