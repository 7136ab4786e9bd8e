from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError, ImageError
from generator.label_formats.choices import spread_colours
from generator.label_formats.items import Choice, Label
from generator.label_formats.voc import list_source

Put = Callable[..., Path]
Read = Callable[..., Label]
PALETTE = [*spread_colours(255), [224, 224, 192]]
"""VOC's own palette; 255 has the colour of borders."""


def paletted(indices: Sequence[int], palette: Sequence[Sequence[int]] = PALETTE) -> Image.Image:
    picture = Image.new("P", (len(indices), 1))
    picture.putpalette([channel for colour in palette for channel in colour])
    picture.putdata(indices)
    return picture


@pytest.fixture
def voc(tmp_path: Path, put: Put, photo: np.ndarray) -> Path:
    for name in ("a", "b", "c", "unlabelled"):
        put(f"VOCdevkit/VOC2012/JPEGImages/{name}.jpg", photo)
    for name in ("a", "b", "c"):
        put(f"VOCdevkit/VOC2012/SegmentationClass/{name}.png", paletted([0, 15, 255]))
    put("VOCdevkit/VOC2012/SegmentationObject/a.png", paletted([0, 3, 255]))
    put("VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt", "a\n")
    put("VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt", "b\n")
    return tmp_path


NAME = "VOCdevkit/VOC2012/JPEGImages/a"
MASK = "VOCdevkit/VOC2012/SegmentationClass/a.png"


def test_classes_objects_and_void(voc: Path, label: Read) -> None:
    source = list_source(voc, Choice())
    found = label(source, NAME)
    assert (
        source.mask.kind == "classes" and source.mask.names[15] == "person" and len(source.mask.names) == 21
    )
    assert found.levels.tolist() == [[0, 15, 255]]
    assert found.instances is not None and found.instances.tolist() == [[0, 1, 0]]
    assert label(source, NAME[:-1] + "b").instances is None


def test_alpha_is_everything_but_the_background(voc: Path, label: Read) -> None:
    found = label(list_source(voc, Choice(mask="alpha")), NAME)
    assert found.levels.tolist() == [[0, 255, 0]]
    assert found.void is not None and found.void.tolist() == [[False, False, True]]
    found = label(list_source(voc, Choice(foreground=("cat",))), NAME)
    assert not found.levels.any() and found.instances is not None and not found.instances.any()


def test_lists_tell_the_splits(voc: Path, put: Put) -> None:
    put("VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt", "b\nunlabelled\ngone\na\n")
    source = list_source(voc, Choice())
    assert {item.name[-1]: item.split for item in source.items} == {"a": "train", "b": "val"}
    assert source.notes == ["1 picture left out: in the folders, but not in train.txt and val.txt"]
    root = voc / "VOCdevkit/VOC2012"
    assert [str(problem) for problem in source.problems] == [
        f"{root}/ImageSets/Segmentation/val.txt row 4: expected a picture once,"
        " found a again (train and val); remove one of them",
        f"{root}/JPEGImages/gone.jpg is listed or has a mask, but is missing. Add the picture.",
        f"{root}/JPEGImages/unlabelled.jpg has no mask in {root}/SegmentationClass."
        " Add the mask, or remove the picture from the list.",
    ]


def test_a_renumbered_palette_is_read_by_its_colours(voc: Path, put: Put, label: Read) -> None:
    put(MASK, paletted([2, 1, 0], [PALETTE[255], PALETTE[15], PALETTE[0]]))
    source = list_source(voc, Choice())
    assert label(source, NAME).levels.tolist() == [[0, 15, 255]]
    expected = "palettes in another order than the classes, as in a.png: read by their colours"
    assert source.notes[-1] == expected


@pytest.mark.parametrize(
    ("indices", "palette"),
    [
        ([1, 0, 2], [PALETTE[3], PALETTE[0], PALETTE[255]]),
        ([2, 1, 0], [PALETTE[255], PALETTE[3], PALETTE[0]]),
        ([0, 2, 1], [PALETTE[0], PALETTE[255], PALETTE[3]]),
        ([0, 3, 255], [PALETTE[0]] * 255 + [PALETTE[255]]),
    ],
)
def test_a_renumbered_palette_of_objects_has_its_background_where_it_is_black(
    voc: Path, put: Put, label: Read, indices: list[int], palette: list[list[int]]
) -> None:
    put("VOCdevkit/VOC2012/SegmentationObject/a.png", paletted(indices, palette))
    found = label(list_source(voc, Choice()), NAME).instances
    assert found is not None and found.tolist() == [[0, 1, 0]]


