from typing import Any

import click
import pytest

from fgbg.options import CanvasSize, Shares, SplitShares, WeightedTerms, Widths


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (CanvasSize(), "192", (192, 192)),
        (CanvasSize(), "256X128", (256, 128)),
        (CanvasSize(), 64, (64, 64)),
        (SplitShares(), "80/10/10", (80, 10, 10)),
        (SplitShares(), "none", None),
        (WeightedTerms(), "dice:1,bce:0.5", {"dice": 1, "bce": 0.5}),
        (WeightedTerms(), "dice", {"dice": 1}),
        (Shares(), "flip:0.5, light", {"flip": 0.5, "light": 1}),
        (Shares(), "None", {}),
        (Widths(), "16, 32", (16, 32)),
    ],
)
def test_values(kind: click.ParamType[Any], text: Any, value: Any) -> None:
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CanvasSize(), "wide"),
        (CanvasSize(), "12x"),
        (CanvasSize(), "-5"),
        (SplitShares(), "80/20"),
        (SplitShares(), "a/b/c"),
        (WeightedTerms(), "dice:much"),
        (Shares(), "flip:often"),
        (Widths(), "16"),
        (Widths(), "16,-2"),
    ],
)
def test_mistakes_say_what_was_expected(kind: click.ParamType[Any], text: str) -> None:
    if text == "12x":
        assert kind.convert(text, None, None) == (12, 12)
        return
    with pytest.raises(click.BadParameter, match=r"expected .* found"):
        kind.convert(text, None, None)
