import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.items import Choice, Label
from generator.label_formats.supervisely import list_source

SIZE = (12, 8)
PLAIN = Choice()
CLASSES = [
    {"title": "dog", "shape": "any", "color": "#FA3253", "id": 5},
    {"title": "cat", "shape": "bitmap", "color": "#0a141e"},
]

# Written by Supervisely's SDK: 2 x 3 pixels of an object, cut from a larger mask; and 3 x 2 pixels of one.
TWO_BY_THREE = (
    "eJzrDPBz5+WS4mJgYOD19HAJAtJMQMzMyAwkm1V8DgEptgCfEFcg/f///6U3598FshhLgvyCGRye3UgDcvg8XRxDKuYkWxw4cuAIUOsl"
    "hqN7qyIeAGUYPF39XNY5JTQBALPSHHw="
)
THREE_BY_TWO = (
    "eJzrDPBz5+WS4mJgYOD19HAJAtLMQMzECCKX7/oSCaTYAnxCXIH0////l96cfxfIYiwJ8gtmcHh2Iw3I4fF0cQypmJNcceAIUOMKhsdn"
    "TqqLAcUZPF39XNY5JTQBAKoPG4U="
)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))
    return path


def bitmap(data: str, origin: Any, title: str = "cat", kind: str = "bitmap") -> dict[str, Any]:
    return {"classTitle": title, "geometryType": kind, "bitmap": {"data": data, "origin": origin}}


def outline(kind: str, exterior: Any, interior: Any = (), title: str = "dog") -> dict[str, Any]:
    points = {"exterior": exterior, "interior": interior}
    return {"classTitle": title, "geometryType": kind, "points": points}


def write(project: Path, name: str, *objects: dict[str, Any], size: tuple[int, int] = SIZE) -> None:
    """A picture `DATASET/NAME` of a project with its annotation."""
    dataset, _, file = name.rpartition("/")
    picture(project / dataset / "img" / file)
    path = project / dataset / "ann" / f"{file}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"size": {"width": size[0], "height": size[1]}, "objects": objects}))
    (project / "meta.json").write_text(json.dumps({"classes": CLASSES, "tags": []}))


def label_of(project: Path, *objects: dict[str, Any], choice: Choice = PLAIN) -> Label:
    write(project, "ds/a.png", *objects)
    source = list_source(project, choice)
    assert source.problems == []
    return source.read_label(source.items[0], SIZE)


def refused(project: Path, *objects: dict[str, Any]) -> str:
    with pytest.raises(AssetError) as caught:
        label_of(project, *objects)
    return str(caught.value).replace(f"{project}/", "")


def test_bitmaps_of_the_sdk_lie_at_their_origin(tmp_path: Path) -> None:
    label = label_of(tmp_path, bitmap(TWO_BY_THREE, [8, 4]))
    expected = np.zeros((8, 12), np.uint8)
    expected[4:7, 8:10] = 2
    assert (label.levels == expected).all()


def test_a_bitmap_that_is_full_of_the_object_is_not_empty(tmp_path: Path) -> None:
    assert np.count_nonzero(label_of(tmp_path, bitmap(THREE_BY_TWO, [0, 0])).levels) == 6