def test_palettes_in_order_are_not_noted(voc: Path) -> None:
    assert list_source(voc, Choice()).notes == [
        "1 picture left out: in the folders, but not in train.txt and val.txt"
    ]


def test_a_renumbered_palette_of_greys_is_read_by_its_colours(voc: Path, put: Put, label: Read) -> None:
    assert PALETTE[7] == [128, 128, 128]  # bus
    put(MASK, paletted([1, 0, 1], [PALETTE[7], PALETTE[0]]))
    assert label(list_source(voc, Choice()), NAME).levels.tolist() == [[0, 7, 0]]


def test_a_palette_of_other_colours_is_read_by_its_indices(voc: Path, put: Put, label: Read) -> None:
    put(MASK, paletted([0, 15, 2], [[7, 7, n] for n in range(16)]))
    assert label(list_source(voc, Choice()), NAME).levels.tolist() == [[0, 15, 2]]


def test_a_palette_with_some_colours_of_other_classes_is_refused(voc: Path, put: Put, label: Read) -> None:
    path = put(MASK, paletted([0, 1, 2], [PALETTE[0], PALETTE[2], [7, 7, 7]]))
    with pytest.raises(ImageError) as error:
        label(list_source(voc, Choice()), NAME)
    assert str(error.value) == (
        f"{path}: expected a palette with the colours of the classes, in any order, found 7,7,7,"
        " which is none, among others; name the classes and their colours with `labels`"
    )


def test_copies_in_colours_are_read_by_the_colour_map(voc: Path, put: Put, label: Read) -> None:
    put(MASK, [[PALETTE[0], PALETTE[15], PALETTE[255]]])
    put(MASK.replace("Class", "Object"), [[PALETTE[0], PALETTE[1], PALETTE[255]]])
    found = label(list_source(voc, Choice()), NAME)
    assert found.levels.tolist() == [[0, 15, 255]]
    assert found.instances is not None and found.instances.tolist() == [[0, 1, 0]]


def test_colours_of_no_class_are_named(voc: Path, put: Put, label: Read) -> None:
    path = put(MASK, [[[1, 2, 3], [1, 2, 3], PALETTE[0]]])
    with pytest.raises(ImageError) as error:
        label(list_source(voc, Choice()), NAME)
    assert str(error.value) == (
        f"{path}: expected colours of classes, found 1,2,3 (2 pixels); correct the mask,"
        " or name all classes with `labels`"
    )


def test_exports_of_labelme_have_a_file_of_names(
    tmp_path: Path, put: Put, photo: np.ndarray, label: Read
) -> None:
    put("JPEGImages/a.jpg", photo)
    put("SegmentationClass/a.npy", "an array")
    put("SegmentationClassPNG/a.png", paletted([0, 1, 255]))
    put("class_names.txt", "_background_\ntv/monitor\n")
    source = list_source(tmp_path, Choice(mask="alpha"))
    assert label(source, "JPEGImages/a").levels.tolist() == [[0, 255, 0]]
    source = list_source(tmp_path, Choice())
    assert source.mask.kind == "classes" and source.mask.names == ["_background_", "tv/monitor"]
    assert source.notes == [f"classes from {tmp_path}/class_names.txt"] and source.items[0].split is None


def test_a_label_map_gives_other_colours(voc: Path, put: Put, label: Read) -> None:
    put(
        "VOCdevkit/VOC2012/labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,8,7::\n"
    )
    put(MASK, [[[0, 0, 0], [9, 8, 7], [224, 224, 192]]])
    source = list_source(voc, Choice())
    assert label(source, NAME).levels.tolist() == [[0, 1, 255]]
    assert source.mask.kind == "classes" and source.mask.colours == [[0, 0, 0], [9, 8, 7]]


def test_names_that_are_left_out_are_unknown(voc: Path, put: Put, tmp_path: Path) -> None:
    source = list_source(voc, Choice(labels=put("names.txt", "background\nplane\n")))
    assert source.mask.kind == "classes"
    assert source.mask.names[:3] == ["background", "plane", "unknown_2"] and len(source.mask.names) == 21


def test_two_data_sets_in_one_folder(voc: Path, put: Put, photo: np.ndarray) -> None:
    put("VOCdevkit/VOC2007/JPEGImages/a.jpg", photo)
    put("VOCdevkit/VOC2007/SegmentationClass/a.png", paletted([0, 15, 255]))
    with pytest.raises(AssetError) as error:
        list_source(voc, Choice())
    assert str(error.value) == (
        f"{voc}: expected one voc data set, found 2, as {voc}/VOCdevkit/VOC2007 and {voc}/VOCdevkit/VOC2012;"
        " give the folder of one of them"
    )
