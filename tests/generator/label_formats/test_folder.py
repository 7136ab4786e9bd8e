import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError, ImageError, UsageError
from generator.label_formats.folder import list_source
from generator.label_formats.items import Choice, LabelSource


def save(folder: Path, *names: str, size: tuple[int, int] = (12, 8)) -> None:
    """Pictures whose content does not matter, and masks with an object at the left."""
    pixels = np.zeros(size[::-1], np.uint8)
    pixels[:, :3] = 255
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".npy"):
            np.save(folder / name, pixels)
        else:
            Image.fromarray(pixels).save(folder / name)


def listed(source: LabelSource, folder: Path) -> list[tuple[str, ...]]:
    """Name, picture, mask, background, depth and split of each item, as far as there are any."""
    return [
        (item.name, *(path.relative_to(folder).as_posix() for path in (item.picture, item.label) if path))
        + tuple(path.relative_to(folder).as_posix() for path in (item.bg, item.depth) if path)
        + ((item.split,) if item.split else ())
        for item in source.items
    ]


def test_usual_folders_are_found(tmp_path: Path) -> None:
    save(tmp_path, "Images/a.png", "Images/sub/b.png", "masks/a_mask.png", "masks/sub/b.png", "readme/x.png")
    source = list_source(tmp_path, Choice())
    assert listed(source, tmp_path) == [
        ("Images/a", "Images/a.png", "masks/a_mask.png"),
        ("Images/sub/b", "Images/sub/b.png", "masks/sub/b.png"),
    ]
    assert (source.problems, source.notes) == ([], [])
    assert source.mask.kind == "alpha"


def test_backgrounds_and_depth_of_the_same_names(tmp_path: Path) -> None:
    save(tmp_path, "fg_bg/1.jpg", "mask/1.jpg", "bg/1.jpg", "depth/1.npy")
    assert listed(list_source(tmp_path, Choice()), tmp_path) == [
        ("fg_bg/1", "fg_bg/1.jpg", "mask/1.jpg", "bg/1.jpg", "depth/1.npy")
    ]


def test_shared_backgrounds_by_a_pattern(tmp_path: Path) -> None:
    names = [f"bg{bg}_fg{fg}_{n}" for bg in range(2) for fg in range(2) for n in range(2)]
    for folder in ("fg_bg", "mask", "depth"):
        save(tmp_path, *(f"{folder}/{name}.jpg" for name in names))
    save(tmp_path, "bg/bg0.jpg", "bg/bg1.jpg")
    source = list_source(tmp_path, Choice())
    assert [item.bg for item in source.items] == [None] * 8
    assert source.notes[0].startswith(f"{tmp_path / 'bg'} is not used: 8 of 8 pictures have no file of their")
    triple = "{bg}_{fg}_{n}.jpg"
    choice = Choice(
        images=f"fg_bg/{triple}", masks=f"mask/{triple}", bg="bg/{bg}.jpg", depth=f"depth/{triple}"
    )
    source = list_source(tmp_path, choice)
    assert [item.name for item in source.items] == sorted(f"fg_bg/{name}" for name in names)
    assert [item.bg for item in source.items] == [
        tmp_path / f"bg/bg{bg}.jpg" for bg in (0, 0, 0, 0, 1, 1, 1, 1)
    ]
    assert [item.depth and item.depth.name for item in source.items] == sorted(
        f"{name}.jpg" for name in names
    )
    assert len(source.notes) == 1 and source.notes[0].startswith(
        "masks are JPEG, whose values are approximate"
    )


def test_a_given_folder_must_have_a_file_for_each_picture(tmp_path: Path) -> None:
    save(tmp_path, "p/1.png", "p/2.png", "m/1.png", "m/2.png", "d/1_depth.npy")
    source = list_source(tmp_path, Choice(images="p", masks="m", depth="d"))
    assert listed(source, tmp_path) == [("p/1", "p/1.png", "m/1.png", "d/1_depth.npy")]
    assert [str(problem) for problem in source.problems] == [
        f"{tmp_path / 'p/2.png'} has no depth file in {tmp_path / 'd'}. Add the depth file, or remove the"
        " picture."
    ]


def test_two_depth_files_of_one_picture_are_reported(tmp_path: Path) -> None:
    save(tmp_path, "images/1.png", "images/2.png", "masks/1.png", "masks/2.png")
    save(tmp_path, "depth/1.png", "depth/1_depth.npy", "depth/2.png")
    source = list_source(tmp_path, Choice())
    assert [item.name for item in source.items] == ["images/2"]
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        "images/1.png: expected one depth file, found depth/1.png and depth/1_depth.npy; keep one of them"
    ]


def test_depth_files_beside_pictures_are_used(tmp_path: Path) -> None:
    save(tmp_path, "images/1.png", "images/2.png", "images/1.depth.npy", "masks/1.png", "masks/2.png")
    source = list_source(tmp_path, Choice())
    assert [item.depth for item in source.items] == [tmp_path / "images/1.depth.npy", None]
    assert source.notes == ["depth files beside 1 of 2 pictures are used"]


