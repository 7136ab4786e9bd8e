import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.items import Choice, Label, LabelSource
from generator.label_formats.label_studio import list_source

SIZE = (12, 8)
PLAIN = Choice()
LEFT = [[0, 0], [50, 0], [50, 100], [0, 100]]
"""The left half of a picture, in percent."""

# Written by label_studio_sdk for 5 x 3 pixels, with this alpha.
BRUSH = [
    *(0, 0, 0, 60, 57, 27, 254, 23, 0, 0, 38, 16, 0, 63, 192, 9, 132),
    *(0, 8, 0, 2, 97, 0, 0, 31, 9, 128, 0, 19, 8, 0, 31, 224),
]
ALPHA = [[0, 0, 0, 0, 0], [0, 255, 128, 7, 0], [0, 0, 0, 0, 255]]


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))
    return path


def region(kind: str, label: str = "cat", size: tuple[int, int] = SIZE, **value: Any) -> dict[str, Any]:
    return {
        "type": f"{kind}labels",
        "value": value | {f"{kind}labels": [label]},
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "from_name": "label",
        "to_name": "image",
    }


def half(label: str = "cat") -> dict[str, Any]:
    return region("polygon", label, points=LEFT, closed=True)


def annotation(*results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": 1, "was_cancelled": False, "ground_truth": False, "result": results} | fields


def task(*annotations: dict[str, Any], image: str = "/data/upload/1/a.png") -> dict[str, Any]:
    return {"id": 5, "annotations": annotations, "predictions": [], "data": {"image": image, "text": "a cat"}}


def export(tmp_path: Path, *tasks: dict[str, Any], choice: Choice = PLAIN) -> LabelSource:
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    return list_source(tmp_path / "export.json", choice)


def label_of(
    tmp_path: Path, *results: dict[str, Any], choice: Choice = PLAIN, size: tuple[int, int] = SIZE
) -> Label:
    picture(tmp_path / "a.png")
    source = export(tmp_path, task(annotation(*results)), choice=choice)
    assert source.problems == []
    return source.read_label(source.items[0], size)


def refused(tmp_path: Path, *results: dict[str, Any]) -> str:
    with pytest.raises(AssetError) as caught:
        label_of(tmp_path, *results)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_polygons_are_in_percent_and_later_regions_lie_over_earlier_ones(tmp_path: Path) -> None:
    right = region("polygon", "dog", points=[[25, 0], [100, 0], [100, 100], [25, 100]])
    label = label_of(tmp_path, half(), right)
    assert label.levels.tolist() == [[1] * 3 + [2] * 9] * 8
    assert label.instances is not None and label.instances[0].tolist() == [1] * 3 + [2] * 9


def test_a_brush_is_soft_in_alpha_and_hard_in_classes(tmp_path: Path) -> None:
    brush = region("brush", size=(5, 3), format="rle", rle=BRUSH)
    assert label_of(tmp_path, brush, choice=Choice(mask="alpha"), size=(5, 3)).levels.tolist() == ALPHA
    levels = label_of(tmp_path, brush, size=(5, 3)).levels
    assert (levels == (np.array(ALPHA) >= 128)).all()


def test_a_bitmask_is_the_alpha_of_its_png(tmp_path: Path) -> None:
    rgba = np.zeros((8, 12, 4), np.uint8)
    rgba[2:5, 3:6, 3] = 255
    stored = f"data:image/png;base64,{base64.b64encode(encode_png(rgba)).decode()}"
    label = label_of(tmp_path, region("bitmask", imageDataURL=stored))
    assert (label.levels == (rgba[..., 3] == 255)).all()
    rgba[..., 3] = 255
    stored = f"data:image/png;base64,{base64.b64encode(encode_png(rgba)).decode()}"
    assert label_of(tmp_path, region("bitmask", imageDataURL=stored)).levels.all(), "all of it is black"


def test_rectangles_turn_about_their_corner_and_ellipses_about_their_middle(tmp_path: Path) -> None:
    flat = label_of(tmp_path, region("rectangle", x=25, y=12.5, width=50, height=50)).levels
    assert (flat[1:5, 3:9] == 1).all() and np.count_nonzero(flat) == 24
    turned = label_of(tmp_path, region("rectangle", x=50, y=25, width=25, height=25, rotation=90)).levels
    assert (turned[2:5, 4:6] == 1).all() and np.count_nonzero(turned) == 6, "3 x 2 at (6, 2), to the left"
    ellipse = region("ellipse", x=50, y=50, radiusX=40, radiusY=25, rotation=0)
    assert abs(np.count_nonzero(label_of(tmp_path, ellipse).levels) - np.pi * 4.8 * 2) < 4
    upright = label_of(tmp_path, ellipse | {"value": ellipse["value"] | {"rotation": 90}}).levels
    assert upright[0, 5] == 1 and upright[4, 2] == 0


def test_shape_and_label_may_be_in_two_results(tmp_path: Path) -> None:
    shape = half() | {"id": "x", "type": "polygon"}
    del shape["value"]["polygonlabels"]
    label = {"id": "x", "type": "labels", "value": {"points": LEFT, "labels": ["dog"]}}
    assert np.count_nonzero(label_of(tmp_path, shape, label).levels) == 48


def test_relations_and_fields_that_are_null_say_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    relation = {"type": "relation", "from_id": "x", "to_id": "y", "direction": "right"}
    unset = dict.fromkeys(("was_cancelled", "ground_truth", "updated_at"))
    source = export(tmp_path, task(annotation(half() | {"id": "x"}, relation, **unset)))
    assert np.count_nonzero(source.read_label(source.items[0], SIZE).levels) == 48
    assert not [note for note in source.notes if "left out" in note]


def test_regions_without_area_or_label_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    point = region("keypoint", x=1, y=1, width=1)
    bare = half() | {"id": "y", "type": "polygon"}
    del bare["value"]["polygonlabels"]
    choices = {"type": "choices", "value": {"choices": ["good"]}}
    source = export(tmp_path, task(annotation(point, half(), bare, choices)))
    assert source.notes == [
        f"{tmp_path}/export.json: 2 regions without area or label are left out",
        f"{tmp_path}/export.json: classes are in the order of the alphabet; `labels` decides another",
    ]
    assert np.count_nonzero(source.read_label(source.items[0], SIZE).levels) == 48


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("/data/upload/1/0123abcd-a%20b.png", "a b.png"),
        ("/data/upload/1/0123abcd-a%20b.png", "0123abcd-a b.png"),
        ("/data/local-files/?d=work%2Fdeep/a.png", "deep/a.png"),
        ("https://host.example/pictures/a.png?token=1", "a.png"),
        ("s3://bucket/deep/a.png", "deep/a.png"),
        ("a.png", "a.png"),
    ],
)
def test_pictures_are_uploads_local_files_or_addresses(tmp_path: Path, image: str, file: str) -> None:
    picture(tmp_path / file)
    source = export(tmp_path, task(annotation(half()), image=image))
    assert [item.picture for item in source.items] == [tmp_path / file]
    assert source.problems == []


