"""A run as the page shows it: figures, charts, options."""

import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fgbg.comparison.curves import draw_panel, panel_names, panel_title
from fgbg.comparison.read_curves import Curves, read_curves
from training.records.run_folder import CSV_FILE, LOG_FOLDER, recorded_config

_CHARTS_KEPT = 4
# matplotlib keeps its style for the whole process.
_drawing = threading.Lock()


@dataclass(frozen=True)
class _Drawn:
    """A run that is drawn alone."""

    curves: Curves


@dataclass(frozen=True)
class Chart:
    """A chart of a run.

    Attributes:
        title: its quantity.
        svg: the picture.
    """

    title: str
    svg: str


def curves_of(folder: Path) -> Curves:
    """The curves of a run.

    Raises:
        RunError: the table of its epochs cannot be read.
    """
    return read_curves(folder / LOG_FOLDER / CSV_FILE)


def run_figures(curves: Curves) -> dict[str, str]:
    """Figures of a run by name: epochs, the best values with their epochs, the time of training."""
    figures = {"Epochs": f"{max((epoch for epoch, _ in curves.get('epoch', [])), default=0):,}"}
    for name, column, best in (
        ("Best IoU", "val_iou", max),
        ("IoU without bg", "val_iou_without_bg", max),
        ("Best depth RMSE", "val_depth_rmse", min),
    ):
        if column in curves:
            epoch, value = best(curves[column], key=lambda point: point[1])
            figures[f"{name} (epoch {epoch})"] = f"{value:.3f}"
    if "seconds" in curves:
        figures["Training time"] = _duration(sum(value for _, value in curves["seconds"]))
    return figures


def charts(folder: Path, dark: bool) -> tuple[Chart, ...]:
    """A chart for each quantity, over the epochs, as in `fgbg compare`.

    Raises:
        RunError: the table of its epochs cannot be read.
    """
    path = folder / LOG_FOLDER / CSV_FILE
    found = path.stat() if path.is_file() else None
    return _charts(folder, dark, None if found is None else (found.st_mtime_ns, found.st_size))


def run_options(folder: Path) -> dict[str, str]:
    """The options of a run as texts, by name; none if it did not store them."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in recorded_config(folder).items()
        if value is not None
    }


@lru_cache(_CHARTS_KEPT)
def _charts(folder: Path, dark: bool, mark: object) -> tuple[Chart, ...]:
    """The charts; `mark` changes with the table."""
    run = _Drawn(curves_of(folder))
    with _drawing:
        return tuple(
            Chart(panel_title(name), draw_panel(name, [run], dark).decode()) for name in panel_names([run])
        )


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
