"""The runs' figures as a table."""

from collections.abc import Sequence

from fgbg.comparison.runs import ComparedRun
from generator.look.text_table import text_table

Table = dict[str, list[str]]
"""Rows by name, a text for each run; `-` where there is nothing to tell."""

_METRICS = {
    "validation IoU": "val_iou",
    "IoU without background": "val_iou_without_bg",
    "depth RMSE": "val_depth_rmse",
    "validation loss": "val_loss",
}


def figures_table(runs: Sequence[ComparedRun]) -> Table:
    """What the runs came to: the scores are those of the network that predicts, at the epoch it is from."""
    table = {
        name: [_decimals(run.best.metrics.get(metric)) for run in runs] for name, metric in _METRICS.items()
    }
    table["of epoch"] = [str(run.best.position.epoch) for run in runs]
    table["parameters"] = [f"{run.parameters:,}" for run in runs]
    table["samples/s (median)"] = [_whole(run.samples_per_second) for run in runs]
    table["epochs"] = [str(run.last.position.epoch) for run in runs]
    table["seconds of training"] = [_whole(run.seconds) for run in runs]
    return table


def print_table(labels: Sequence[str], tables: Sequence[Table]) -> list[str]:
    """Tables under one head, as lines of at most 80 characters."""
    rows = [[name, *texts] for table in tables for name, texts in table.items()]
    return text_table([["", *labels], *rows])


def _decimals(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
