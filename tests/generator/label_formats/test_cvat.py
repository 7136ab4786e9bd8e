from pathlib import Path

import numpy as np
import pytest

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.cvat import list_source
from generator.label_formats.items import Choice, Label

SIZE = (12, 8)
PLAIN = Choice()
LABELS = (
    "<label><name>dog</name><color>#fa3253</color><type>any</type><attributes></attributes></label>"
    "<label><name>cat</name><color></color></label>"
)
LEFT = '<polygon label="cat" points="0.00,0.00;6.00,0.00;6.00,8.00;0.00,8.00" z_order="0"/>'


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))
    return path


def image(*shapes: str, name: str = "a.png", more: str = "") -> str:
    return f'<image id="0" name="{name}" width="12" height="8" {more}>{"".join(shapes)}</image>'


def write(path: Path, *images: str, labels: str = LABELS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
        f"<meta><job><labels>{labels}</labels></job></meta>{''.join(images)}</annotations>"
    )
    return path


def label_of(tmp_path: Path, *shapes: str, choice: Choice = PLAIN) -> Label:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "annotations.xml", image(*shapes)), choice)
    assert source.problems == []
    return source.read_label(source.items[0], SIZE)


def refused(tmp_path: Path, *shapes: str) -> str:
    with pytest.raises(AssetError) as caught:
        label_of(tmp_path, *shapes)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_classes_and_colours_are_those_of_the_labels(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "annotations.xml", image(LEFT)), PLAIN)
    assert isinstance(source.mask, ClassMask)
    assert source.mask.names == ["background", "dog", "cat"]
    assert source.mask.colours == [[0, 0, 0], [250, 50, 83], [0, 128, 0]]
    label = source.read_label(source.items[0], SIZE)
    assert label.levels.tolist() == [[2] * 6 + [0] * 6] * 8


def test_a_mask_has_runs_along_the_rows_of_its_own_box(tmp_path: Path) -> None:
    # Rows: . # # / # . .
    label = label_of(tmp_path, '<mask label="dog" rle="1, 3, 2" left="4" top="2" width="3" height="2"/>')
    expected = np.zeros((8, 12), np.uint8)
    expected[2, 5:7] = expected[3, 4] = 1
    assert (label.levels == expected).all()
    whole = label_of(tmp_path, '<mask label="dog" rle="0, 6" left="4" top="2" width="3" height="2"/>')
    assert np.count_nonzero(whole.levels) == 6


def test_boxes_and_ellipses_may_be_turned(tmp_path: Path) -> None:
    box = '<box label="dog" xtl="2" ytl="1" xbr="10" ybr="5" {}/>'
    flat = label_of(tmp_path, box.format("")).levels
    assert (flat[1:5, 2:10] == 1).all() and np.count_nonzero(flat) == 32
    upright = label_of(tmp_path, box.format('rotation="90.0"')).levels
    assert (upright[:7, 4:8] == 1).all() and np.count_nonzero(upright) == 28, "one row is above the picture"
    ellipse = label_of(tmp_path, '<ellipse label="dog" cx="6" cy="4" rx="5" ry="2.5" rotation="0"/>').levels
    assert abs(np.count_nonzero(ellipse) - np.pi * 12.5) < 4 and ellipse[4, 1] == 1


def test_z_order_decides_then_the_order_of_the_file(tmp_path: Path) -> None:
    whole = '<box label="dog" xtl="0" ytl="0" xbr="12" ybr="8" z_order="{}"/>'
    assert (label_of(tmp_path, LEFT, whole.format("0")).levels == 1).all()
    assert label_of(tmp_path, LEFT, whole.format("-1")).levels[0].tolist() == [2] * 6 + [1] * 6
    assert (label_of(tmp_path, LEFT, whole.format("3")).levels == 1).all()


def test_a_group_is_one_object(tmp_path: Path) -> None:
    shapes = [
        f'<box label="{name}" xtl="{left}" ytl="0" xbr="{left + 1}" ybr="8" {group}/>'
        for left, name, group in (
            (0, "dog", 'group_id="4"'),
            (2, "dog", ""),
            (4, "dog", 'group_id="4"'),
            (6, "cat", 'group_id="4"'),
            (8, "cat", 'group_id="0"'),
            (10, "cat", 'group_id="0"'),
        )
    ]
    label = label_of(tmp_path, *shapes)
    assert label.instances is not None
    assert label.instances[0].tolist() == [1, 0, 2, 0, 1, 0, 3, 0, 4, 0, 5, 0]