def test_folders_of_splits(tmp_path: Path) -> None:
    save(tmp_path, "train/fg_bg/1.png", "train/mask/1.png", "Validation/fg_bg/1.png", "Validation/mask/1.png")
    assert listed(list_source(tmp_path, Choice()), tmp_path) == [
        ("Validation/fg_bg/1", "Validation/fg_bg/1.png", "Validation/mask/1.png", "val"),
        ("train/fg_bg/1", "train/fg_bg/1.png", "train/mask/1.png", "train"),
    ]


def test_a_split_without_pairs_is_reported(tmp_path: Path) -> None:
    save(tmp_path, "train/images/a.png", "train/masks/a.png", "test/images/b.png", "test/masks/c.png")
    source = list_source(tmp_path, Choice())
    assert [item.name for item in source.items] == ["train/images/a"]
    assert [problem.where for problem in source.problems] == [str(tmp_path / "test" / "masks")]


def test_two_pictures_of_one_name_are_reported_and_the_others_are_used(tmp_path: Path) -> None:
    save(tmp_path, "images/a.png", "images/a.bmp", "masks/a.png", "images/b.png", "masks/b.png")
    source = list_source(tmp_path, Choice())
    assert [item.name for item in source.items] == ["images/b"]
    assert [Path(problem.where).name for problem in source.problems] == ["a.bmp", "a.png"]


def test_splits_below_the_folders_of_pictures(tmp_path: Path) -> None:
    save(tmp_path, "images/train/1.png", "images/test/1.png", "masks/train/1.png", "masks/test/1.png")
    assert [item.split for item in list_source(tmp_path, Choice()).items] == ["test", "train"]
    save(tmp_path, "images/more/1.png", "masks/more/1.png")
    assert [item.split for item in list_source(tmp_path, Choice()).items] == [None] * 3


def test_one_folder_of_both(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "a_mask.png", "b.png")
    source = list_source(tmp_path, Choice())
    assert listed(source, tmp_path) == [("a", "a.png", "a_mask.png")]
    assert [problem.where for problem in source.problems] == [str(tmp_path / "b.png")]


def test_a_table(tmp_path: Path) -> None:
    save(tmp_path, "x/a.png", "y/a.png", "y/b.png", "z.png")
    (tmp_path / "pairs.csv").write_text("picture;mask;split\nx/a.png;z.png;train\ny/a.png;z.png;dev\n")
    expected = [("x/a", "x/a.png", "z.png", "train"), ("y/a", "y/a.png", "z.png", "val")]
    assert listed(list_source(tmp_path / "pairs.csv", Choice()), tmp_path) == expected
    assert listed(list_source(tmp_path, Choice(pairs=tmp_path / "pairs.csv")), tmp_path) == expected


def test_one_picture_for_each_name(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "a.bmp", "m.png")
    (tmp_path / "pairs.csv").write_text("picture,mask\na.png,m.png\na.png,m.png\na.bmp,m.png\n")
    source = list_source(tmp_path / "pairs.csv", Choice())
    assert [item.name for item in source.items] == ["a"]
    fix = "remove or rename one of them"
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in source.problems] == [
        f"a.png: expected one picture called a, found it twice; {fix}",
        f"a.bmp: expected one picture called a, found a.png too; {fix}",
    ]


def save_classes(folder: Path, mask: np.ndarray, suffix: str = "png") -> None:
    save(folder, "images/a.png")
    (folder / "masks").mkdir()
    Image.fromarray(mask).save(folder / "masks" / f"a.{suffix}")


def levels_of(source: LabelSource) -> list[int]:
    return source.read_label(source.items[0], (12, 8)).levels[0, :4].tolist()


NUMBERS = np.zeros((8, 12), np.uint8)
NUMBERS[:, :4] = (0, 1, 3, 255)


def test_numbers_of_classes_with_names(tmp_path: Path) -> None:
    save_classes(tmp_path, NUMBERS)
    (tmp_path / "names.csv").write_text("id,name\n0,sky\n1,road\n3,car\n")
    source = list_source(tmp_path, Choice(labels=tmp_path / "names.csv"))
    assert source.mask.kind == "classes"
    assert source.mask.names == ["sky", "road", "unknown_2", "car"]
    assert levels_of(source) == [0, 1, 3, 255]
    source = list_source(tmp_path, Choice(labels=tmp_path / "names.csv", foreground=("road", "car")))
    assert source.mask.kind == "alpha"
    label = source.read_label(source.items[0], (12, 8))
    assert label.levels[0, :4].tolist() == [0, 255, 255, 0]
    assert label.void is not None and label.void[0, :4].tolist() == [False, False, False, True]