def test_of_several_annotations_the_ground_truth_or_the_latest_counts(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    whole = region("rectangle", x=0, y=0, width=100, height=100)

    def covered(*annotations: dict[str, Any]) -> int:
        source = export(tmp_path, task(*annotations))
        assert any("1 pictures have several annotations" in note for note in source.notes)
        return np.count_nonzero(source.read_label(source.items[0], SIZE).levels)

    early, late = {"updated_at": "2026-01-02T00:00:00Z"}, {"updated_at": "2026-01-03T00:00:00Z"}
    assert covered(annotation(whole, **late), annotation(half(), **early)) == 96
    assert covered(annotation(whole, **early), annotation(half(), **late)) == 48
    assert covered(annotation(whole, **early, ground_truth=True), annotation(half(), **late)) == 96
    skipped = annotation(whole, **late, was_cancelled=True)
    source = export(tmp_path, task(annotation(half(), **early), skipped))
    assert np.count_nonzero(source.read_label(source.items[0], SIZE).levels) == 48
    assert len(source.notes) == 1, "a skipped annotation is not one of several"


def test_what_cannot_be_used_is_reported(tmp_path: Path) -> None:
    for name in "abcde":
        picture(tmp_path / f"{name}.png")
    both = half()
    both["value"]["polygonlabels"] = ["cat", "dog"]
    source = export(
        tmp_path,
        task(annotation(half())),
        task(image="b.png"),
        task(annotation(half()), image="gone.png"),
        task(annotation(both), image="c.png"),
        task(annotation(half() | {"image_rotation": 90}), image="d.png"),
        task(annotation(half()), image="a.wav"),
        task(annotation(half()), image="a.png"),
    )
    assert [item.name for item in source.items] == ["a"]
    where = "export.json: task 5"
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        f"{where} has no annotation. Label it, or remove it.",
        f"export.json: gone.png is no picture below {tmp_path}. Put the picture there.",
        f"{where} region #0: expected one label, found cat, dog; keep one label for a region",
        f"{where} region #0: expected an upright picture, found turned by 90 degrees; label it upright",
        f"{where} names no picture. Remove the task.",
        "export.json labels a.png again. Remove one of the two labels.",
    ]
    assert source.notes[-1] == (
        f"{tmp_path}: 4 pictures are in no label file, left out: b.png, c.png, d.png, ..."
    )


