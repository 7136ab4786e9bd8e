import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.coco import list_source
from generator.label_formats.items import Choice, Label, LabelSource

SIZE = (12, 8)
PLAIN = Choice()
CATEGORIES = [{"id": 3, "name": "dog"}, {"id": 1, "name": "cat"}]
LEFT = [0, 0, 6, 0, 6, 8, 0, 8]
"""The left half of a picture, as a polygon."""


def picture(path: Path, size: tuple[int, int] = SIZE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((size[1], size[0], 3), np.uint8)))
    return path


def annotated(number: int = 7, image: int = 1, category: int = 1, **fields: Any) -> dict[str, Any]:
    whole = {"id": number, "image_id": image, "category_id": category, "segmentation": [LEFT], "iscrowd": 0}
    return whole | fields


def image(number: int, name: str, size: tuple[int, int] = SIZE) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": size[0], "height": size[1]}


def write(path: Path, *annotations: dict[str, Any], **fields: Any) -> Path:
    """A COCO file of one image, 1, called a.png."""
    document = {"images": [image(1, "a.png")], "annotations": annotations, "categories": CATEGORIES} | fields
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def label_of(tmp_path: Path, *annotations: dict[str, Any], choice: Choice = PLAIN) -> Label:
    """The label of one picture with these annotations."""
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "coco.json", *annotations), choice)
    assert source.problems == []
    return source.read_label(source.items[0], SIZE)


def refused(tmp_path: Path, *annotations: dict[str, Any]) -> str:
    with pytest.raises(AssetError) as caught:
        label_of(tmp_path, *annotations)
    return str(caught.value).replace(f"{tmp_path}/", "")


def names_and_splits(source: LabelSource) -> list[tuple[str, str | None]]:
    return [(item.name, item.split) for item in source.items]


def test_categories_become_classes_in_the_order_of_their_ids_whatever_the_gaps(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "coco.json", annotated(category=3)), PLAIN)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "cat", "dog"]
    label = source.read_label(source.items[0], SIZE)
    assert label.levels.tolist() == [[2] * 6 + [0] * 6] * 8
    assert label.instances is not None and label.instances.max() == 1


def test_several_polygons_are_one_object_and_a_keyhole_is_a_hole(tmp_path: Path) -> None:
    keyhole = [1, 1, 7, 1, 7, 7, 1, 7, 1, 1, 3, 3, 3, 5, 5, 5, 5, 3, 3, 3]
    label = label_of(tmp_path, annotated(segmentation=[keyhole, [9, 0, 12, 0, 12, 2, 9, 2]]))
    expected = np.zeros((8, 12), np.uint8)
    expected[1:7, 1:7] = 1
    expected[3:5, 3:5] = 0
    expected[0:2, 9:12] = 1
    assert (label.levels == expected).all()
    assert label.instances is not None and (label.instances == expected).all()


def test_overlapping_polygons_of_one_object_stay_filled(tmp_path: Path) -> None:
    label = label_of(tmp_path, annotated(segmentation=[LEFT, [3, 0, 12, 0, 12, 8, 3, 8]]))
    assert (label.levels == 1).all()


@pytest.mark.parametrize("packed", [True, False])
def test_run_lengths_go_down_columns(tmp_path: Path, packed: bool) -> None:
    mask = np.zeros((8, 12), np.uint8)
    mask[2:5, 3:9] = 1
    mask[0, 0] = 1
    counts: Any = [0, 1, *[25, 3, 5, 3, 5, 3, 5, 3, 5, 3, 5, 3], 27]
    if packed:
        counts = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    label = label_of(tmp_path, annotated(segmentation={"size": [8, 12], "counts": counts}))
    assert (label.levels == mask).all()


def test_short_run_lengths_are_refused_which_pycocotools_takes_as_background(tmp_path: Path) -> None:
    expected = "a.png: annotation 7: expected run lengths of 96 pixels together (12 x 8), found 48;"
    for counts in ([0, 48], coco_mask.frPyObjects({"size": [8, 12], "counts": [0, 48]}, 8, 12)["counts"]):
        stored = counts if isinstance(counts, list) else counts.decode()
        said = refused(tmp_path, annotated(segmentation={"size": [8, 12], "counts": stored}))
        assert said == f"{expected} correct the label file"


def test_run_lengths_of_another_size_are_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, annotated(segmentation={"size": [12, 8], "counts": [0, 96]}))
    assert said == (
        "a.png: annotation 7: expected run lengths of size [8, 12], found [12, 8]; correct the label file"
    )


def test_a_crowd_is_void_and_objects_lie_over_it(tmp_path: Path) -> None:
    crowd = annotated(8, iscrowd=1, segmentation={"size": [8, 12], "counts": [0, 64, 32]})
    label = label_of(tmp_path, annotated(), crowd)
    assert label.levels.tolist() == [[1] * 6 + [255] * 2 + [0] * 4] * 8
    assert label.instances is not None and label.instances[0].tolist() == [1] * 6 + [0] * 6
    alpha = label_of(tmp_path, annotated(), crowd, choice=Choice(mask="alpha"))
    assert alpha.levels.tolist() == [[255] * 6 + [0] * 6] * 8
    assert alpha.void is not None and alpha.void[0].tolist() == [False] * 6 + [True] * 2 + [False] * 4


