"""Bad pictures among good ones: an error names all of them, or they are left out."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fgbg.cli import main
from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples
from generator.errors import ConfigError, UnusableAssetsError
from generator.pipeline import generate


def folders(assets: DrawnSamples, place: Path) -> tuple[Path, Path]:
    """Five good foregrounds and four good backgrounds; bad pictures can be sorted before and between them."""
    for folder, kind, count in ((assets.fg, "fg", 5), (assets.bg, "bg", 4)):
        (place / kind).mkdir(parents=True)
        pictures = sorted(path for path in folder.iterdir() if ".depth." not in path.name)
        for number, path in enumerate(pictures[:count]):
            (place / kind / f"{number}{path.suffix}").write_bytes(path.read_bytes())
    return place / "fg", place / "bg"


def spoil(fg: Path, bg: Path) -> list[str]:
    """Add pictures that cannot be used; return their names."""
    (fg / "0-text.png").write_text("no picture")
    Image.new("RGB", (9, 9)).save(fg / "2-no-alpha.png")
    (bg / "1-half.png").write_bytes(next(bg.glob("1.*")).read_bytes()[:200])
    return ["0-text.png", "2-no-alpha.png", "1-half.png"]


def config(fg: Path, bg: Path, out: Path) -> GenerateConfig:
    return GenerateConfig(fg=fg, bg=bg, out=out, size=(48, 48), positions=2, split=None, render=False)


def contents(folder: Path) -> dict[str, str]:
    found = [path for path in folder.iterdir() if path.name == "dataset.json" or path.suffix == ".h5"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_each_bad_picture_is_named(assets: DrawnSamples, tmp_path: Path) -> None:
    fg, bg = folders(assets, tmp_path)
    names = spoil(fg, bg)
    with pytest.raises(UnusableAssetsError, match=r"0-text\.png: .* \(and 2 more like it\)") as caught:
        generate(config(fg, bg, tmp_path / "out"))
    assert [path.name for path in caught.value.problems] == names
    arguments = ["generate", "--fg", str(fg), "--bg", str(bg), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*arguments, "--size", "48", "--no-render"])
    assert result.exit_code == 1
    *lines, last = result.stderr.splitlines()[-4:]
    assert all(name in line for name, line in zip(names, lines, strict=True))
    assert last.startswith("fgbg: 3 pictures cannot be used") and "--skip-bad" in last


def test_left_out_they_give_the_dataset_of_the_others(assets: DrawnSamples, tmp_path: Path) -> None:
    fg, bg = folders(assets, tmp_path)
    generate(config(fg, bg, tmp_path / "clean"))
    names = spoil(fg, bg)
    wanted, said = config(fg, bg, tmp_path / "out"), []
    assert generate(wanted, say=said.append, skip_bad=True).written > 0
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")
    left_out = [line for line in said if line.startswith("left out: ")]
    assert len(left_out) == 3 and all(name in line for name, line in zip(names, left_out, strict=True))

    assert generate(wanted, skip_bad=True).written == 0
    (tmp_path / "out" / "dataset.json").unlink()
    (tmp_path / "out" / "train-00000.h5").unlink()
    assert generate(wanted, skip_bad=True).written > 0
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")
    with pytest.raises(ConfigError, match="added"):
        generate(wanted)
    next(path for path in fg.iterdir() if path.stem == "1").rename(fg / "0-text.png")
    with pytest.raises(ConfigError, match="added, removed or changed"):
        generate(wanted, skip_bad=True)


def test_nothing_left_is_an_error(assets: DrawnSamples, tmp_path: Path) -> None:
    fg, bg = folders(assets, tmp_path)
    for path in fg.iterdir():
        path.write_bytes(np.zeros(9).tobytes())
    with pytest.raises(UnusableAssetsError, match="and 4 more"):
        generate(config(fg, bg, tmp_path / "out"), skip_bad=True)
