from pathlib import Path

import numpy as np
import pytest

from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.format.manifest import ClassMask
from generator.label_formats.items import Choice, LabelSource
from generator.label_formats.yolo import label_file, list_source

SIZE = (12, 8)
PLAIN = Choice()
LEFT = "0 0 0.5 0 0.5 1 0 1"
"""The left half of a picture, as the numbers behind the class."""


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)))
    return path


def data_set(
    folder: Path, labels: dict[str, str | None], description: str = "names: [cat, dog]\ntrain: images\n"
) -> Path:
    """A data set with a picture for each label, None for none."""
    for name, text in labels.items():
        picture(folder / "images" / f"{name}.png")
        if text is not None:
            label = folder / "labels" / f"{name}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(text)
    (folder / "data.yaml").write_text(description)
    return folder


def levels(folder: Path, text: str, choice: Choice = PLAIN) -> np.ndarray:
    source = list_source(data_set(folder, {"a": text}), choice)
    return source.read_label(source.items[0], SIZE).levels


def refused(folder: Path, text: str) -> str:
    with pytest.raises(AssetError) as caught:
        levels(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def names(source: LabelSource) -> list[str]:
    assert isinstance(source.mask, ClassMask)
    return source.mask.names


def test_each_line_is_an_object_in_shares_of_the_upright_size(tmp_path: Path) -> None:
    source = list_source(data_set(tmp_path, {"a": f"1 {LEFT}\n0 0.5 0 1 0 1 1 0.5 1\n"}), PLAIN)
    assert names(source) == ["background", "cat", "dog"]
    label = source.read_label(source.items[0], SIZE)
    assert label.levels.tolist() == [[2] * 6 + [1] * 6] * 8
    assert label.instances is not None and label.instances.tolist() == [[1] * 6 + [2] * 6] * 8
    upright = source.read_label(source.items[0], (8, 12)).levels
    assert upright.tolist() == [[2] * 4 + [1] * 4] * 12


def test_a_bridge_of_no_width_between_parts_is_not_of_the_object(tmp_path: Path) -> None:
    # Two squares, joined by a slanted line from (4, 1) to (8, 4) and back, as COCO's parts become one line.
    line = [(0, 0), (4, 0), (4, 1), (8, 4), (12, 4), (12, 8), (8, 8), (8, 4), (4, 1), (4, 4), (0, 4)]
    text = "0 " + " ".join(f"{x / 12:.9f} {y / 8:.9f}" for x, y in line)
    expected = np.zeros((8, 12), np.uint8)
    expected[:4, :4] = expected[4:, 8:] = 1
    assert (levels(tmp_path, text) == expected).all()


def test_a_line_that_crosses_itself_is_even_odd(tmp_path: Path) -> None:
    outer, hole = [(0, 0), (12, 0), (12, 8), (0, 8), (0, 0)], [(4, 2), (8, 2), (8, 6), (4, 6), (4, 2)]
    text = "0 " + " ".join(f"{x / 12:.9f} {y / 8:.9f}" for x, y in [*outer, *hole])
    found = levels(tmp_path, text)
    assert (found[2:6, 4:8] == 0).all() and np.count_nonzero(found) == 12 * 8 - 16


def test_lines_of_5_numbers_are_boxes_by_their_middle(tmp_path: Path) -> None:
    expected = np.zeros((8, 12), np.uint8)
    expected[2:6, 3:9] = 2
    assert (levels(tmp_path, "1 0.5 0.5 0.5 0.5\n\n") == expected).all()
    source = list_source(tmp_path, PLAIN)
    assert source.notes == [f"{tmp_path}: lines of 5 numbers are boxes, and are drawn as rectangles"]


def test_small_objects_lie_over_large_ones(tmp_path: Path) -> None:
    assert levels(tmp_path, "1 0.5 0.5 0.5 0.5\n0 0.5 0.5 1 1\n")[4].tolist() == [1] * 3 + [2] * 6 + [1] * 3


def test_an_empty_label_and_no_label_are_background(tmp_path: Path) -> None:
    source = list_source(data_set(tmp_path, {"a": "\n", "b": None, "c": f"0 {LEFT}"}), PLAIN)
    assert [source.read_label(item, SIZE).levels.any() for item in source.items] == [False, False, True]
    assert source.notes == [f"{tmp_path}: 1 pictures without label file are background everywhere"]
    assert [item.label and item.label.name for item in source.items] == ["a.txt", None, "c.txt"]


def test_a_data_set_without_any_label_file_is_refused(tmp_path: Path) -> None:
    data_set(tmp_path, {"a": None, "b": None})
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path}/data.yaml: expected label files, found none of 2 pictures has one, as"
        f" {tmp_path}/labels/a.txt; put them there, or choose another format"
    )