def test_small_objects_lie_over_large_ones_whatever_their_order(tmp_path: Path) -> None:
    small = annotated(8, category=3, segmentation=[[2, 2, 4, 2, 4, 4, 2, 4]])
    for order in ((small, annotated()), (annotated(), small)):
        label = label_of(tmp_path, *order)
        assert label.levels[3].tolist() == [1, 1, 2, 2, 1, 1] + [0] * 6
        assert label.instances is not None and label.instances[3, :6].tolist() == [1, 1, 2, 2, 1, 1]


def test_alpha_is_of_the_named_foreground(tmp_path: Path) -> None:
    right = annotated(8, category=3, segmentation=[[6, 0, 12, 0, 12, 8, 6, 8]])
    label = label_of(tmp_path, annotated(), right, choice=Choice(foreground=("dog",)))
    assert label.levels.tolist() == [[0] * 6 + [255] * 6] * 8
    assert label.void is None
    assert label.instances is not None and label.instances[0].tolist() == [0] * 6 + [1] * 6


def test_area_and_bbox_of_the_file_do_not_matter_unless_there_is_no_outline(tmp_path: Path) -> None:
    label = label_of(tmp_path, annotated(area=1, bbox=[9, 9, 1, 1]))
    assert np.count_nonzero(label.levels) == 48
    source = list_source(
        write(tmp_path / "coco.json", annotated(segmentation=[], bbox=[2, 1, 3, 4])), Choice()
    )
    boxed = source.read_label(source.items[0], SIZE)
    assert (boxed.levels[1:5, 2:5] == 1).all() and np.count_nonzero(boxed.levels) == 12
    assert any("1 annotations without outline are drawn as their boxes" in note for note in source.notes)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"segmentation": [[1, 1, 5, 5]]}, "expected 3 or more points of a polygon, found 2;"),
        (
            {"segmentation": [[1, 1, 5, 5, 6]]},
            "expected x and y of each point of a polygon, found 5 numbers;",
        ),
        ({"segmentation": None}, "expected a segmentation or a bbox, found neither;"),
        ({"segmentation": LEFT}, "expected a list of polygons, found 0: not a list;"),
        ({"segmentation": [["a"] * 6]}, "expected a list of polygons, found 0.0: not a valid number"),
        ({"segmentation": {"size": [8, 12]}}, "expected run lengths, found counts: missing;"),
        ({"segmentation": [], "bbox": [1, 2]}, "expected a bbox of 4 numbers, found 2: missing;"),
    ],
)
def test_annotations_that_cannot_be_drawn(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    assert refused(tmp_path, annotated(**fields)).startswith(f"a.png: annotation 7: {said}")


def test_a_label_of_another_size_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "coco.json", annotated()), PLAIN)
    with pytest.raises(AssetError) as caught:
        source.read_label(source.items[0], (8, 12))
    assert str(caught.value) == (
        f"{tmp_path}/a.png: expected a label for 8 x 12 as the upright picture, found 12 x 8; "
        "it was drawn on the picture lying on its side: label the picture as its EXIF turns it"
    )
    with pytest.raises(AssetError, match="find the picture that was labelled, in its original size"):
        source.read_label(source.items[0], (24, 16))


def test_the_layout_of_coco_has_a_file_and_a_folder_for_each_split(tmp_path: Path) -> None:
    for split in ("train2017", "val2017"):
        picture(tmp_path / split / "a.png")
        write(tmp_path / f"annotations/instances_{split}.json", annotated())
    (tmp_path / "annotations/captions_val2017.json").write_text("{}")
    source = list_source(tmp_path, PLAIN)
    assert names_and_splits(source) == [("train2017/a", "train"), ("val2017/a", "val")]
    assert source.problems == [] and source.notes == []


def test_the_layout_of_roboflow_and_its_category_that_comes_twice(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        picture(tmp_path / split / "a.png")
        categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "cat"}]
        write(tmp_path / split / "_annotations.coco.json", annotated(), categories=categories)
    source = list_source(tmp_path, PLAIN)
    assert names_and_splits(source) == [("test/a", "test"), ("train/a", "train"), ("valid/a", "val")]
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "cat"]


def test_pictures_are_found_after_folders_were_moved(tmp_path: Path) -> None:
    for name in ("a.png", "deep/b.png", "x/c.png", "y/c.png"):
        picture(tmp_path / "images" / name)
    names = ["C:\\data\\images\\a.png", "/home/me/other/b.png", "x/c.png", "c.png", "d.png"]
    images = [image(number, name) for number, name in enumerate(names)]
    source = list_source(write(tmp_path / "coco.json", images=images), PLAIN)
    assert [item.name for item in source.items] == ["images/a", "images/deep/b", "images/x/c"]
    assert [str(problem).replace(f"{tmp_path}", "DIR") for problem in source.problems] == [
        "DIR/coco.json: c.png is in 2 folders: images/x/c.png, images/y/c.png. "
        "Move pictures to the folders that the label file names.",
        "DIR/coco.json: d.png is no picture below DIR. Put the picture there.",
    ]
    assert source.notes == [
        f"{tmp_path}/coco.json: 5 images without annotations are background everywhere",
        f"{tmp_path}: 1 picture is in another folder than the label file says",
        f"{tmp_path}: 1 picture is in no label file, left out: images/y/c.png",
    ]


