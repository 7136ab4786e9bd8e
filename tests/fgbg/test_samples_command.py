from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.commands.samples import LAYOUTS
from generator.assets.images import read_rgb
from generator.drawing.layouts import LAYOUTS as DRAWN_LAYOUTS
from generator.label_formats.formats import FORMATS


def test_foregrounds_and_backgrounds(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["samples", str(tmp_path), "--count", "1", "--size", "32"])
    assert result.exit_code == 0, result.output
    assert f"1 foregrounds in {tmp_path}/fg, 1 backgrounds with depth in {tmp_path}/bg" in result.output
    assert read_rgb(tmp_path / "bg/bg000.png").shape == (32, 32, 3)


def test_a_labelled_data_set(tmp_path: Path) -> None:
    options = ["--labelled", "3", "--count", "1", "--size", "48x32"]
    result = CliRunner().invoke(main, ["samples", str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    assert (
        f"1 labelled pictures in {tmp_path}; import them with 'fgbg import drone {tmp_path}'" in result.output
    )
    root = tmp_path / "dataset/semantic_drone_dataset"
    assert read_rgb(root / "original_images/000.jpg").shape == (32, 48, 3)


def test_layouts_are_names_of_formats() -> None:
    assert list(LAYOUTS) == list(DRAWN_LAYOUTS) and set(LAYOUTS) <= set(FORMATS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "64x32"], "--size: expected one side, as backgrounds are square, found 64x32; use 64"),
        (["--layout", "voc"], "--layout is for labelled data sets. Add --labelled 23, or leave it out."),
        (
            ["--labelled", "30", "--layout", "cityscapes"],
            "--labelled: expected a whole number from 2 to 19, found 30",
        ),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, options: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["samples", str(tmp_path / "new"), *options])
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "new").exists()
