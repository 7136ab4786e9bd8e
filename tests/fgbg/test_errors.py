import click
import pytest

from fgbg.errors import DEBUG, report
from generator.errors import AssetError, ConfigError, FgbgError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FgbgError("a", "b", "c", "d"), 1),
        (AssetError("a", "b", "c", "d"), 1),
        (ConfigError("a", "b", "c", "d"), 2),
        (PermissionError(13, "Permission denied", "outputs"), 1),
        (MemoryError(), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_failures_end_in_one_line_and_a_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ctx = click.Context(click.Command("fgbg"))
    with pytest.raises(SystemExit) as end, report(ctx):
        raise error
    assert end.value.code == code
    said = capsys.readouterr().err
    assert said.startswith("fgbg: ") and len(said.splitlines()) == 1
    ctx.meta[DEBUG] = True
    with pytest.raises(type(error)), report(ctx):
        raise error


def test_an_error_carries_its_facts() -> None:
    error = FgbgError("data/fg/cat.png", "4 channels (RGBA)", "3", "export it with transparency")
    assert str(error) == "data/fg/cat.png: expected 4 channels (RGBA), found 3; export it with transparency"
    assert (error.where, error.expected, error.found) == ("data/fg/cat.png", "4 channels (RGBA)", "3")