def test_ids_that_clash_and_annotations_of_no_image_are_reported(tmp_path: Path) -> None:
    for name in "abcd":
        picture(tmp_path / f"{name}.png")
    images = [image(1, "a.png"), image(2, "b.png"), image(2, "c.png"), image(4, "d.png"), image(4, "d.png")]
    annotations = [annotated(7, 1), annotated(7, 1), annotated(8, 2), annotated(9, 5), annotated(10, 4)]
    source = list_source(write(tmp_path / "coco.json", *annotations, images=images), PLAIN)
    assert [item.name for item in source.items] == ["a", "d"]
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        "coco.json: image 2: expected one file, found b.png and c.png; give each image its own id",
        "coco.json: expected image_id of an image in the file, found 5 in 1 annotations; "
        "add the image to the file, or remove its annotations",
    ]
    assert f"{tmp_path}/coco.json: 1 annotations have the id of another one; all are drawn" in source.notes


def test_an_annotation_of_no_category_leaves_its_picture_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "coco.json", annotated(category=2)), PLAIN)
    assert source.items == []
    assert str(source.problems[0]) == (
        f"{tmp_path}/coco.json: annotation 7: expected category_id of a category in the file, found 2; "
        "add the category to the file"
    )


def test_two_categories_of_one_id_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    same = [{"id": 1, "name": "cat"}, {"id": 1, "name": "cat"}]
    assert len(list_source(write(tmp_path / "coco.json", annotated(), categories=same), PLAIN).items) == 1
    other = [*same, {"id": 1, "name": "cow"}]
    with pytest.raises(AssetError) as caught:
        list_source(write(tmp_path / "coco.json", annotated(), categories=other), PLAIN)
    assert str(caught.value) == (
        f"{tmp_path}/coco.json: category 1: expected one name, found 'cat' and 'cow';"
        " give each category its own id"
    )


def test_a_category_called_background_is_class_0(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    categories = [
        {"id": 0, "name": "_background_"},
        {"id": 1, "name": "cat"},
        {"id": 2, "name": "__ignore__"},
    ]
    box = {"segmentation": None, "bbox": [0, 0, 2, 8]}
    annotations = [annotated(), annotated(8, category=2, **box), annotated(9, category=0, **box)]
    source = list_source(write(tmp_path / "coco.json", *annotations[:2], categories=categories), PLAIN)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["_background_", "cat"]
    assert source.read_label(source.items[0], SIZE).levels[0].tolist() == [1] * 6 + [0] * 6, "void lies below"
    source = list_source(write(tmp_path / "coco.json", *annotations, categories=categories), PLAIN)
    assert source.read_label(source.items[0], SIZE).levels[0].tolist() == [0, 0] + [1] * 4 + [0] * 6


def test_a_picture_that_two_files_label_is_used_once(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    for name in ("instances_one.json", "instances_two.json"):
        write(tmp_path / "annotations" / name, annotated())
    source = list_source(tmp_path, PLAIN)
    assert [item.name for item in source.items] == ["a"]
    assert [str(problem) for problem in source.problems] == [
        f"{tmp_path}/annotations/instances_two.json labels {tmp_path}/a.png again. "
        "Remove one of the two labels."
    ]


def test_a_class_file_decides_the_order(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "names.txt").write_text("bird\ndog\n")
    choice = Choice(labels=tmp_path / "names.txt")
    source = list_source(write(tmp_path / "coco.json", annotated()), choice)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "bird", "dog", "cat"]
    assert source.read_label(source.items[0], SIZE).levels[0, 0] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1, 2", "expected a COCO file of instances, found text that is no JSON;"),
        (
            '{"images": [], "annotations": []}',
            "expected a COCO file of instances, found categories: missing;",
        ),
        (
            '{"images": [], "annotations": [{"image_id": 1}], "categories": []}',
            "expected a COCO file of instances, found annotations.0.category_id: missing;",
        ),
        ('{"images": [], "annotations": [], "categories": []}', "expected names of classes, found none;"),
    ],
)
def test_files_that_are_no_coco(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "coco.json").write_text(content)
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path / "coco.json", PLAIN)
    assert str(caught.value).startswith(f"{tmp_path}/coco.json: {said}")


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path} holds no COCO file. Put annotations/instances_NAME.json there, or name a COCO file."
    )
    with pytest.raises(AssetError, match=r"nowhere\.json does not exist"):
        list_source(tmp_path / "nowhere.json", PLAIN)
    with pytest.raises(UsageError, match="`variant=road` is no choice of the format coco"):
        list_source(tmp_path, Choice(variant="road"))
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(UsageError) as missing:
        list_source(tmp_path, PLAIN)
    assert str(missing.value) == (
        "`format=coco` needs pycocotools, which is not installed. Run: pip install 'fgbg[coco]'."
    )