@pytest.mark.parametrize(
    "mask",
    [
        [[[0, 0, 0, 255], [9, 9, 9, 0]], [[9, 9, 9, 0], [9, 9, 9, 255]]],
        [[1, 0], [0, 1]],
        [[255, 0], [0, 255]],
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_alpha_counts_where_there_are_4_channels(tmp_path: Path, mask: Any, packed: bool) -> None:
    png = encode_png(np.array(mask, np.uint8))
    data = base64.b64encode(zlib.compress(png) if packed else png).decode()
    label = label_of(tmp_path, bitmap(data, [3, 2]))
    assert label.levels[2:4, 3:5].tolist() == [[2, 0], [0, 2]] and np.count_nonzero(label.levels) == 2


def test_an_alpha_mask_is_soft(tmp_path: Path) -> None:
    data = base64.b64encode(zlib.compress(encode_png(np.array([[0, 100, 200]], np.uint8)))).decode()
    label = label_of(tmp_path, bitmap(data, [1, 1], kind="alpha_mask"), choice=Choice(mask="alpha"))
    assert label.levels[1].tolist() == [0, 0, 100, 200] + [0] * 8


def test_points_name_pixels_which_belong_to_the_object(tmp_path: Path) -> None:
    rectangle = label_of(tmp_path, outline("rectangle", [[2, 1], [6, 4]])).levels
    assert (rectangle[1:5, 2:7] == 1).all() and np.count_nonzero(rectangle) == 20
    square = label_of(tmp_path, outline("polygon", [[2.4, 1], [6, 1], [6.9, 4], [2, 4.5]])).levels
    assert (square == rectangle).all()


def test_holes_are_cut_with_their_border_and_what_lies_below_shows(tmp_path: Path) -> None:
    below = outline("rectangle", [[0, 0], [11, 7]], title="cat")
    ring = outline("polygon", [[1, 1], [9, 1], [9, 6], [1, 6]], [[[3, 3], [5, 3], [5, 4], [3, 4]]])
    expected = np.full((8, 12), 2, np.uint8)
    expected[1:7, 1:10] = 1
    expected[3:5, 3:6] = 2
    assert (label_of(tmp_path, below, ring).levels == expected).all()


def test_parts_of_a_multipolygon_are_one_object(tmp_path: Path) -> None:
    parts = [
        {"exterior": [[0, 0], [1, 0], [1, 7], [0, 7]]},
        {"exterior": [[5, 0], [7, 0], [7, 7], [5, 7]], "interior": [[[6, 0], [6, 7], [6, 7]]]},
    ]
    label = label_of(tmp_path, {"classTitle": "dog", "geometryType": "multipolygon", "parts": parts})
    assert label.instances is not None
    assert label.instances[0].tolist() == [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]


def test_classes_have_the_names_and_colours_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, "train/a.png", bitmap(TWO_BY_THREE, [0, 0]))
    write(tmp_path, "val/a.png", outline("point", [[1, 1]]))
    write(tmp_path, "val/datasets/deep/b.png")
    source = list_source(tmp_path, PLAIN)
    assert isinstance(source.mask, ClassMask)
    assert source.mask.names == ["background", "dog", "cat"]
    assert source.mask.colours == [[0, 0, 0], [250, 50, 83], [10, 20, 30]]
    assert [(item.name, item.split) for item in source.items] == [
        ("train/img/a", "train"),
        ("val/datasets/deep/img/b", "val"),
        ("val/img/a", "val"),
    ]
    assert [bool(source.read_label(item, SIZE).levels.any()) for item in source.items] == [True, False, False]
    assert source.problems == [] and source.notes == []


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (
            bitmap(TWO_BY_THREE, [11, 4]),
            "expected a mask inside of the picture (12 x 8), found one of 2 x 3 at 11, 4;",
        ),
        (bitmap("?", [0, 0]), "expected a mask in base64, found other text;"),
        (
            bitmap(base64.b64encode(b"no").decode(), [0, 0]),
            "expected a mask as PNG, packed by zlib, found Error -3 while decompressing data",
        ),
        (bitmap(TWO_BY_THREE, [0]), "expected a bitmap with data and origin, found origin.1: missing;"),
        (bitmap(TWO_BY_THREE, [0, 0], "cow"), "expected a class among dog, cat, found 'cow';"),
        (outline("polygon", [[1, 1], [2, 2]]), "expected 3 or more points of a polygon, found 2;"),
        (outline("rectangle", [[1, 1]]), "expected 2 corners of a rectangle, found 1;"),
        (outline("polygon", None), "expected points with exterior and interior, found exterior: not a list;"),
        (
            outline("star", []),
            "expected a geometryType bitmap, alpha_mask, polygon, multipolygon or rectangle,",
        ),
    ],
)
def test_objects_that_cannot_be_drawn(tmp_path: Path, drawn: dict[str, Any], said: str) -> None:
    assert refused(tmp_path, drawn).startswith(f"ds/ann/a.png.json object 0: {said}")


def test_a_mask_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    data = base64.b64encode(zlib.compress(bytes(2**26 + 1))).decode()
    assert refused(tmp_path, bitmap(data, [0, 0])) == (
        "ds/ann/a.png.json object 0: expected a mask of up to 67,108,864 bytes, found a larger one; "
        "correct the label file"
    )
    large = base64.b64encode(encode_png(np.zeros((9, 12), np.uint8))).decode()
    assert refused(tmp_path, bitmap(large, [0, 0])).startswith(
        "ds/ann/a.png.json object 0: expected at most 96 pixels"
    )


def test_an_annotation_of_another_size_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "ds/a.png", size=(8, 12))
    source = list_source(tmp_path, PLAIN)
    with pytest.raises(AssetError, match="expected a label for 12 x 8 as the upright picture, found 8 x 12;"):
        source.read_label(source.items[0], SIZE)


def test_what_has_no_partner_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "ds/a.png")
    picture(tmp_path / "ds/img/b.png")
    (tmp_path / "ds/ann/c.png.json").write_text("{}")
    source = list_source(tmp_path, PLAIN)
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        f"ds/ann/c.png.json: c.png is no picture below {tmp_path}. Put the picture there.",
        "ds/img/b.png has no label file. Label it, or move it away.",
    ]


def test_classes_without_area_are_said(tmp_path: Path) -> None:
    write(tmp_path, "ds/a.png")
    classes = [*CLASSES, {"title": "eye", "shape": "point", "color": "red"}]
    (tmp_path / "meta.json").write_text(json.dumps({"classes": classes}))
    assert list_source(tmp_path, PLAIN).notes == [
        f"{tmp_path}/meta.json: classes without area are not drawn: eye"
    ]


def test_sources_that_are_no_project(tmp_path: Path) -> None:
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == f"{tmp_path} holds no meta.json. Name the folder of a Supervisely project."
    (tmp_path / "meta.json").write_text(json.dumps({"classes": CLASSES}))
    with pytest.raises(AssetError, match=r"holds no ann/NAME\.jpg\.json"):
        list_source(tmp_path, PLAIN)
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(
        AssetError, match=r"expected the meta\.json of a Supervisely project, found classes: missing"
    ):
        list_source(tmp_path, PLAIN)
    with pytest.raises(UsageError, match="`bg` is no choice of the format supervisely"):
        list_source(tmp_path, Choice(bg="*.png"))
