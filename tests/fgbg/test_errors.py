import click
import pytest
from click.testing import CliRunner

from fgbg.cli import COMMANDS, main
from fgbg.errors import StoppedCommandError, report
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


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_says_what_is_left_of_each_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = str(StoppedCommandError(command))
    assert words.startswith("stopped; ") and len(words.splitlines()) == 1
    assert command == "train" or "--resume" not in words
    # These commands write nothing before they finish; the others can be continued.
    whole = command in ("review", "preview", "stats", "evaluate", "compare", "app")
    assert ("nothing was written" in words) is whole

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    @click.command()
    def stopped() -> None:
        stop()

    monkeypatch.setattr("fgbg.cli.CommandGroup.get_command", lambda *_: stopped)
    result = CliRunner().invoke(main, [command])
    assert result.exit_code == 130 and result.stderr.splitlines() == [f"fgbg: {words}"]


def test_an_error_carries_its_facts() -> None:
    error = FgbgError("data/fg/cat.png", "4 channels (RGBA)", "3", "export it with transparency")
    assert str(error) == "data/fg/cat.png: expected 4 channels (RGBA), found 3; export it with transparency"
    assert (error.where, error.expected, error.found) == ("data/fg/cat.png", "4 channels (RGBA)", "3")
