from pathlib import Path

from click.testing import CliRunner

from fgbg.cli import main


def test_it_says_where_the_sheet_is_and_refuses_to_replace_it(unrendered: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    arguments = ["preview", str(unrendered), "--subset", "val", "--count", "2", "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0 and result.stdout.startswith(f"{out}: 2 of ")
    assert out.is_file()
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 2 and "--overwrite" in again.stderr and len(again.stderr.splitlines()) == 1
    assert CliRunner().invoke(main, [*arguments, "--overwrite"]).exit_code == 0


def test_wrong_use(unrendered: Path, tmp_path: Path) -> None:
    for wrong in (["--subset", "all"], ["--count", "0"]):
        result = CliRunner().invoke(
            main, ["preview", str(unrendered), *wrong, "--out", str(tmp_path / "a.png")]
        )
        assert result.exit_code == 2 and wrong[0] in result.stderr
    missing = CliRunner().invoke(
        main, ["preview", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "a.png")]
    )
    assert missing.exit_code == 1 and "Run 'fgbg generate' or 'fgbg import' first" in missing.stderr