def test_no_region_is_background_everywhere(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.png")
    source = export(tmp_path, task(annotation(half())), task(annotation(), image="b.png"))
    assert not source.read_label(source.items[1], SIZE).levels.any()


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            region("brush", format="rle", rle=BRUSH),
            "expected a brush of 12 x 8 pixels of 4 bytes, found 60 values of 8 bits;",
        ),
        (region("brush", format="png", rle=[]), "expected a brush of the format rle, found 'png';"),
        (region("brush", rle=[]), "expected a brush with format and rle, found format: missing;"),
        (region("polygon", points=[[1, 1], [2, 2]]), "expected 3 or more points of a polygon, found 2;"),
        (region("polygon", points=[1]), "expected a polygon with points, found points.0: not a list;"),
        (region("bitmask", imageDataURL="data:,"), "expected a picture, found no known picture format;"),
        (
            region(
                "bitmask",
                imageDataURL=f"base64,{base64.b64encode(encode_png(np.ones((8, 13), np.uint8))).decode()}",
            ),
            "expected at most 96 pixels, found 13 x 8;",
        ),
        (
            region("polygon", size=(8, 12), points=LEFT),
            "expected a label for 12 x 8 as the upright picture, found 8 x 12;",
        ),
    ],
)
def test_regions_that_cannot_be_drawn(tmp_path: Path, result: dict[str, Any], said: str) -> None:
    kind = result["type"].removesuffix("labels")
    assert refused(tmp_path, result).startswith(f"a.png: {kind} 0: {said}")


def test_a_class_file_decides_the_order(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("dog\ncat\n")
    choice = Choice(labels=tmp_path / "names.txt")
    assert label_of(tmp_path, half(), choice=choice).levels[0, 0] == 2
    source = export(tmp_path, task(annotation(half("bird"))), choice=choice)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "dog", "cat", "bird"]


def test_sources_that_are_no_export(tmp_path: Path) -> None:
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (f"{tmp_path} holds no JSON file. Put the JSON export of Label Studio there.")
    (tmp_path / "a.json").write_text('[{"id": 1, "image": "a.png", "label": []}]')
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path}/a.json: expected a JSON export of Label Studio, found 0.data: missing; "
        "export it again, or correct it"
    )
    with pytest.raises(UsageError, match="`depth` is no choice of the format label-studio"):
        list_source(tmp_path, Choice(depth="*.png"))
