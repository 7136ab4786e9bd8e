import numpy as np
import pytest

from generator.look.plots import PANEL, Bars, HeatMap, draw_figure, ticks

FILL = (70, 105, 170)


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 21, [0, 5, 10, 15, 20]),
        (0, 0.03, [0, 0.01, 0.02, 0.03]),
        (12, 48, [20, 30, 40]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, values: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(values)


def filled(figure: np.ndarray) -> np.ndarray:
    """Pixels of bars per column of the figure."""
    return (figure == FILL).all(axis=2).sum(axis=0)


def test_bars_are_as_high_as_their_values() -> None:
    edges = np.linspace(0, 4, 5)
    figure = draw_figure("f", [Bars("t", "x", "y", edges, np.array([10.0, 5.0, 0.0, 10.0]))])
    columns = filled(figure)
    left, width = 62, (PANEL[0] - 62 - 24) / 4
    first, second, third, fourth = (columns[round(left + (n + 0.5) * width)] for n in range(4))
    assert first == fourth and first > 250
    # A bar of height 0 is its line on the axis at most.
    assert second == pytest.approx(first / 2, abs=2) and third <= 1
    assert columns[:left].sum() == columns[PANEL[0] - 20 :].sum() == 0


def test_no_counts_at_all_leave_empty_axes() -> None:
    figure = draw_figure("f", [Bars("t", "x", "y", np.array([0.0, 1.0]), np.array([0.0]), whole=True)])
    assert filled(figure).max() <= 1 and (figure < 60).any()


def test_a_heat_map_keeps_its_aspect_and_is_brightest_where_it_is_largest() -> None:
    values = np.zeros((20, 40))
    values[0, 39] = 3
    figure = draw_figure("f", [HeatMap("t", "values", values)])
    yellow = (figure[..., 0] > 200) & (figure[..., 2] < 80)
    y, x = np.nonzero(yellow[:, :530])
    # One of 40 x 20 cells, as wide as high, in the top right corner of what is 2 times as wide as high.
    assert abs(np.ptp(x) - np.ptp(y)) <= 1 and x.min() > 500 and y.max() < 130


def test_panels_stand_in_two_columns() -> None:
    bars = Bars("t", "x", "y", np.array([0.0, 1.0]), np.array([1.0]))
    figure = draw_figure("f", [bars] * 3)
    assert figure.shape == (40 + 2 * PANEL[1], 2 * PANEL[0], 3)
    assert filled(figure[: 40 + PANEL[1]])[PANEL[0] :].any()
    assert not filled(figure[40 + PANEL[1] :])[PANEL[0] :].any()
