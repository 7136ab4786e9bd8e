from pathlib import Path

import numpy as np
import pytest

import generator.progress
from generator.assets.images import read_rgb, read_rgba
from generator.assets.listing import list_pictures
from generator.depth.file_formats import read_numbers
from generator.drawing.write import write_samples
from generator.errors import ConfigError, UsageError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_what_is_drawn(tmp_path: Path) -> None:
    drawn = write_samples(tmp_path, count=3, size=64, seed=1)
    fgs, bgs = list_pictures(drawn.fg), list_pictures(drawn.bg)
    assert len(fgs) == len(bgs) == 3
    assert read_rgba(fgs[0]).shape == (32, 32, 4) and read_rgb(bgs[0]).shape == (64, 64, 3)
    depth = read_numbers(bgs[0].with_suffix(".depth.png"))
    assert depth.shape == (64, 64) and depth.min() == 1 and depth.max() == 65535


def test_the_bar_can_be_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    write_samples(str(tmp_path), count=1, size=32, seed=1)
    assert "drawing: 2/2 pictures" in capsys.readouterr().err
    write_samples(tmp_path, count=1, size=32, seed=1, progress=False)
    assert capsys.readouterr().err == ""


def test_the_seed_decides(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_samples(tmp_path / name, count=2, size=32, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not set(contents(tmp_path / "a").values()) & set(contents(tmp_path / "c").values())


def test_other_pictures_are_not_overwritten_silently(tmp_path: Path) -> None:
    write_samples(tmp_path, count=1, size=32, seed=1)
    write_samples(tmp_path, count=2, size=32, seed=1)  # the same picture and one more
    before = contents(tmp_path)
    with pytest.raises(
        UsageError, match=r"fg000\.png exists already\. Use another folder, or `overwrite=True`"
    ):
        write_samples(tmp_path, count=2, size=32, seed=2)
    assert contents(tmp_path) == before
    write_samples(tmp_path, count=2, size=32, seed=2, overwrite=True)
    assert contents(tmp_path) != before


def test_foregrounds_stand_out_in_shape(tmp_path: Path) -> None:
    drawn = write_samples(tmp_path, count=20, size=64, seed=1)
    masks = np.stack([read_rgba(path)[..., 3] >= 128 for path in list_pictures(drawn.fg)])
    shares = masks.mean(axis=(1, 2))
    assert shares.min() > 0.03 and shares.max() < 0.95 and shares.std() > 0.05


@pytest.mark.parametrize(
    ("count", "size", "seed", "message"),
    [
        (0, 32, 0, "`count`: expected a whole number from 1, found 0"),
        (1, 31, 0, "`size`: expected a whole number from 32 to 2048, found 31"),
        (1, 32.0, 0, "`size`: expected a whole number from 32 to 2048, found 32.0"),
        (1, 32, True, "`seed`: expected a whole number from 0"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_a_folder_is_made(
    tmp_path: Path, count: int, size: int, seed: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        write_samples(tmp_path / "new", count, size, seed)
    assert not (tmp_path / "new").exists()
