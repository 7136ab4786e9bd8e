from pathlib import Path

import numpy as np
import pytest

from generator.assets.pairing import name_pictures, pair_by_name
from generator.encode import encode_png
from generator.errors import AssetError, UsageError
from generator.own_results import PREDICTION, mark_png


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def paired(pictures: Path, masks: Path) -> list[tuple[str, str, str]]:
    pairs, problems = pair_by_name(pictures, masks)
    assert problems == []
    return [(pair.picture.name, pair.mask.name, pair.name.as_posix()) for pair in pairs]


def test_names_with_and_without_endings_in_subfolders(tmp_path: Path) -> None:
    pictures = make(tmp_path / "p", "a.jpg", "b.jpg", "c.v2.jpg", "sub/a.jpg", "d_P.png", "e.JPG")
    masks = make(
        tmp_path / "m", "a.png", "b_P.png", "c.v2_MASK.png", "sub/a.mask.png", "d_P.png", "e.JPG.png"
    )
    assert paired(pictures, masks) == [
        ("a.jpg", "a.png", "a"),
        ("b.jpg", "b_P.png", "b"),
        ("c.v2.jpg", "c.v2_MASK.png", "c.v2"),
        ("d_P.png", "d_P.png", "d_P"),
        ("e.JPG", "e.JPG.png", "e"),
        ("a.jpg", "a.mask.png", "sub/a"),
    ]


def test_pictures_and_masks_in_one_folder(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.jpg", "a_mask.png", "b.png", "b_mask.png")
    assert paired(folder, folder) == [("a.jpg", "a_mask.png", "a"), ("b.png", "b_mask.png", "b")]
    assert paired(folder / "b.png", folder) == [("b.png", "b_mask.png", "b")]


def test_one_picture_with_a_mask_or_a_folder_of_masks(tmp_path: Path) -> None:
    picture = make(tmp_path / "p", "a.jpg") / "a.jpg"
    masks = make(tmp_path / "m", "a.png", "other.png")
    assert paired(picture, masks) == [("a.jpg", "a.png", "a")]
    assert paired(picture, masks / "other.png") == [("a.jpg", "other.png", "a")]


def test_what_has_no_partner_is_named(tmp_path: Path) -> None:
    pictures, masks = make(tmp_path / "p", "a.jpg", "b.jpg"), make(tmp_path / "m", "a.png", "c_P.png")
    pairs, problems = pair_by_name(pictures, masks)
    assert [pair.name for pair in pairs] == [Path("a")]
    assert [(Path(problem.where).name, problem.found) for problem in problems] == [
        ("b.jpg", f"has no mask in {masks}"),
        ("c_P.png", f"has no picture in {pictures}"),
    ]


def test_a_mask_of_jpeg_2000_is_named(tmp_path: Path) -> None:
    pictures, masks = make(tmp_path / "p", "a.jpg", "b.jpg"), make(tmp_path / "m", "a.png", "b.jp2")
    _, [problem] = pair_by_name(pictures, masks)
    assert str(problem).startswith(
        f"{masks / 'b.jp2'}: expected a mask, found JPEG 2000, which is not read; save it as PNG"
    )


def test_folders_that_share_no_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"holds no masks for the pictures of .* add _mask or _P to"):
        pair_by_name(make(tmp_path / "p", "um_000000.png"), make(tmp_path / "m", "um_lane_000000.png"))


@pytest.mark.parametrize(
    ("pictures", "masks", "wrong"),
    [
        (["a.jpg", "a.png"], ["a.png"], {"a.jpg": "a.png", "a.png": "a.jpg"}),
        (["a.jpg", "a.png", "a.tif"], [], {"a.jpg": "a.png", "a.png": "a.jpg", "a.tif": "a.jpg"}),
        (["a.jpg"], ["a_P.png", "a_seg.png"], {"a_P.png": "a_seg.png", "a_seg.png": "a_P.png"}),
    ],
)
def test_files_of_one_name_are_in_no_pair_and_reported(
    pictures: list[str], masks: list[str], wrong: dict[str, str], tmp_path: Path
) -> None:
    pairs, problems = pair_by_name(
        make(tmp_path / "p", *pictures, "b.jpg"), make(tmp_path / "m", *masks, "b.png")
    )
    assert [pair.name for pair in pairs] == [Path("b")]
    assert {Path(problem.where).name: Path(problem.found).name for problem in problems} == {
        name: f"{other} too" for name, other in wrong.items()
    }
    assert {problem.expected for problem in problems} == {"one file for a"}


def test_results_of_pictures_of_one_name_would_replace_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.jpg: expected one file for a, found .*a\.png too; rename or"):
        name_pictures(make(tmp_path, "a.jpg", "a.png"))


def test_predictions_are_masks_and_pictures_to_look_at_are_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.jpg")
    for name in ("a.mask.png", "a.overlay.png", "a.cutout.png", "a.side-by-side.png"):
        (folder / name).write_bytes(mark_png(encode_png(np.zeros((2, 2), np.uint8)), PREDICTION))
    assert paired(folder, folder) == [("a.jpg", "a.mask.png", "a")]
