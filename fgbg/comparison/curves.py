"""Curves of several runs in the same axes."""

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fgbg.comparison.runs import ComparedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_PANEL = (4.6, 3.3)
"""Inches."""
_DPI = 120
_MARKERS = "os^Dvp*X"
_TITLES = {
    "loss": "loss",
    "iou": "IoU",
    "iou_without_bg": "IoU without background",
    "depth_rmse": "depth RMSE",
    "lr": "learning rate",
    "samples_per_second": "samples/s",
}
_NO_CURVES = {"epoch", "stage", "res", "step", "seconds"}


def panel_names(runs: Sequence[ComparedRun]) -> list[str]:
    """What there are curves of: well-known quantities, then terms of losses; train and val are one."""
    found = {_quantity(name) for run in runs for name in run.curves if name not in _NO_CURVES}
    return [name for name in _TITLES if name in found] + sorted(found - set(_TITLES))


def panel_title(name: str) -> str:
    """What a panel shows, in words."""
    return _TITLES.get(name, f"loss term {name.removeprefix('loss/')}")


def draw_sheet(runs: Sequence[ComparedRun]) -> bytes:
    """All panels, and the runs' parameters and speeds, as PNG; there must be a curve."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = panel_names(runs)
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure((columns * _PANEL[0], rows * _PANEL[1] + 0.25 * len(runs) + 0.4), layout="constrained")
    for axes, name in zip(figure.subplots(rows, columns, squeeze=False).flat, names, strict=False):
        _draw(axes, name, runs)
    for axes in figure.axes[len(names) :]:
        axes.remove()
    lines = [Line2D([], [], **_style(number), label=_described(run)) for number, run in enumerate(runs)]
    figure.legend(handles=lines, loc="outside lower center", title="dashed: training, solid: validation")
    return _png(figure)


def draw_panel(name: str, runs: Sequence[ComparedRun], dark: bool) -> bytes:
    """One panel with its own legend as PNG, for a light or a dark page."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context("dark_background" if dark else "default"):
        figure = Figure(_PANEL, layout="constrained")
        axes = figure.subplots()
        _draw(axes, name, runs)
        axes.legend(fontsize="small")
        return _png(figure)


def _draw(axes: "Axes", name: str, runs: Sequence[ComparedRun]) -> None:
    from matplotlib.ticker import MaxNLocator

    for number, run in enumerate(runs):
        label: str | None = _literal(run.label)
        for column, points in run.curves.items():
            if _quantity(column) == name and column not in _NO_CURVES:
                dash = "--" if column.startswith("train_") else "-"
                epochs, values = zip(*points, strict=True)
                axes.plot(epochs, values, linestyle=dash, label=label, **_style(number))
                label = None  # one entry in the legend for both curves
    axes.set(title=panel_title(name), xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)


def _style(number: int) -> dict[str, Any]:
    return {"color": f"C{number}", "marker": _MARKERS[number % len(_MARKERS)], "markersize": 3.5}


def _described(run: ComparedRun) -> str:
    speed = run.samples_per_second
    return f"{_literal(run.label)}: {run.parameters:,} parameters" + (
        f", {speed:,.0f} samples/s" if speed else ""
    )


def _literal(label: str) -> str:
    """A label as it is: not as formulas, and shown although it begins with an underscore."""
    return (" " if label.startswith("_") else "") + label.replace("$", r"\$")


def _quantity(column: str) -> str:
    return column.removeprefix("train_").removeprefix("val_")


def _png(figure: "Figure") -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that no font has is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph ")
        figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()
