from typing import Any

import pytest

from fgbg.evaluation.reliability_chart import draw_reliability, draw_shares


def bins() -> list[dict[str, Any]]:
    """Two bins with pixels, and one without."""
    return [
        {"from": 0.0, "to": 1 / 3, "share": 0.9, "predicted": 0.1, "true": 0.2},
        {"from": 1 / 3, "to": 2 / 3, "share": 0.0, "predicted": None, "true": None},
        {"from": 2 / 3, "to": 1.0, "share": 0.1, "predicted": 0.9, "true": 0.6},
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_curves_are_drawn_without_empty_bins_and_always_alike(dark: bool) -> None:
    for draw in (draw_reliability, draw_shares):
        one = draw({"clean": bins(), "absent": bins()[::2]}, False, dark)
        assert one == draw({"clean": bins()[::2], "absent": bins()}, False, dark)
        assert one != draw({"clean": bins()[:1], "absent": bins()}, False, dark)
        assert (b"#121212" in one) == dark
