import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.items import Choice, Label
from generator.label_formats.labelme import list_source

SIZE = (12, 8)
PLAIN = Choice()
LEFT = [[0, 0], [6, 0], [6, 8], [0, 8]]


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))
    return path


def shape(
    label: str = "cat", points: Any = LEFT, kind: str | None = "polygon", **fields: Any
) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}} | fields


def write(path: Path, *shapes: dict[str, Any], **fields: Any) -> Path:
    """A LabelMe file, by default of the picture with its name."""
    document = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": path.with_suffix(".png").name,
        "imageData": None,
        "imageHeight": SIZE[1],
        "imageWidth": SIZE[0],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document | fields))
    return path


def label_of(tmp_path: Path, *shapes: dict[str, Any], choice: Choice = PLAIN, **fields: Any) -> Label:
    picture(tmp_path / "a.png")
    write(tmp_path / "a.json", *shapes, **fields)
    source = list_source(tmp_path, choice)
    assert source.problems == []
    return source.read_label(source.items[0], SIZE)


def refused(tmp_path: Path, *shapes: dict[str, Any], **fields: Any) -> str:
    with pytest.raises(AssetError) as caught:
        label_of(tmp_path, *shapes, **fields)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_later_shapes_lie_over_earlier_ones_and_ignore_is_void(tmp_path: Path) -> None:
    shapes = [
        shape("dog"),
        shape("cat", [[3, 0], [9, 8]], "rectangle"),
        shape("__ignore__", [[12, 8], [8, 0]], "rectangle"),
    ]
    label = label_of(tmp_path, *shapes)
    assert label.levels.tolist() == [[2] * 3 + [1] * 5 + [255] * 4] * 8
    assert label.instances is not None and label.instances[0].tolist() == [1] * 3 + [2] * 5 + [0] * 4
    alpha = label_of(tmp_path, *shapes, choice=Choice(foreground=("cat",)))
    assert alpha.levels[0].tolist() == [0] * 3 + [255] * 5 + [0] * 4
    assert alpha.void is not None and alpha.void[0].tolist() == [False] * 8 + [True] * 4


def test_shapes_of_one_label_and_group_are_one_object(tmp_path: Path) -> None:
    def column(left: int, label: str, group: int | None) -> dict[str, Any]:
        return shape(label, [[left, 0], [left + 1, 8]], "rectangle", group_id=group)

    label = label_of(
        tmp_path, column(0, "cat", 0), column(2, "dog", 0), column(4, "cat", None), column(6, "cat", 0)
    )
    assert label.instances is not None
    assert label.instances[0].tolist() == [1, 0, 2, 0, 3, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["polygon", None, "oriented_rectangle"])
def test_polygons_have_no_border_that_pillow_adds(tmp_path: Path, kind: str | None) -> None:
    label = label_of(tmp_path, shape(points=[[2, 2], [8, 2], [8, 6], [2, 6]], kind=kind))
    assert np.count_nonzero(label.levels) == 24 and (label.levels[2:6, 2:8] == 1).all()


def test_circles_lines_and_points_are_as_wide_as_in_labelme(tmp_path: Path) -> None:
    size = (60, 60)
    shapes = [
        shape("a circle", [[30, 30], [30, 40]], "circle"),
        shape("b line", [[10, 10], [10, 50]], "line"),
        shape("c strip", [[50, 10], [50, 30], [50, 50]], "linestrip"),
        shape("d point", [[30, 10]], "point"),
        shape("e points", [[25, 54], [35, 54]], "points"),
    ]
    picture(tmp_path / "a.png")
    write(tmp_path / "a.json", *shapes, imageWidth=60, imageHeight=60)
    source = list_source(tmp_path, PLAIN)
    areas = np.bincount(source.read_label(source.items[0], size).levels.ravel(), minlength=6).tolist()[1:]
    round_ends = np.pi * 25
    expected = [np.pi * 100, 400 + round_ends, 400 + round_ends, np.pi * 25, 2 * np.pi * 25]
    assert all(abs(area - wanted) < 8 for area, wanted in zip(areas, expected, strict=True)), areas


