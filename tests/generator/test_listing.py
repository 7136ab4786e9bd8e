import os
from pathlib import Path

import pytest

from generator.errors import AssetError
from generator.listing import list_folder, list_pictures


def names(folder: Path, paths: list[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def touch(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()


def test_listing_is_sorted_and_passes_over_what_is_no_picture(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "sub/c.webp", ".hidden.png", "a.depth.png", ".git/d.png")
    touch(tmp_path, "notes.txt", "x.HEIC", "sub/y.heic")
    listing = list_folder(tmp_path)
    assert names(tmp_path, listing.pictures) == ["a.png", "b.JPG", "sub/c.webp"]
    assert listing.passed_over == {".txt": 1, ".heic": 2}


def test_linked_folders_are_entered_once(tmp_path: Path) -> None:
    touch(tmp_path, "store/x.png", "in/z/y.png")
    inside = tmp_path / "in"
    (inside / "cats").symlink_to("../store")
    (inside / "a").symlink_to("z")  # a folder that is there anyway
    (inside / "loop").symlink_to(".")
    (inside / "z" / "up").symlink_to("..")
    assert names(inside, list_pictures(inside)) == ["cats/x.png", "z/y.png"]


def test_what_is_no_file_is_named_and_not_taken(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    listing = list_folder(tmp_path)
    assert names(tmp_path, listing.pictures) == ["a.png"]
    assert names(tmp_path, listing.dead_links) == ["gone.png"]
    assert names(tmp_path, listing.special) == ["pipe.png"]


def test_empty_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="expected at least one picture"):
        list_pictures(tmp_path)
    with pytest.raises(AssetError, match="expected a folder of pictures, found nothing"):
        list_pictures(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(AssetError, match="expected a folder of pictures, found a file"):
        list_pictures(tmp_path / "file")
