from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["export", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_it_says_what_it_wrote_and_that_it_is_complete(
    unrendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [unrendered, "--format", "folder", "--subset", "val", "--samples", 4, "--workers", 1]
    code, stdout, _ = run(*arguments)
    assert code == 0 and "4 samples in" in stdout and "4 samples (val 4), folder" in stdout
    assert len(list((tmp_path / "outputs" / "export" / "folder" / "val" / "mask").iterdir())) == 4
    code, stdout, _ = run(*arguments)
    assert code == 0 and "already complete: 4 samples (val 4)" in stdout
    code, _, stderr = run(*arguments, "--picture-format", "jpg", "--quality", 80)
    assert code == 2 and "(picture_format: png, now jpg)" in stderr and len(stderr.splitlines()) == 1
    assert run(*arguments, "--picture-format", "jpg", "--quality", 80, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "--format is missing. Choose folder, coco or webdataset."),
        (["--format", "zip"], "expected folder, coco, webdataset, found 'zip'"),
        (["--format", "folder", "--subset", "half"], "--subset"),
        (["--format", "folder", "--samples", "0"], "--samples"),
        (["--format", "folder", "--quality", "101"], "--quality"),
        (["--format", "folder", "--quality", "90"], "--quality: expected JPEG pictures"),
        (["--format", "folder", "--workers", "no"], "--workers"),
    ],
)
def test_wrong_use(unrendered: Path, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    code, _, stderr = run(unrendered, *arguments, "--out", tmp_path / "out")
    assert code == 2 and complaint in stderr and len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_what_is_no_dataset(tmp_path: Path) -> None:
    code, _, stderr = run(tmp_path / "nowhere", "--format", "coco")
    assert code == 1 and "Run 'fgbg generate' first" in stderr
    (tmp_path / "last.pt").touch()
    code, _, stderr = run(tmp_path / "last.pt", "--format", "coco")
    assert code == 2 and "is a file" in stderr
    code, _, stderr = run(tmp_path, "--format", "folder", "--out", tmp_path / "out")
    assert code == 1 and "Run 'fgbg generate' first" in stderr and not (tmp_path / "out").exists()