def test_shapes_without_area_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    lines = (
        '<polyline label="cat" points="1,1;2,2"/><points label="dog" points="1,1"/><tag label="cat"></tag>'
    )
    source = list_source(write(tmp_path / "a.xml", image(LEFT, lines, lines)), PLAIN)
    assert source.notes == [
        f"{tmp_path}/a.xml: shapes without area left out: 2 of type points, 2 of type polyline"
    ]
    assert np.count_nonzero(source.read_label(source.items[0], SIZE).levels) == 48


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (
            '<polygon label="cat" points="1,1;2,2"/>',
            "polygon 0: expected 3 or more points of a polygon, found 2;",
        ),
        (
            '<polygon label="cat" points="1;2;3"/>',
            "polygon 0: expected points like 10.5,20;30,40, found '1;2;3';",
        ),
        ('<polygon label="cat"/>', "polygon 0: expected points like 10.5,20;30,40, found '';"),
        ('<box label="cat" xtl="1"/>', "box 0: expected a number as ytl, found None;"),
        (
            '<polygon label="cow" points="1,1;2,2;3,3"/>',
            "polygon 0: expected a class among dog, cat, found 'cow';",
        ),
        (
            '<mask label="dog" rle="1, 2" left="4" top="2" width="3" height="2"/>',
            "mask 0: expected run lengths of 6 pixels together (3 x 2), found 3;",
        ),
        (
            '<mask label="dog" rle="1, x" left="4" top="2" width="3" height="2"/>',
            "mask 0: expected run lengths with commas between them, found '1, x';",
        ),
        (
            '<mask label="dog" rle="0, 6" left="10" top="2" width="3" height="2"/>',
            "mask 0: expected a mask inside of the picture (12 x 8), found one of 3 x 2 at 10, 2;",
        ),
        (
            '<mask label="dog" rle="0, 6" left="-1" top="2" width="3" height="2"/>',
            "mask 0: expected a whole number as left, found '-1';",
        ),
    ],
)
def test_shapes_that_cannot_be_drawn(tmp_path: Path, shape: str, said: str) -> None:
    assert refused(tmp_path, shape).startswith(f"a.png: {said}")


def test_a_label_of_another_size_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "annotations.xml", image(LEFT)), PLAIN)
    with pytest.raises(
        AssetError, match="expected a label for 24 x 16 as the upright picture, found 12 x 8;"
    ):
        source.read_label(source.items[0], (24, 16))


def test_exports_have_their_pictures_in_folders_of_subsets(tmp_path: Path) -> None:
    for name in ("images/Train/a.png", "images/Validation/a.png", "images/Train/deep/b.png"):
        picture(tmp_path / name)
    images = [
        image(LEFT, more='subset="Train"'),
        image(LEFT, more='subset="Validation"'),
        image(name="deep/b.png", more='subset="Train"'),
        image(name="gone.png"),
    ]
    write(tmp_path / "annotations.xml", *images)
    source = list_source(tmp_path, PLAIN)
    assert [(item.name, item.split) for item in source.items] == [
        ("images/Train/a", "train"),
        ("images/Train/deep/b", "train"),
        ("images/Validation/a", "val"),
    ]
    assert [str(problem) for problem in source.problems] == [
        f"{tmp_path}/annotations.xml: gone.png is no picture below {tmp_path}. Put the picture there."
    ]
    assert not source.read_label(source.items[1], SIZE).levels.any(), "no shapes: background everywhere"


def test_a_file_for_each_split_as_datumaro_writes_them(tmp_path: Path) -> None:
    for name in ("train", "val"):
        picture(tmp_path / f"images/{name}.png")
        write(tmp_path / f"{name}.xml", image(LEFT, name=f"{name}.png"))
    source = list_source(tmp_path, PLAIN)
    assert [(item.name, item.split) for item in source.items] == [
        ("images/train", "train"),
        ("images/val", "val"),
    ]


def test_without_a_list_of_labels_the_shapes_name_the_classes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    source = list_source(write(tmp_path / "a.xml", image(LEFT), labels=""), PLAIN)
    assert isinstance(source.mask, ClassMask) and source.mask.names == ["background", "cat"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<annotations><image", "a.xml: expected a file of CVAT for images 1.1, found unclosed token"),
        (
            "<annotation/>",
            "a.xml: expected a file of CVAT for images 1.1, found XML of annotation; export it as",
        ),
        (
            "<annotations><track id='0'></track></annotations>",
            "a.xml holds tracks of a video, which have no pictures. "
            "Export the frames as 'CVAT for images 1.1'.",
        ),
        ("<annotations><image id='3'/></annotations>", "a.xml: image 3 has no name. Export it again."),
        (
            "<annotations><image name='a.png' height='8'/></annotations>",
            "a.xml: a.png: expected a whole number as width, found None;",
        ),
        ("", "a.xml: expected a file of CVAT for images 1.1, found no element found"),
    ],
)
def test_files_that_are_no_cvat(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value).startswith(f"{tmp_path}/{said}")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path} holds no XML file. Put annotations.xml there, exported as 'CVAT for images 1.1'."
    )
    with pytest.raises(AssetError, match=r"a\.xml does not exist"):
        list_source(tmp_path / "a.xml", PLAIN)
    with pytest.raises(UsageError, match="`masks` is no choice of the format cvat"):
        list_source(tmp_path, Choice(masks="*.png"))


def test_entities_are_not_expanded_without_bound(tmp_path: Path) -> None:
    nested = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    (tmp_path / "a.xml").write_text(
        f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 1000}">{nested}]><annotations>&e8;</annotations>'
    )
    with pytest.raises(AssetError, match="limit on input amplification factor"):
        list_source(tmp_path, PLAIN)
