import unicodedata
from pathlib import Path

import pytest

from generator.depth.pairing import depth_files_of, depth_without_background
from generator.errors import AssetError


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    ("picture", "depth"),
    [
        ("room.jpg", "room.depth.png"),
        ("room.JPG", "ROOM.Depth.EXR"),
        ("room.jpg", "room.jpg.depth.npy"),
        ("room.jpg", "room_depth.png"),
        ("room.jpg", "room-depth.tif"),
        ("room.jpg", "room.jpg_depth.png"),
        ("frame-01.color.jpg", "frame-01.depth.png"),
        ("frame-01_rgb.png", "frame-01_depth.png"),
        ("frame-01.color.jpg", "frame-01.color.depth.png"),
        ("000000.left.jpg", "000000.left.depth.png"),
        ("room.jpg", "room.depth.txt"),
        (
            unicodedata.normalize("NFC", "zimmer-grün.jpg"),
            unicodedata.normalize("NFD", "zimmer-grün.depth.png"),
        ),
    ],
)
def test_the_depth_of_a_background_is_found(tmp_path: Path, picture: str, depth: str) -> None:
    put(tmp_path, picture, depth, "other.jpg", "roomy.depth.png", ".room.depth.png")
    assert depth_files_of([tmp_path / picture, tmp_path / "other.jpg"]) == [tmp_path / depth, None]


def test_pictures_that_share_a_name_share_their_depth(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "a.png", "a.depth.png")
    assert depth_files_of([tmp_path / "a.jpg", tmp_path / "a.png"]) == [tmp_path / "a.depth.png"] * 2


def test_depth_belongs_to_the_picture_whose_name_fits_best(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "A.jpg", "a.color.jpg", "a.depth.png", "A.depth.png", "a.color.depth.npy")
    pictures = [tmp_path / name for name in ("a.jpg", "A.jpg", "a.color.jpg")]
    assert depth_files_of(pictures) == [
        tmp_path / name for name in ("a.depth.png", "A.depth.png", "a.color.depth.npy")
    ]


@pytest.mark.parametrize("second", ["a.depth.npy", "A.DEPTH.PNG", "a_depth.png", "a.jpg.depth.png"])
def test_two_depth_files_are_refused(tmp_path: Path, second: str) -> None:
    put(tmp_path, "a.jpg", "a.depth.png", second)
    names = " and ".join(sorted(["a.depth.png", second]))
    with pytest.raises(AssetError, match=rf"a\.jpg has several depth files: {names}. Keep one"):
        depth_files_of([tmp_path / "a.jpg"])


def test_a_picture_that_only_sounds_like_depth_is_a_picture(tmp_path: Path) -> None:
    put(tmp_path, "my_depth.jpg", "in-depth.jpg", "depth.jpg")
    (tmp_path / "my").mkdir()
    pictures = [tmp_path / name for name in ("my_depth.jpg", "in-depth.jpg", "depth.jpg")]
    assert depth_files_of(pictures) == [None] * 3 and depth_without_background([tmp_path]) == []


def test_depth_without_a_background_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "a.depth.png", "b.depth.npy", "c_depth.png", "c.heic")
    found = depth_without_background([tmp_path])
    assert [path.name for path in found] == ["b.depth.npy", "c_depth.png"]


def test_a_dead_link_is_depth_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    (tmp_path / "a.depth.png").symlink_to("nowhere")
    assert depth_files_of([tmp_path / "a.jpg"]) == [tmp_path / "a.depth.png"]