def test_label_files_without_picture_are_reported(tmp_path: Path) -> None:
    for name in ("a", "b"):
        data_set(tmp_path, {name: f"0 {LEFT}"}, "names: [cat, dog]\ntrain: images/a.png\n")
    for name in ("lost", "classes"):
        (tmp_path / f"labels/{name}.txt").write_text(f"0 {LEFT}")
    source = list_source(tmp_path, PLAIN)
    assert [item.name for item in source.items] == ["images/a"]
    assert [str(problem) for problem in source.problems] == [
        f"{tmp_path}/labels/lost.txt has no picture. Add the picture, or remove the label file."
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"0 {LEFT}\n1 0.5 0.5 1 1",
            "line 2: expected outlines only, as in the other lines, found a box of 5 numbers; "
            "correct the label file",
        ),
        (
            "0 0.1 0.1 0.5 0.5 0.9",
            "line 1: expected a class and 4 numbers of a box, or 3 or more points, found 6 numbers; "
            "correct the label file",
        ),
        (
            "0 0.1 0.1 0.5 0.5 0.9 0.9 0.3",
            "line 1: expected a class and 4 numbers of a box, or 3 or more points, found 8 numbers; "
            "correct the label file",
        ),
        (
            f"\n2 {LEFT}",
            "line 2: expected a class from 0 to 1, found '2'; correct the line, or add the class to `names`",
        ),
        (
            f"cat {LEFT}",
            "line 1: expected a class from 0 to 1, found 'cat'; correct the line, or add the class to"
            " `names`",
        ),
        ("0 0 0 60 0 60 40", "line 1: expected shares of the picture's size, from 0 to 1, found 60;"),
        ("0 -0.2 0 1 0 1 1", "line 1: expected shares of the picture's size, from 0 to 1, found -0.2;"),
        ("0 0.5 0.5 nan 1", "line 1: expected numbers, found '0.5 0.5 nan 1'; correct the label file"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text).startswith(f"labels/a.txt {said}")


def test_a_share_just_outside_is_cut_off(tmp_path: Path) -> None:
    assert (levels(tmp_path, "0 -0.005 -0.005 1.005 0 1.005 1.005 0 1.005") == 1).all()


def test_a_label_that_is_no_text_is_refused(tmp_path: Path) -> None:
    source = list_source(data_set(tmp_path, {"a": ""}), PLAIN)
    (tmp_path / "labels/a.txt").write_bytes(b"\xff\xfe0\x00")
    with pytest.raises(AssetError, match="expected a YOLO label file in UTF-8, found other bytes"):
        source.read_label(source.items[0], SIZE)
    (tmp_path / "labels/a.txt").write_text(f"\ufeff0 {LEFT}")
    assert source.read_label(source.items[0], SIZE).levels.any(), "a byte order mark is no text"


def test_the_last_folder_called_images_has_the_labels_beside_it() -> None:
    assert label_file(Path("/images/x/images/train/a.b.jpg")) == Path("/images/x/labels/train/a.b.txt")
    assert label_file(Path("/x/images")) == Path("/x/images.txt")
    assert label_file(Path("/x/a.jpg")) == Path("/x/a.txt")


@pytest.mark.parametrize(
    ("description", "found"),
    [
        ("names: {1: dog, 0: cat}", ["background", "cat", "dog"]),
        ("names: {0: cat, 3: dog}", ["background", "cat", "unknown_1", "unknown_2", "dog"]),
        ("nc: 2", ["background", "unknown_0", "unknown_1"]),
        ("nc: 3\nnames: [cat]", ["background", "cat", "unknown_1", "unknown_2"]),
        ("names: ['background', cat]", ["background", "cat"]),
        ("names: [7, 8]", ["background", "7", "8"]),
    ],
)
def test_names_are_a_list_or_numbered(tmp_path: Path, description: str, found: list[str]) -> None:
    folder = data_set(tmp_path, {"a": f"0 {LEFT}"}, f"{description}\ntrain: images\n")
    assert names(list_source(folder, PLAIN)) == found


def test_a_background_among_the_names_is_class_0(tmp_path: Path) -> None:
    folder = data_set(tmp_path, {"a": f"1 {LEFT}"}, "names: [background, cat]\ntrain: images\n")
    source = list_source(folder, PLAIN)
    assert source.read_label(source.items[0], SIZE).levels[0, 0] == 1


