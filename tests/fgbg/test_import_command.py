"""`fgbg import`: what it prints, and what it refuses in one line."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from fgbg.cli import main
from generator.reading.dataset import open_dataset


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Eight pictures in `images`, with masks of one object in `masks`."""
    folder = tmp_path / "pictures"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(8):
        rng = np.random.default_rng(number)
        picture = cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (40, 20))
        mask = cv2.circle(np.zeros((20, 40), np.uint8), (20, 10), 6, 255, -1)
        cv2.imwrite(str(folder / "images" / f"{number}.jpg"), picture)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, arguments)], prog_name="fgbg")


def test_it_prints_what_it_made(pictures: Path, tmp_path: Path) -> None:
    (pictures / "masks" / "3.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    result = run("folder", pictures, "--out", out, "--size", 16, "--split", "60/20/20", "--workers", 1)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert f"left out: {pictures}/masks/3.png: expected a picture, found no known picture format" in lines[-4]
    assert lines[-3] == f"left out: 1 file or picture, listed in {out}/problems.csv"
    assert lines[-1].startswith(f"{out}: 7 samples (train ") and "alpha, 1 left out, " in lines[-1]
    again = run("folder", pictures, "--out", out, "--size", 16, "--split", "60/20/20")
    assert again.stdout.splitlines()[-1].startswith(f"{out}: already complete: 7 samples")
    mask = open_dataset(out)["train"].read([0]).mask[0]
    assert (mask[:4] == 127).all() and mask[8, 8] == 255 and mask[8, 0] == 0


def test_an_unknown_format_is_refused_with_the_known_ones(pictures: Path) -> None:
    result = run("voc2012", pictures)
    assert result.exit_code == 2
    assert result.stderr.startswith("fgbg: FORMAT: expected ade20k, camvid, ")
    assert result.stderr.endswith("yolo, found 'voc2012'; did you mean 'voc'?\n")


def test_the_help_lists_the_formats() -> None:
    lines = run("--help").stdout.splitlines()
    assert "Formats:" in lines and any(line.split()[:1] == ["folder"] for line in lines)


def test_what_strict_refuses_names_the_option(pictures: Path, tmp_path: Path) -> None:
    (pictures / "masks" / "3.png").unlink()
    result = run("folder", pictures, "--out", tmp_path / "out", "--strict")
    assert result.exit_code == 1 and "leave --strict out" in result.stderr
    assert result.stderr.startswith("fgbg: ") and len(result.stderr.splitlines()) == 1
