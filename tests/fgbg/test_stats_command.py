from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main
from generator.reading.dataset import open_dataset


def test_a_table_and_two_files(crowded: Path, tmp_path: Path) -> None:
    out = tmp_path / "stats"
    arguments = ["stats", str(crowded), "--samples", "all", "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    split = open_dataset(crowded)["train"]
    mean = split.read(range(len(split))).fg_bg[..., 1].mean() / 255
    (line,) = [line.split() for line in result.stdout.splitlines() if line.startswith("fg_bg green")]
    assert float(line[2]) == pytest.approx(mean, abs=1e-4)
    assert "visible part of objects" in result.stdout and "pixels without depth: 0.0%" in result.stdout
    assert f"{out / 'stats.json'}\n{out / 'stats.png'}\n" in result.stdout
    assert (out / "stats.json").is_file() and (out / "stats.png").is_file()
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 2 and "--overwrite" in again.stderr


@pytest.mark.parametrize("wrong", [["--samples", "none"], ["--samples", "0"], ["--subset", "all"]])
def test_wrong_use(unrendered: Path, tmp_path: Path, wrong: list[str]) -> None:
    result = CliRunner().invoke(main, ["stats", str(unrendered), *wrong, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and wrong[0] in result.stderr and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_dataset(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["stats", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1 and "Run 'fgbg generate' or 'fgbg import' first" in result.stderr
    assert not (tmp_path / "out").exists()
