"""The figures of runs as a table, and a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fgbg.comparison.runs import ComparedRun
from fgbg.pages.parts import TableRow
from generator.look.text_table import text_table


@dataclass(frozen=True)
class _Figure:
    """One figure of a run.

    Attributes:
        name: in the table.
        of: a run's value; None where it has none.
        better: 1 where larger is better, -1 where smaller is better, 0 where neither is.
        text: of a value.
        best: a sentence on the best run, with places for its name and value.
    """

    name: str
    of: Callable[[ComparedRun], float | None]
    better: int
    text: Callable[[float], str]
    best: str = ""


def _metric(name: str) -> Callable[[ComparedRun], float | None]:
    return lambda run: run.best.metrics.get(name)


def _decimals(value: float) -> str:
    return f"{value:.4f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


_FIGURES = (
    _Figure("validation IoU ↑", _metric("val_iou"), 1, _decimals, "Best validation IoU: {} ({})."),
    _Figure(
        "IoU without background ↑",
        _metric("val_iou_without_bg"),
        1,
        _decimals,
        "Best IoU without a background: {} ({}).",
    ),
    _Figure("depth RMSE ↓", _metric("val_depth_rmse"), -1, _decimals, "Best depth RMSE: {} ({})."),
    _Figure("validation loss ↓", _metric("val_loss"), -1, _decimals),
    _Figure("best epoch", lambda run: run.best.position.epoch, 0, _whole),
    _Figure("parameters ↓", lambda run: run.parameters, -1, _whole, "Smallest network: {} ({} parameters)."),
    _Figure(
        "samples/s (median) ↑",
        lambda run: run.samples_per_second,
        1,
        _whole,
        "Fastest training: {} ({} samples/s).",
    ),
    _Figure("epochs", lambda run: run.last.position.epoch, 0, _whole),
    _Figure("seconds of training", lambda run: run.seconds, 0, _whole),
)
_SCORES = _FIGURES[:4]


def _class_figures(runs: Sequence[ComparedRun]) -> list[_Figure]:
    """The mean IoU of classes and the IoU of each, over all pixels; none where no run has classes."""
    names = dict.fromkeys(name for run in runs for name in run.engine.target.names)
    if not names:
        return []
    mean = _Figure("mean IoU of classes ↑", _metric("val_mean_iou"), 1, _decimals)
    return [mean, *(_Figure(f"IoU of {name} ↑", _metric(f"val_iou/{name}"), 1, _decimals) for name in names)]


def figures_table(runs: Sequence[ComparedRun]) -> list[TableRow]:
    """The figures of runs, with the best of each marked; scores are of the checkpoint that predicts."""
    comparable = _comparable(runs)
    of_classes = _class_figures(runs)
    rows = []
    for figure in (*_SCORES, *of_classes, *_FIGURES[len(_SCORES) :]):
        better = figure.better if comparable or figure not in (*_SCORES, *of_classes) else 0
        values = [figure.of(run) for run in runs]
        texts = ["-" if value is None else figure.text(value) for value in values]
        rows.append(TableRow(figure.name, texts, _best(values, texts, better)))
    return rows


def verdict(runs: Sequence[ComparedRun]) -> list[str]:
    """Sentences on which run is best at what."""
    if len(runs) == 1:
        known = [(figure, figure.of(runs[0])) for figure in _SCORES]
        scores = [f"{figure.name[:-2]} {value:.4f}" for figure, value in known if value is not None]
        return [f"{runs[0].label}: {', '.join(scores) or 'no scores yet'}."]
    if not _comparable(runs):
        return ["The runs were trained on different datasets: their validation scores do not compare."]
    sentences = []
    rows = {row.name: row for row in figures_table(runs)}
    for figure in _FIGURES:
        row = rows[figure.name]
        if figure.best and row.best:
            best = sorted(row.best)
            labels = ", ".join(runs[number].label for number in best)
            sentences.append(figure.best.format(labels, row.texts[best[0]]))
    return sentences or ["No run is better than the others."]


def _comparable(runs: Sequence[ComparedRun]) -> bool:
    """Whether scores of the runs are measured on the same dataset."""
    return len({run.last.dataset_id for run in runs}) == 1


def _best(values: Sequence[float | None], texts: Sequence[str], better: int) -> frozenset[int]:
    """Numbers of the best values; none where all are shown alike, or fewer than two are known."""
    known = [value * better for value in values if value is not None]
    shown = {text for text, value in zip(texts, values, strict=True) if value is not None}
    if not better or len(known) < 2 or len(shown) < 2:
        return frozenset()
    best = texts[[None if value is None else value * better for value in values].index(max(known))]
    return frozenset(number for number, text in enumerate(texts) if text == best)


def print_table(labels: Sequence[str], *tables: Sequence[TableRow]) -> list[str]:
    """Tables under one head, as lines of at most 80 characters."""
    rows = [[row.name, *row.texts] for table in tables for row in table]
    return text_table([["", *labels], *rows])
