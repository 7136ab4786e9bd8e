"""The chart of a dataset's statistics: a heat map of positions, histograms, and bars of classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import printable
from generator.look.chart import COLOUR_MAP, COLOURS, chart_style, new_figure, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL = (5.2, 3.75)
"""Inches."""
_COLUMNS = 2
_MOST_TICKS = 12
_MOST_BARS, _MOST_LETTERS = 20, 24


@dataclass(frozen=True)
class Histogram:
    """Bars.

    Attributes:
        title: above it.
        x_label, y_label: with units.
        edges: (n + 1,) of the bins, ascending.
        heights: (n,) from 0.
        counts: whether each bin stands for the whole number in its middle.
    """

    title: str
    x_label: str
    y_label: str
    edges: np.ndarray
    heights: np.ndarray
    counts: bool = False

    def draw(self, axes: "Axes") -> None:
        """Draw the bars."""
        widths = np.diff(self.edges)
        axes.bar(
            self.edges[:-1],
            self.heights,
            widths,
            align="edge",
            color=COLOURS[0],
            edgecolor="white",
            linewidth=0.6,
        )
        axes.set(title=self.title, xlabel=self.x_label, ylabel=self.y_label)
        axes.set_xlim(float(self.edges[0]), float(self.edges[-1]))
        # A scale even where nothing was counted.
        axes.set_ylim(0, float(self.heights.max()) * 1.05 or 1)
        axes.grid(visible=False, axis="x")
        if self.counts:
            axes.set_xticks((self.edges[:-1] + 0.5)[:: -(-len(self.heights) // _MOST_TICKS)])


@dataclass(frozen=True)
class HeatMap:
    """Values over the picture, with a scale beside it.

    Attributes:
        title: above it.
        label: of the scale, with units.
        values: (H, W) from 0; x right and y down in pixels.
    """

    title: str
    label: str
    values: np.ndarray

    def draw(self, axes: "Axes") -> None:
        """Draw the map."""
        height, width = self.values.shape
        image = axes.imshow(
            self.values,
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=float(self.values.max()) or 1,
            interpolation="nearest",
            extent=(0, width, height, 0),
        )
        axes.set(title=self.title, xlabel="x in pixels", ylabel="y in pixels, downwards")
        axes.grid(visible=False)
        figure = axes.get_figure()
        assert figure is not None
        figure.colorbar(image, ax=axes, label=self.label)


@dataclass(frozen=True)
class Bars:
    """A bar for each name, the largest first; of many, only the largest.

    Attributes:
        title: above them.
        label: of the values, with units.
        values: by name, from 0.
    """

    title: str
    label: str
    values: Mapping[str, float]

    def draw(self, axes: "Axes") -> None:
        """Draw the bars."""
        ranked = sorted(self.values.items(), key=lambda one: -one[1])
        shown, more = ranked[:_MOST_BARS], len(ranked) - _MOST_BARS
        axes.barh([printable(name)[:_MOST_LETTERS] for name, _ in shown], [value for _, value in shown])
        axes.invert_yaxis()
        axes.set(title=self.title, xlabel=self.label)
        axes.set_ylabel(f"and {more} more" if more > 0 else "")
        axes.tick_params(axis="y", labelsize=8)
        axes.grid(visible=False, axis="y")


def draw_panels(title: str, panels: Sequence[Histogram | HeatMap | Bars]) -> bytes:
    """Panels in two columns under a title, as PNG."""
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with chart_style():
        figure = new_figure(columns * _PANEL[0], rows * _PANEL[1])
        figure.suptitle(title, fontsize=12)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            panel.draw(axes)
        for axes in grid.flat[len(panels) :]:
            axes.remove()
        return to_png(figure)
