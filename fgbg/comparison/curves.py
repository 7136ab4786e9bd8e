"""Charts with the curves of all runs in the same axes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fgbg.comparison.read_curves import HasCurves
from generator.look.chart import PANEL, chart_style, line_style, new_figure, plain_text, to_png, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fgbg.comparison.runs import ComparedRun

_COLUMNS = 3
_LONGEST_NAME = 60
_MOST_MARKERS = 16
"""On a line; more of them would hide whether it is dashed."""
_TITLES = {
    "loss": "loss ↓",
    "iou": "IoU ↑",
    "mean_iou": "mean IoU of classes ↑",
    "iou_without_bg": "IoU without background ↑",
    "depth_rmse": "depth RMSE ↓",
    "lr": "learning rate",
    "samples_per_second": "training speed in samples/s ↑",
}
_NO_CURVES = {"epoch", "stage", "res", "step", "seconds"}


def panel_names(runs: Sequence[HasCurves]) -> list[str]:
    """Names of the charts: well-known quantities, then terms of losses; one for training and validation."""
    found = {_quantity(name) for run in runs for name in run.curves if name not in _NO_CURVES}
    found = {name for name in found if not name.startswith("iou/")}  # a chart for each class is too many
    return [name for name in _TITLES if name in found] + sorted(found - set(_TITLES))


def panel_title(name: str) -> str:
    """The title of a chart, with an arrow that says which way is better."""
    return _TITLES.get(name, f"loss term {name.removeprefix('loss/')} ↓")


def draw_sheet(runs: "Sequence[ComparedRun]") -> bytes:
    """All charts on one PNG, with the runs' names, parameters and speeds; there must be a curve."""
    from matplotlib.lines import Line2D

    names = panel_names(runs)
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    with chart_style():
        figure = new_figure(columns * PANEL[0], rows * PANEL[1] + 0.25 * len(runs) + 0.4)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=False):
            _draw(axes, name, runs)
        for axes in grid.flat[len(names) :]:
            axes.remove()
        lines = [
            Line2D([], [], **line_style(number), label=_described(run)) for number, run in enumerate(runs)
        ]
        figure.legend(handles=lines, loc="outside lower center", title="dashed: training, solid: validation")
        return to_png(figure)


def draw_panel(name: str, runs: Sequence[HasCurves], dark: bool) -> bytes:
    """One chart without a legend as SVG, for a light or a dark page."""
    with chart_style(dark):
        figure = new_figure(*PANEL)
        _draw(figure.subplots(), name, runs)
        return to_svg(figure)


def _draw(axes: "Axes", name: str, runs: Sequence[HasCurves]) -> None:
    from matplotlib.ticker import MaxNLocator

    for number, run in enumerate(runs):
        for column, points in run.curves.items():
            if _quantity(column) == name and column not in _NO_CURVES:
                dash = "--" if column.startswith("train_") else "-"
                epochs, values = zip(*points, strict=True)
                every = -(-len(epochs) // _MOST_MARKERS)
                axes.plot(epochs, values, linestyle=dash, markevery=every, **line_style(number))
    axes.set(title=panel_title(name), xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _described(run: "ComparedRun") -> str:
    name = run.label if len(run.label) <= _LONGEST_NAME else "..." + run.label[-_LONGEST_NAME:]
    speed = run.samples_per_second
    facts = f"{run.parameters:,} parameters" + (f", {speed:,.0f} samples/s" if speed else "")
    return f"{plain_text(name)}: {facts}"


def _quantity(column: str) -> str:
    return column.removeprefix("train_").removeprefix("val_")
