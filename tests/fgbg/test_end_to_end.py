"""The three commands that a newcomer runs, through the console script."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from fgbg.cli import main

FGBG = Path(sys.executable).with_name("fgbg")


def fgbg(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run([FGBG, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def called(*arguments: str, code: int = 0) -> str:
    """Call a command in this process, where the libraries are loaded already."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_from_two_folders_of_pictures_to_mask_and_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called("samples", "--count", "10", "--size", "64")
    said = fgbg(tmp_path, "generate", "--positions", "3", "--size", "64", "--samples", "200")
    assert "200 samples" in said and "samples/s" in said
    assert "all files are as they were written" in called("verify")

    train = ["train", "--res", "32", "--epochs", "1", "--batch-size", "8", "--widths", "4,8", "--resume"]
    said = fgbg(tmp_path, *train)
    assert (
        "does not exist yet: starting a new run" in said and "validation IoU" in said and "depth RMSE" in said
    )
    assert "the run is finished" in called(*train)
    assert "outputs holds a run already (last.pt)" in called("train", code=2)
    for name in ("last.pt", "best.pt", "log/metrics.csv"):
        assert (tmp_path / "outputs" / name).exists()

    cv2.imwrite(str(tmp_path / "fg_bg.jpg"), cv2.imread(str(tmp_path / "data" / "bg" / "bg000.png")))
    said = fgbg(tmp_path, "predict", "fg_bg.jpg")
    for kind in ("mask", "depth", "overlay"):
        assert (tmp_path / "outputs" / "predictions" / f"fg_bg.{kind}.png").exists()
        assert f"fg_bg.{kind}.png" in said
    assert not list(tmp_path.rglob("*.tmp"))