def test_colours_of_classes(tmp_path: Path) -> None:
    colours = np.zeros((8, 12, 3), np.uint8)
    colours[:, 1], colours[:, 2] = (128, 64, 0), (0, 0, 9)
    save_classes(tmp_path, colours)
    (tmp_path / "names.csv").write_text("name, r, g, b\nsky, 0, 0, 0\nroad, 128, 64, 0\ncar, 0, 0, 9\n")
    assert levels_of(list_source(tmp_path, Choice(labels=tmp_path / "names.csv"))) == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("table", "values", "levels", "noted"),
    [
        ("sky,0,0,0\nroad,255,255,255\n", (0, 255, 255, 0), [0, 1, 1, 0], False),
        ("sky,0,0,0\nroad,255,255,255\n", (0, 1, 255, 0), [0, 1, 255, 0], False),
        ("sky,0,0,0\nroad,9,9,9\n", (0, 255, 255, 0), [0, 255, 255, 0], True),
        ("sky,0,0,0\nroad,9,9,9\n", (0, 1, 255, 0), [0, 1, 255, 0], False),
    ],
)
def test_255_is_void_unless_a_class_is_white(
    tmp_path: Path, table: str, values: tuple[int, ...], levels: list[int], noted: bool
) -> None:
    mask = np.zeros((8, 12, 3), np.uint8)
    mask[:, :4] = np.array(values)[:, None]
    save_classes(tmp_path, mask)
    (tmp_path / "names.csv").write_text(f"name,r,g,b\n{table}")
    source = list_source(tmp_path, Choice(labels=tmp_path / "names.csv"))
    assert levels_of(source) == levels
    note = "masks hold 0 and 255 alone, and 255 is void: leave `labels` out if 255 is the object"
    assert (note in source.notes) == noted


def test_numbers_that_are_no_class_and_lossy_masks_are_refused(tmp_path: Path) -> None:
    save_classes(tmp_path, NUMBERS)
    (tmp_path / "names.txt").write_text("sky\nroad\n")
    with pytest.raises(
        ImageError, match=r"a\.png: expected numbers of classes \(0 to 1, 255\), found 3 \(8 pixels\)"
    ):
        levels_of(list_source(tmp_path, Choice(labels=tmp_path / "names.txt")))
    (tmp_path / "masks" / "a.png").unlink()
    Image.fromarray(NUMBERS).save(tmp_path / "masks" / "a.jpg")
    with pytest.raises(
        ImageError, match=r"a\.jpg: expected exact labels, found JPEG, whose values are approximate"
    ):
        levels_of(list_source(tmp_path, Choice(labels=tmp_path / "names.txt")))


def test_labels_are_read_by_another_process(tmp_path: Path) -> None:
    save(tmp_path, "images/a.png", "masks/a.png")
    source = pickle.loads(pickle.dumps(list_source(tmp_path, Choice())))
    levels = source.read_label(source.items[0], (12, 8)).levels
    assert levels.shape == (8, 12) and (levels[:, :3] == 255).all() and not levels[:, 3:].any()


def test_a_mask_of_another_size_or_on_its_side(tmp_path: Path) -> None:
    save(tmp_path, "images/a.jpg", "images/b.jpg")
    save(tmp_path, "masks/a.png", size=(11, 8))
    save(tmp_path, "masks/b.png", size=(12, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (12, 8)).save(tmp_path / "images/b.jpg", exif=exif)
    source = list_source(tmp_path, Choice())
    with pytest.raises(ImageError, match=r"a\.png: expected 12 x 8 as .*a\.jpg, found 11 x 8; do not scale"):
        source.read_label(source.items[0], (12, 8))
    with pytest.raises(
        ImageError, match=r"b\.png: expected 8 x 12 as .*, found 12 x 8; the mask lies on its"
    ):
        source.read_label(source.items[1], (8, 12))


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        (Choice(variant="road"), "`variant=road` is no choice of the format folder"),
        (Choice(images="p"), "`images` goes with `masks`. Give the folder of `masks` too."),
        (Choice(images="p/{id}.png"), "`masks`: expected a pattern too, found none; give patterns, such as"),
        (
            Choice(images="p/{id}.png", masks="m"),
            "`masks`: expected a pattern, as others are, found 'm'; give patterns",
        ),
        (Choice(bg="bg/{id}.png"), "`images`: expected a pattern too, found none"),
        (
            Choice(pairs=Path("p.csv"), bg="b"),
            "`bg` does not go with a table of pairs. Leave one of them out",
        ),
        (
            Choice(foreground=("road",)),
            "`foreground`: expected values from 0 to 65535, as masks have no names",
        ),
    ],
)
def test_choices_that_contradict_each_other(tmp_path: Path, choice: Choice, error: str) -> None:
    save(tmp_path, "images/a.png", "masks/a.png")
    with pytest.raises(UsageError) as caught:
        list_source(tmp_path, choice)
    assert str(caught.value).startswith(error)


def test_a_source_without_pairs(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"nowhere does not exist\. Give a folder of pictures and masks"):
        list_source(tmp_path / "nowhere", Choice())
    with pytest.raises(AssetError, match="holds no pictures"):
        list_source(tmp_path, Choice())
    save(tmp_path, "images/a.png", "masks/b.png")
    with pytest.raises(AssetError, match="holds no masks for the pictures of"):
        list_source(tmp_path, Choice())
    (tmp_path / "p.csv").write_text("picture,mask\na,b\nc,d\n")
    with pytest.raises(
        AssetError, match=r"line 2 names a picture that does not exist.* \(and 1 more like it\)"
    ):
        list_source(tmp_path / "p.csv", Choice())
