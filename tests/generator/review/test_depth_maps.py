from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.review.depth_maps import flaws_of_depth

RAMP = np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000
SIZE = (6, 4)


@pytest.fixture
def background(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    Image.new("RGB", SIZE).save(path)
    return path


def save(background: Path, values: np.ndarray) -> Path:
    path = background.with_suffix(".depth.png" if values.dtype == np.uint16 else ".depth.npy")
    if path.suffix == ".png":
        Image.fromarray(values).save(path)
    else:
        np.save(path, values)
    return path


def flaws(background: Path, *values: np.ndarray, size: tuple[int, int] = SIZE) -> list[tuple[str, str, str]]:
    files = [save(background, each) for each in values]
    return [(flaw.severity, flaw.problem, flaw.detail) for flaw in flaws_of_depth(background, files, size)]


def test_good_depth_has_no_flaws(background: Path) -> None:
    assert flaws(background) == flaws(background, RAMP) == flaws(background, RAMP / 24.0) == []


@pytest.mark.parametrize(
    ("values", "severity", "problem", "detail"),
    [
        (RAMP // 1000, "warning", "depth-8-bit", "a.depth.png has 16 bits, but no number above 255"),
        (
            np.full((4, 6), 700, np.uint16),
            "warning",
            "depth-constant",
            "has the number 700 everywhere",
        ),
        (
            np.zeros((4, 6), np.uint16),
            "warning",
            "depth-empty",
            "no known depth: each of its values",
        ),
        (
            np.maximum(RAMP, 6000) - 6000,
            "note",
            "depth-unknown",
            "29% of the numbers in a.depth.png are unknown",
        ),
        (
            np.full((4, 6), np.nan),
            "warning",
            "depth-empty",
            "no known depth: each of its values",
        ),
        (RAMP.T.copy(), "error", "depth-aspect", "a.depth.png has 4 x 6 px, its picture 6 x 4"),
        (RAMP.repeat(2, 0).repeat(2, 1), "note", "depth-size", "12 x 8 px, its picture 6 x 4; it is scaled"),
        (np.zeros((4, 6, 3)), "error", "depth-unreadable", "a.depth.npy: expected one number for each pixel"),
    ],
)
def test_flaws(background: Path, values: np.ndarray, severity: str, problem: str, detail: str) -> None:
    ((found, name, words),) = flaws(background, values)
    assert (found, name) == (severity, problem) and detail in words


def test_two_files_are_an_error_and_one_is_looked_at(background: Path) -> None:
    found = flaws(background, RAMP // 1000, RAMP / 24.0)
    assert found[0] == ("error", "depth-ambiguous", "several depth files: a.depth.png and a.depth.npy")
    assert [problem for _, problem, _ in found] == ["depth-ambiguous", "depth-8-bit"]


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_depth_of_a_turned_picture_may_be_turned_or_not(background: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    size = SIZE if orientation == 3 else (4, 6)
    Image.new("RGB", size).save(background, exif=exif)
    upright = {1: RAMP.T.copy(), 3: RAMP, 6: RAMP}[orientation]
    found = flaws(background, upright, size=upright.shape[::-1])
    assert [problem for _, problem, _ in found] == (["depth-unreadable"] if orientation == 3 else [])
    # A square does not show a turn by 90 degrees in its size either.
    square = flaws(background, RAMP[:4, :4].copy(), size=(4, 4))
    assert [problem for _, problem, _ in square] == ([] if orientation == 1 else ["depth-unreadable"])