def test_splits_are_folders_lists_or_pictures(tmp_path: Path) -> None:
    for name in ("train/a", "train/deep/b", "val/c", "other/d", "e"):
        picture(tmp_path / f"images/{name}.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/e.txt").write_text(f"0 {LEFT}")
    (tmp_path / "val.txt").write_text("./images/val/c.png\n\nimages/other/d.png\n")
    description = (
        "path: /content/elsewhere\nnames: [cat]\ntrain: [images/train]\nval: val.txt\ntest: images/e.png\n"
    )
    (tmp_path / "data.yaml").write_text(description)
    source = list_source(tmp_path / "data.yaml", PLAIN)
    assert [(item.name, item.split) for item in source.items] == [
        ("images/e", "test"),
        ("images/other/d", "val"),
        ("images/train/a", "train"),
        ("images/train/deep/b", "train"),
        ("images/val/c", "val"),
    ]


def test_the_paths_of_roboflow_go_one_folder_too_high(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "images/a.png")
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels/a.txt").write_text(f"0 {LEFT}")
    description = "train: ../train/images\nvalidation: ../valid/images\ntest:\nnc: 1\nnames: ['cat']\n"
    (tmp_path / "data.yaml").write_text(description)
    source = list_source(tmp_path, PLAIN)
    assert [(item.name, item.split) for item in source.items] == [
        ("train/images/a", "train"),
        ("valid/images/a", "val"),
    ]
    assert source.read_label(source.items[1], SIZE).levels.any()


def test_a_split_that_names_the_pictures_of_another_is_left_out(tmp_path: Path) -> None:
    folder = data_set(tmp_path, {"a": ""}, "names: [cat]\ntrain: images\nval: images\n")
    source = list_source(folder, PLAIN)
    assert [(item.name, item.split) for item in source.items] == [("images/a", "train")]
    assert source.problems == []
    assert source.notes == [f"{tmp_path}/data.yaml: val names the same as train, and is left out"]


def test_pictures_outside_of_the_folder_are_named_from_the_folder_of_all(tmp_path: Path) -> None:
    picture(tmp_path / "data/images/a.png")
    picture(tmp_path / "data/images/x/b.png")
    (tmp_path / "data/labels").mkdir()
    (tmp_path / "data/labels/a.txt").write_text(f"0 {LEFT}")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/data.yaml").write_text("path: ../data\nnames: [cat]\ntrain: images\n")
    source = list_source(tmp_path / "lists", PLAIN)
    assert [item.name for item in source.items] == ["a", "x/b"]


def test_without_yaml_the_class_file_names_the_classes(tmp_path: Path) -> None:
    data_set(tmp_path, {"a": f"1 {LEFT}"})
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(AssetError) as caught:
        list_source(tmp_path, PLAIN)
    assert str(caught.value) == (
        f"{tmp_path}: expected names of classes 0, 1, 2, ..., found 0; "
        "add `names` to its YAML file, or name classes with `labels`"
    )
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    source = list_source(tmp_path, PLAIN)
    assert names(source) == ["background", "cat", "dog"]
    assert [(item.name, item.split) for item in source.items] == [("images/a", None)]
    (tmp_path / "mine.txt").write_text("0 bird\n2 cow\n")
    assert names(list_source(tmp_path, Choice(labels=tmp_path / "mine.txt"))) == [
        *("background", "bird", "unknown_1", "cow"),
    ]


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("names: [", "data.yaml: expected a YAML file of a YOLO data set, found while parsing"),
        ("- cat", "data.yaml: expected a YAML file of a YOLO data set, found "),
        ("names: [yes, no]", "data.yaml: expected a YAML file of a YOLO data set, found names.list"),
        ("names: {-1: cat}", "data.yaml: expected names of classes 0, 1, 2, ..., found"),
        (
            "names: [cat]\ntrain: gone",
            "data.yaml: train names gone, which does not exist. Correct the path in",
        ),
        (
            "names: [cat]\nkpt_shape: [17, 3]",
            "data.yaml has poses (kpt_shape). Use a data set with outlines or",
        ),
    ],
)
def test_descriptions_that_are_wrong(tmp_path: Path, description: str, said: str) -> None:
    with pytest.raises(AssetError) as caught:
        list_source(data_set(tmp_path, {"a": ""}, description), PLAIN)
    assert str(caught.value).startswith(f"{tmp_path}/{said}")


def test_yaml_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(AssetError, match="could not determine a constructor"):
        list_source(tmp_path, PLAIN)


def test_one_yaml_file_is_needed(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text("names: [cat]")
    with pytest.raises(AssetError, match=r"expected one YAML file, or data\.yaml, found a\.yaml, b\.yml;"):
        list_source(tmp_path, PLAIN)
    with pytest.raises(UsageError, match="`pairs` is no choice of the format yolo"):
        list_source(tmp_path, Choice(pairs=Path("x.csv")))
