import errno
import os
from pathlib import Path

import numpy as np
import pytest

from generator.assets.listing import check_names, list_assets, list_folder, list_pictures
from generator.encode import encode_png
from generator.errors import AssetError
from generator.own_results import PREDICTION, mark_png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, inside a folder where other files can be put."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, without: Path | None = None) -> list[str]:
    listing = list_folder(folder, without)
    return [listing.name(path) for path in listing.pictures]


def test_pictures_are_listed_by_their_path_whatever_else_is_there(folder: Path) -> None:
    fill(
        folder, "b.PNG", "a/c.jpg", "a.pgm", "m.pbm", ".hidden.png", ".dir/x.png", "b.depth.png", "notes.txt"
    )
    assert names(folder) == ["a.pgm", "a/c.jpg", "b.PNG", "m.pbm"]


def test_a_folder_without_pictures_and_what_is_none_are_refused(folder: Path) -> None:
    with pytest.raises(AssetError, match=r"holds no pictures \(.avif .*\)\. Put pictures there"):
        list_pictures(folder)
    fill(folder, "a.heic", "b.heic")
    with pytest.raises(AssetError, match="holds no pictures among its 2 files"):
        list_pictures(folder)
    with pytest.raises(AssetError, match=r"does not exist\. Put pictures there, or give another folder\."):
        list_pictures(folder / "missing")
    with pytest.raises(AssetError, match="is a file, not a folder"):
        list_pictures(folder / "a.heic")


def test_what_is_skipped_is_counted_by_its_suffix(folder: Path) -> None:
    fill(folder, "a.png", "1.HEIC", "sub/2.heic", "s.tga", "README", "Thumbs.db", ".x.tga", "a.depth.png")
    assert list_folder(folder).remarks() == [
        f"{folder}: 4 files skipped: .heic (2), without suffix (1), .tga (1)"
    ]
    assert list_folder(folder / "sub").remarks() == [f"{folder / 'sub'}: 1 file skipped: .heic (1)"]


def test_links_to_folders_are_entered_and_loops_are_not(folder: Path) -> None:
    fill(folder, "real/a.png", "../store/b.png", "../store/deep/c.png")
    (folder / "cats").symlink_to("../store")
    (folder / "again").symlink_to("../store/deep")
    (folder / "loop").symlink_to(".")
    (folder / "up").symlink_to("../..")
    (folder / "same").symlink_to("real")
    (folder.parent / "store" / "back").symlink_to(folder)
    assert names(folder) == ["again/c.png", "cats/b.png", "real/a.png"]


def test_a_link_named_like_a_picture_is_listed_and_another_dead_one_is_named(folder: Path) -> None:
    fill(folder, "../store/b.png")
    (folder / "a.png").symlink_to("../store/b.png")
    (folder / "dead.png").symlink_to("nowhere")
    (folder / "dogs").symlink_to("/nowhere/dogs")
    (folder / "self").symlink_to("self")
    assert names(folder) == ["a.png", "dead.png"]
    assert list_folder(folder).remarks() == [
        f"{folder / 'dogs'}: a broken link, skipped",
        f"{folder / 'self'}: a broken link, skipped",
    ]


def test_a_folder_inside_can_be_left_out(folder: Path) -> None:
    fill(folder, "a.png", "out/b.png", "out/c/d.png")
    assert names(folder, without=folder / "out") == ["a.png"]
    assert names(folder, without=folder / "missing") == ["a.png", "out/b.png", "out/c/d.png"]
    assert names(folder, without=folder) == ["a.png", "out/b.png", "out/c/d.png"]


def test_a_folder_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, "a.png", "closed/b.png")
    scandir = os.scandir

    def refuse(path: Path) -> "os.ScandirIterator[str]":
        if path.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(folder) == ["a.png"]
    with pytest.raises(AssetError, match="closed cannot be read: Permission denied"):
        list_pictures(folder)


def test_names_that_cannot_stand_in_a_dataset_are_errors(folder: Path) -> None:
    fill(folder, "good\u00e9.png", "sub/good\u00e9.png", "line\nbreak.png", "cafe\u0301.png", "caf\u00e9.png")
    assert len(list_assets(folder / "sub")) == 1
    with pytest.raises(
        AssetError, match=r"'caf\\xe9\.png', which is 'cafe\\u0301\.png' in another .*fgbg review"
    ):
        list_assets(folder)
    latin = folder / os.fsdecode(b"Stra\xdfe.png")
    latin.touch()
    problems = check_names(folder, list_pictures(folder))
    assert set(problems) == {folder / "caf\u00e9.png", latin}
    assert str(problems[latin]).endswith(
        r"Stra\xdfe.png: expected a name in UTF-8, found other bytes; rename it"
    )


def test_predictions_become_no_part_of_a_dataset(folder: Path) -> None:
    fill(folder, "night.mask.png")
    (folder / "a.mask.png").write_bytes(mark_png(encode_png(np.zeros((2, 2), np.uint8)), PREDICTION))
    said: list[str] = []
    assert list_assets(folder, said.append) == [folder / "night.mask.png"]
    assert said == [f"{folder}: 1 result of fgbg skipped"]
    assert len(list_pictures(folder)) == 2
