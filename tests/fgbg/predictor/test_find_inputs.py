import io
import sys
from pathlib import Path

import numpy as np
import pytest

from fgbg.predictor import find_inputs as finding
from fgbg.predictor.find_inputs import find_inputs
from generator.encode import encode_png
from generator.errors import UsageError
from generator.own_results import PREDICTION, mark_png

PNG = encode_png(np.full((2, 3, 3), 7, np.uint8))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.png", "b.png", ".hidden.png", "sub/c.png", "sub/deep/d.png", "[x].png", "clip.MP4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str, out: str = "out") -> list[str]:
    found = find_inputs(map(Path, paths), Path(out))
    assert not found.problems
    return [given.path.as_posix() for given in found.pictures]


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.usefixtures("folder")
def test_patterns_find_files_and_folders() -> None:
    assert names("?.png") == ["a.png", "b.png"]
    assert names("**/[cd].png") == ["sub/c.png", "sub/deep/d.png"]
    assert names("su*") == ["sub/c.png", "sub/deep/d.png"]
    assert names("*/c.png", "sub/c.png") == ["sub/c.png"]
    # If a file has this name, it is not a pattern.
    assert names("[x].png") == ["[x].png"]


def test_a_pattern_that_matches_nothing_is_named(folder: Path) -> None:
    found = find_inputs([Path("no*.jpg"), Path("a.png")], folder / "out")
    assert [str(error) for error in found.problems] == [
        "no*.jpg matches no file. Check the pattern, or name files and folders."
    ]
    assert [given.name for given in found.pictures] == [Path("a.png")]


def test_the_folder_of_results_matches_no_pattern(folder: Path) -> None:
    (folder / "subs").mkdir()
    (folder / "subs" / "extra.png").write_bytes(PNG)
    assert names("su*", out="subs") == ["sub/c.png", "sub/deep/d.png"]


def test_results_of_every_kind_are_skipped(folder: Path) -> None:
    for kind in ("mask", "cutout", "side-by-side"):
        (folder / f"a.{kind}.png").write_bytes(mark_png(PNG, PREDICTION))
    (folder / "a.depth.npy").touch()
    found = find_inputs([folder, Path("a*.png")], folder / "out")
    assert sorted(given.name.name for given in found.pictures) == [
        "[x].png",
        "a.png",
        "b.png",
        "c.png",
        "d.png",
    ]
    assert f"{folder}: 3 results of fgbg skipped" in found.remarks
    assert "a.cutout.png: a result of fgbg, skipped" in found.remarks


def test_videos_are_known_by_their_suffix_and_cameras_by_their_number(folder: Path) -> None:
    found = find_inputs([Path("clip.MP4"), folder / "clip.MP4", Path("camera:0")], folder / "out")
    assert found.videos == [folder / "clip.MP4"] and found.cameras == [0] and not found.pictures
    # If a file has this name, it is not a camera.
    (folder / "camera:1").write_bytes(PNG)
    assert names("camera:1") == ["camera:1"]


def test_standard_input_is_one_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, PNG)
    found = find_inputs([Path("-"), Path("-"), Path("a.png")], folder / "out")
    first, second = found.pictures
    assert first.name == Path("stdin") and first.pixels is not None and first.pixels.shape == (2, 3, 3)
    assert (first.pixels == 7).all() and second.name == Path("a.png")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "stdin: expected a picture, found no bytes; write a picture to standard input"),
        (b"text", "stdin: expected a picture, found no known picture format"),
        (PNG, "stdin: expected at most 20 bytes, found more"),
    ],
)
def test_anything_else_on_standard_input_is_an_error(
    content: bytes, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_MOST_BYTES", 20)
    give(monkeypatch, content)
    (error,) = find_inputs([Path("-")], tmp_path).problems
    assert str(error).startswith(problem)


def test_a_terminal_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, b"")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    with pytest.raises(UsageError, match=r"standard input \(-\): expected a picture, found a terminal"):
        find_inputs([Path("-")], tmp_path)
