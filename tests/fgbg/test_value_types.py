"""Invalid values for every option of every command, and valid values for every type."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from fgbg.cli import COMMANDS, load_command, main
from fgbg.value_types import (
    CanvasSize,
    ClassWeights,
    FilePath,
    Grid,
    Interval,
    LabelValue,
    Names,
    Number,
    ObjectLabel,
    PixelBox,
    Resolutions,
    Shares,
    Span,
    SplitShares,
    Text,
    ValueType,
    WeightedTerms,
    Whole,
    Widths,
    Words,
)

EMPTY = ("", "\0")
ODD = ("nan", "inf", "-inf", "1e999", "9" * 5000, "²", "٣", "1_0", "-", ",", "/", ":", "x", *EMPTY)


def options() -> list[tuple[str, click.Option]]:
    found = []
    for name in COMMANDS:
        command = load_command(name)
        found += [(name, option) for option in command.params if isinstance(option, click.Option)]
    return [(name, option) for name, option in found if not option.is_flag]


def parse(name: str, option: click.Option, value: str) -> None:
    """Parse a command line with the required arguments and this option."""
    command = load_command(name)
    needed = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    arguments = ["voc" if p.name == "format" else "." for p in needed] + [f"{option.opts[0]}={value}"]
    root = click.Context(main, info_name="fgbg")
    command.make_context(name, arguments, parent=root)


def test_no_option_takes_what_click_would_not_check() -> None:
    ours = ValueType | FilePath | click.Choice
    assert not [f"{name} {option.opts[0]}" for name, option in options() if not isinstance(option.type, ours)]


@pytest.mark.parametrize(
    ("name", "option"), [pytest.param(*o, id=f"{o[0]}{o[1].opts[0]}") for o in options()]
)
def test_every_option_refuses_what_is_no_value(name: str, option: click.Option) -> None:
    text = isinstance(option.type, Text | FilePath | ObjectLabel | Names) or option.name in (
        "mask_loss",
        "depth_loss",
        "augment",
    )
    for value in EMPTY if text else ODD:
        with pytest.raises((click.UsageError, click.BadParameter)) as error:
            parse(name, option, value)
        assert len(error.value.format_message()) < 400 and "\n" not in error.value.format_message()


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--rotate", "nan"],
        ["generate", "--split", "nan/1/1"],
        ["generate", "--positions", "9" * 5000],
        ["generate", "--size", "²x²"],
        ["train", "--mask-loss", "dice:nan"],
        ["train", "--res", "9" * 5000],
        ["train", "--out", "a\0b"],
        ["predict", ""],
        ["predict", "a\0b"],
        ["verify", "\0"],
    ],
)
def test_it_is_one_line_and_code_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
    assert "expected" in result.stderr and "found" in result.stderr and len(result.stderr) < 400


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Whole(1), "7", 7),
        (Whole(1, also="auto"), " AUTO ", "auto"),
        (Number(0, 1), ".5", 0.5),
        (Number(0, 1), 1, 1.0),
        (CanvasSize(), "256X192", (256, 192)),
        (CanvasSize(), 64, (64, 64)),
        (CanvasSize(), [64, 32], (64, 32)),
        (Grid(), [5, 4], (5, 4)),
        (SplitShares(), "None", None),
        (SplitShares(), [80, 10, 10], (80.0, 10.0, 10.0)),
        (SplitShares(auto=True), "75/25", (75.0, 25.0, 0.0)),
        (SplitShares(auto=True), "auto", "auto"),
        (Names(), "cat, dog", ("cat", "dog")),
        (Span(), "0.5-1", (0.5, 1.0)),
        (Span(), "5e-1-1", (0.5, 1.0)),
        (Span(), 0.5, (0.5, 0.5)),
        (Span(whole=True), [1, 3], (1, 3)),
        (WeightedTerms(), "dice, bce:0.5", {"dice": 1.0, "bce": 0.5}),
        (WeightedTerms(), {"dice": 1}, {"dice": 1.0}),
        (ClassWeights(), "sky:0.2, a b:3", {"sky": 0.2, "a b": 3.0}),
        (ClassWeights(), {"x,y:z": 2}, {"x,y:z": 2.0}),
        (ClassWeights(), "Auto", "auto"),
        (Shares(), "none", {}),
        (Widths(), [8, 8], (8, 8)),
        (LabelValue(), "255, 0,255", (255, 0, 255)),
        (PixelBox(), [1, 2, 3, 4], (1, 2, 3, 4)),
        (Resolutions(), "48:4, 96", ((48, 4), (96, None))),
        (Resolutions(), 96, ((96, None),)),
        (Resolutions(), ["48:4", 96, [8, 1]], ((48, 4), (96, None), (8, 1))),
        (Resolutions(), 8192, ((8192, None),)),
        (Interval(), 100, "100"),
    ],
)
def test_natural_values_are_read(kind: ValueType[Any], value: Any, read: Any) -> None:
    assert kind.convert(value, None, None) == read
    assert kind.convert(read, None, None) == read  # a default may be a converted value already


def test_words_are_read_from_text_and_from_lists() -> None:
    kind = Words(["mask", "side-by-side"])
    assert kind.convert("side-by-side, mask", None, None) == ("side-by-side", "mask")
    assert kind.convert(["mask"], None, None) == ("mask",)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Whole(1), 0),
        (Whole(1), 2.7),
        (Whole(1), 2.0),
        (Whole(1), True),
        (Whole(1, 9), 10),
        (Whole(1), 10**400),
        (Whole(1), [1]),
        (Number(0, 1), True),
        (Number(0, 1), float("nan")),
        (Number(0), 10**400),
        (Number(0, 1, below=True), 1),
        (Number(0, above=True), 0),
        (CanvasSize(), [1, 2, 3]),
        (CanvasSize(), {"x": 1}),
        (Grid(), 5),
        (SplitShares(), [1, 2]),
        (SplitShares(), "auto"),
        (ClassWeights(), "sky"),
        (ClassWeights(), "sky:1,sky:2"),
        (ClassWeights(), "sky:-1"),
        (WeightedTerms(), "dice:1,dice:2"),
        (WeightedTerms(), "dice:-1"),
        (WeightedTerms(), {"dice": "much"}),
        (WeightedTerms(), 5),
        (Shares(), "flip:2"),
        (Widths(), "8"),
        (Resolutions(), True),
        (Resolutions(), 96.0),
        *(
            (Resolutions(), text)
            for text in ("abc", "96:", "96:0", "96:-1", "96:x", "-96", "96.5", "7", "8193")
        ),
        *((Resolutions(), text) for text in (":4", "96,", "96 4", "96:1:2", "9" * 5000, "96:" + "9" * 5000)),
        (Words(["a", "b"]), "a,c"),
        (Words(["a", "b"]), ""),
        (Words(["a", "b"]), ["a", 5]),
        (Interval(), "0m"),
        (Interval(), 5.0),
        (Text(), 5),
        (FilePath(), 5),
    ],
)
def test_other_values_are_refused(kind: click.ParamType[Any], value: Any) -> None:
    with pytest.raises(click.BadParameter, match=r"expected .*, found "):
        kind.convert(value, None, None)
