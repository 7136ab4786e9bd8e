"""Names of fields in backquotes become options when the command line prints them."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.option_names import name_options, name_options_in
from fgbg.terminal import say, warn
from generator.errors import ConfigError, DatasetError, ImageError, UnusableAssetsError

ROOT = Path(__file__).parents[2]


def context(command: str) -> click.Context:
    """The context of `fgbg` while a command runs."""
    ctx = click.Context(main)
    ctx.invoked_subcommand = command
    return ctx


@pytest.mark.parametrize(
    ("command", "text", "printed"),
    [
        ("generate", "lower `fg_size` or raise `size`", "lower --fg-size or raise --size"),
        ("generate", "`render=False` needs 9 MB; `render=True`", "--no-render needs 9 MB; --render"),
        ("export", "`format=coco`, or `overwrite=True`", "--format coco, or --overwrite"),
        ("train", "`out=my runs/a` `resume=True`", "--out 'my runs/a' --resume"),
        ("train", "`resume=False` and `stages`", "no --resume and --res"),
        ("import", "`variant=lane`, `variant=road`", "--lane, --road"),
        ("review", "another `csv`", "another --csv"),
        ("verify", "generate again with `overwrite=True`", "generate again with --overwrite"),  # of others
        ("train", "('train `resume=True` `out=a`'), `res`.", "('train --resume --out a'), --res."),
        ("train", "x/`res`.png `res`.pt: a`out` `out`b", "x/`res`.png `res`.pt: a`out` `out`b"),  # files
        ("train", "`attention` and `Size` and `a b`", "`attention` and `Size` and `a b`"),
    ],
)
def test_fields_in_backquotes_become_options(command: str, text: str, printed: str) -> None:
    assert name_options(text, context(command)) == printed
    assert name_options(text, None) == text


def test_a_path_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    error = DatasetError(Path("`out`"), "a `size`", "`seed`", "`render=False`")
    name_options_in(error, context("generate"))
    assert str(error) == "`out`: expected a --size, found --seed; --no-render"
    with context("generate"):
        say(Path("`out`"), "`out`")
    assert capsys.readouterr().out == "`out`\n--out\n"


def test_the_place_of_an_error_is_named_as_it_is_unless_it_is_a_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with context("generate"):
        warn(
            ImageError(Path("`fg_size`"), "", "is small", "lower `size`"),
            ConfigError("`size` a.toml: [`seed`]", "1", "2", "lower `size`"),
            ConfigError("`scale`, `rotate`", "", "contradict", "lower `size`"),
        )
    assert capsys.readouterr().err.splitlines() == [
        "fgbg: `fg_size` is small. Lower --size.",
        "fgbg: `size` a.toml: [`seed`]: expected 1, found 2; lower --size",
        "fgbg: --scale, --rotate contradict. Lower --size.",
    ]


def test_every_problem_of_several_names_options() -> None:
    problem = ImageError(Path("a.png"), "1 x 1", "none", "raise `fg_size`")
    error = UnusableAssetsError({Path("a.png"): problem})
    name_options_in(error, context("generate"))
    assert str(problem) == str(error) == "a.png: expected 1 x 1, found none; raise --fg-size"


def test_commands_print_options_for_errors_and_lines(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["generate", "--positions", "10", "--grid", "5x4"])
    message = "--positions: expected 20, as in --grid 5x4, found 10; leave --positions out"
    assert result.stderr == f"fgbg: {message}\n"


def test_the_library_names_no_options() -> None:
    rooms = ("generator", "training", "fgbg/predictor", "fgbg/video", "fgbg/evaluation")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    found = {str(file): re.findall(r"(?<![\w-])--[a-z][\w-]*", file.read_text()) for file in files}
    # A model card is a page for people who use the command line, and Ray's command has its own options.
    for file in ("training/export/card.py", "generator/ray_runner.py"):
        del found[str(ROOT / file)]
    assert not {name: options for name, options in found.items() if options}
