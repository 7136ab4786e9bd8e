import click
import pytest

from fgbg.errors import report
from generator.errors import AssetError, ConfigError, FgbgError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FgbgError("a", "b", "c", "d"), 1),
        (AssetError("a", "b", "c", "d"), 1),
        (ConfigError("a", "b", "c", "d"), 2),
        (PermissionError(13, "Permission denied", "outputs"), 1),
        (MemoryError(), 1),
        (click.BadParameter("no such size"), 2),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_failures_end_in_one_line_and_a_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, report(debug=False):
        raise error
    assert end.value.code == code
    said = capsys.readouterr().err
    assert said.startswith("fgbg: ") and len(said.splitlines()) == 1
    with pytest.raises(type(error)), report(debug=True):
        raise error


def test_an_error_carries_its_facts() -> None:
    error = FgbgError("data/fg/cat.png", "4 channels (RGBA)", "3", "export it with transparency")
    assert str(error) == "data/fg/cat.png: expected 4 channels (RGBA), found 3; export it with transparency"
    assert (error.where, error.expected, error.found) == ("data/fg/cat.png", "4 channels (RGBA)", "3")