def test_a_mask_has_its_first_and_last_pixel_included(tmp_path: Path) -> None:
    mask = np.array([[1, 0, 1], [1, 1, 1]], np.uint8)
    stored = base64.b64encode(encode_png(mask)).decode()
    label = label_of(tmp_path, shape(points=[[4.9, 2.2], [6.9, 3.2]], kind="mask", mask=stored))
    expected = np.zeros((8, 12), np.uint8)
    expected[2:4, 4:7] = mask
    assert (label.levels == expected).all()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"points": [[1, 1], [2, 2]]}, "expected 3 or more points of a polygon, found 2;"),
        ({"kind": "rectangle"}, "expected 2 points of a rectangle, found 4;"),
        ({"kind": "circle"}, "expected 2 points of a circle, found 4;"),
        ({"kind": "star"}, "expected a shape of the type polygon, rectangle, oriented_rectangle, circle,"),
        ({"kind": "mask"}, "expected a mask with its first and last pixel, found no mask;"),
        ({"kind": "mask", "mask": "a"}, "expected a mask with its first and last pixel, found 4 points;"),
        (
            {"kind": "mask", "mask": "a", "points": [[0, 0], [1, 1]]},
            "expected a mask in base64, found other text;",
        ),
        (
            {"kind": "mask", "mask": base64.b64encode(b"none").decode(), "points": [[0, 0], [1, 1]]},
            "expected a picture, found no known picture format;",
        ),
        (
            {
                "kind": "mask",
                "mask": base64.b64encode(encode_png(np.ones((2, 3), np.uint8))).decode(),
                "points": [[0, 0], [3, 2]],
            },
            "expected a mask of 4 x 3 as its corners, found 3 x 2;",
        ),
    ],
)
def test_shapes_that_cannot_be_drawn(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    assert refused(tmp_path, shape(), shape(**fields)).startswith(f"a.json shape 1: {said}")


def test_a_file_of_another_size_is_refused_as_labelme_does(tmp_path: Path) -> None:
    assert refused(tmp_path, shape(), imageWidth=8, imageHeight=12) == (
        "a.json: expected a label for 12 x 8 as the upright picture, found 8 x 12; "
        "it was drawn on the picture lying on its side: label the picture as its EXIF turns it"
    )
    label_of(tmp_path, shape(), imageWidth=None, imageHeight=None)


def test_a_picture_inside_of_the_file_is_not_read(tmp_path: Path) -> None:
    data = base64.b64encode(b"not even a picture").decode()
    assert label_of(tmp_path, shape(), imageData=data).levels.any()
    (tmp_path / "a.png").unlink()
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path}/a.json: a.png is no picture below {tmp_path}. Put the picture there; if it is only "
        "inside of the JSON file, save it with 'labelme_export_json'."
    )


def test_pictures_are_found_by_their_path_or_beside_the_file(tmp_path: Path) -> None:
    for name in ("images/a.png", "b.png", "labels/c.jpg"):
        picture(tmp_path / name)
    write(tmp_path / "labels/a.json", shape("dog"), imagePath="..\\images\\a.png")
    write(tmp_path / "b.json", shape(), imagePath="old-name.png")
    write(tmp_path / "labels/c.json", imagePath="C:\\Users\\me\\c.png")
    source = list_source(tmp_path, PLAIN)
    assert [item.name for item in source.items] == ["b", "images/a", "labels/c"]
    assert source.problems == []
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "cat", "dog"]
    assert not source.read_label(source.items[2], SIZE).levels.any(), "no shapes: background everywhere"


def test_what_cannot_be_used_is_reported(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    write(tmp_path / "a.json", shape())
    (tmp_path / "b.json").write_text('{"shapes": []}')
    write(tmp_path / "z.json", shape(), imagePath="a.png")
    source = list_source(tmp_path, PLAIN)
    assert [item.name for item in source.items] == ["a"]
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        "b.json: expected a LabelMe file, found imagePath: missing; export it again, or correct it",
        "z.json labels a.png again. Remove one of the two labels.",
        "b.png has no label file. Label it, or move it away.",
        "c.png has no label file. Label it, or move it away.",
    ]


def test_a_class_file_decides_the_order_and_what_it_lacks_follows(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\ndog\n")
    picture(tmp_path / "a.png")
    write(tmp_path / "a.json", shape(), shape("_background_", [[0, 0], [2, 8]], "rectangle"))
    choice = Choice(labels=tmp_path / "labels.txt")
    source = list_source(tmp_path, choice)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["_background_", "dog", "cat"]
    assert source.read_label(source.items[0], SIZE).levels[0].tolist() == [0, 0, 2, 2, 2, 2] + [0] * 6
    assert source.notes == []
    notes = list_source(tmp_path, PLAIN).notes
    assert notes == [f"{tmp_path}: classes are in the order of the alphabet; `labels` decides another"]


def test_sources_that_are_no_labelme(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path} holds no LabelMe file. Put NAME.json beside each NAME.jpg, as LabelMe saves them."
    )
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(AssetError, match=r"a\.json: expected a LabelMe file, found not an object"):
        list_source(tmp_path, PLAIN)
    write(tmp_path / "a.json")
    with pytest.raises(AssetError, match="expected names of classes, found none"):
        list_source(tmp_path, PLAIN)
    with pytest.raises(UsageError, match="`images` is no choice of the format labelme"):
        list_source(tmp_path, Choice(images="*.png"))
