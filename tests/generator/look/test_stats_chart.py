from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes

from generator.look.chart import chart_style, new_figure
from generator.look.stats_chart import HeatMap, Histogram, draw_panels

BARS = Histogram("t", "x", "y", np.linspace(0, 4, 5), np.array([10.0, 5.0, 0.0, 10.0]))


@pytest.fixture
def axes() -> Iterator[Axes]:
    with chart_style():
        yield new_figure(3, 3).subplots()


def test_bars_are_as_high_and_as_wide_as_their_values(axes: Axes) -> None:
    BARS.draw(axes)
    bars = [bar.get_bbox() for bar in axes.patches]
    assert [bar.height for bar in bars] == [10, 5, 0, 10]
    assert [(bar.x0, bar.x1) for bar in bars] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert axes.get_xlim() == (0, 4) and axes.get_ylim() == (0, 10.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def test_no_counts_at_all_leave_empty_axes(axes: Axes) -> None:
    Histogram("t", "x", "y", np.array([-0.5, 0.5]), np.array([0.0]), counts=True).draw(axes)
    assert axes.get_ylim() == (0, 1)
    assert axes.get_xticks().tolist() == [0]


def test_a_heat_map_keeps_its_aspect_and_begins_at_the_top_left(axes: Axes) -> None:
    values = np.zeros((20, 40))
    values[0, 39] = 3
    HeatMap("t", "in %", values).draw(axes)
    (image,) = axes.images
    assert tuple(image.get_extent()) == (0, 40, 20, 0) and axes.get_aspect() == 1
    assert image.get_clim() == (0, 3) and np.array_equal(image.get_array(), values)
    # If nothing was counted, the whole map has the darkest colour.
    HeatMap("t", "in %", np.zeros((2, 2))).draw(axes)
    assert axes.images[1].get_clim() == (0, 1)


def test_panels_stand_in_two_columns() -> None:
    three = decoded(draw_panels("title", [BARS] * 3))
    height, width, _ = three.shape
    blue = (three == (178, 114, 0)).all(axis=2)
    assert blue[: height // 2, : width // 2].any() and blue[: height // 2, width // 2 :].any()
    assert blue[height // 2 :, : width // 2].any() and not blue[height // 2 :, width // 2 :].any()


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))
