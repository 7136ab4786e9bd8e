"""The results as a picture: how cost grows with the work, and bars of ratios."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from generator.look.chart import COLOURS, chart_style, line_style, new_figure, plain_text, to_png
from rows.contest import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpecBase

WIDTH, ROW = 12.0, 0.17


def draw(results: Sequence[Result]) -> bytes:
    """PNG: at the top the curves of the group growth, below a bar for each ratio of fgbg."""
    curves = [result for result in results if any(row.x is not None for row in result.rows)]
    bars = list(ratios(results))
    heights = [3.2 if curves else 0.0, 1.2 + ROW * len(bars)]
    with chart_style():
        figure = new_figure(WIDTH, sum(heights))
        parts = figure.add_gridspec(2, 1, height_ratios=[max(height, 0.01) for height in heights])
        if curves:
            draw_curves(figure, parts[0].subgridspec(1, 2), curves)
        axes = figure.add_subplot(parts[1])
        places = range(len(bars), 0, -1)
        axes.barh(places, [value for _, value, _ in bars], color=[COLOURS[kind] for _, _, kind in bars])
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yticks(places, [plain_text(name) for name, _, _ in bars], fontsize=7)
        axes.set_title("fgbg: share of its limit (blue), times the best other (orange)")
        return to_png(figure)


def draw_curves(figure: "Figure", grid: "GridSpecBase", curves: Sequence[Result]) -> None:
    """Time and memory over the size of the work, as shares of the smallest size."""
    for place, (title, of) in enumerate(
        (("time for each", lambda row: row.median), ("peak memory", lambda row: row.megabytes))
    ):
        axes = figure.add_subplot(grid[place])
        for number, result in enumerate(curves):
            rows = [row for row in result.rows if row.x is not None and row.values]
            if len(rows) > 1 and of(rows[0]):
                shares = [of(row) / of(rows[0]) for row in rows]
                label = plain_text(result.contest.name.removeprefix("growth, "))
                axes.plot([row.x for row in rows], shares, label=label, **line_style(number))
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_title(f"{title}, the smallest = 1")
        axes.set_xlabel("samples or pictures")
        if axes.lines:
            axes.legend(fontsize=7)


def ratios(results: Sequence[Result]) -> Iterator[tuple[str, float, int]]:
    """Name, ratio, and colour by kind."""
    for result in results:
        for row in result.rows:
            for kind, value in enumerate((result.of_limit(row), result.against_best(row))):
                if row.role == "fgbg" and not math.isnan(value) and value > 0:
                    yield f"{result.contest.name}: {row.name}", value, kind
