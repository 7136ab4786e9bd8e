"""Options that several commands share, and options that have no effect."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main


@pytest.mark.parametrize("name", ["verify", "stats", "preview", "train", "evaluate"])
def test_a_dataset_is_named_once(name: str, unrendered: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [name, str(unrendered), "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert f"the dataset is given twice, as {unrendered} and as --data {tmp_path}. Leave one" in result.stderr


def test_a_dataset_in_the_options_file_gives_way(unrendered: Path, tmp_path: Path) -> None:
    config = tmp_path / "fgbg.toml"
    config.write_text("[verify]\ndata = 'nowhere'\n")
    result = CliRunner().invoke(main, ["--config", str(config), "verify", "--quick", str(unrendered)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_a_dataset_is_an_argument_too(name: str, tmp_path: Path, trained: Path) -> None:
    network = ["--checkpoint", str(trained)] if name == "evaluate" else ["--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, [name, str(tmp_path / "absent"), *network])
    assert result.exit_code == 1
    assert f"{tmp_path / 'absent'} does not exist" in result.stderr


def test_options_without_effect_say_so(request_fields: dict[str, object], tmp_path: Path) -> None:
    arguments = ["--fg", str(request_fields["fg"]), "--bg", str(request_fields["bg"]), "--size", "32"]
    arguments += ["--samples", "3", "--no-render", "--overlap", "0.2", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, ["generate", *arguments])
    assert result.exit_code == 0, result.output
    assert "--overlap has no effect with one object" in result.stderr
    ready = [str(tmp_path), "--clean-edges", "--margin", "3", "--out", str(tmp_path / "cut")]
    assert "--margin has no effect" in CliRunner().invoke(main, ["cutout", *ready]).stderr
