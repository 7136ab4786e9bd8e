"""Finding the learning rate by a range test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.files import write_atomically
from generator.look.chart import COLOURS, chart_style, new_figure, to_png
from generator.own_results import mark_png
from generator.progress import Progress
from generator.reading.dataset import Dataset
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.errors import RunError
from training.learner import Learner
from training.plan import Plan
from training.process.devices import over_processes
from training.process.fabric import Fabric
from training.records.run_folder import MAKER
from training.run_position import RunPosition
from training.tuning.batch_size import find_batch_size

_LOWEST_LR, _HIGHEST_LR = 1e-6, 1.0
_LR_STEPS = 100
_SMOOTHING = 0.9
_LOST = 4.0
"""A range test ends when the loss is this many times its lowest."""


@dataclass(frozen=True)
class LrRange:
    """The result of a range test.

    Attributes:
        rates: (n,) learning rates, ascending.
        losses: (n,) training losses after a step at each rate, smoothed.
        suggested: the rate at which the loss fell fastest.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggested: float


def find_lr(config: TrainConfig, fabric: Fabric, dataset: Dataset) -> LrRange:
    """Train new weights at a rising rate, and find the rate at which the loss falls fastest.

    Source: the range test of Smith 2017, "Cyclical Learning Rates for Training Neural Networks", smoothed and
    read at the steepest descent as in fastai.

    Raises:
        RunError: the loss fell at no rate.
    """
    probe = config.model_copy(update={"lr": 1.0, "schedule": "plateau"})
    if probe.batch_size == "auto":
        probe = probe.model_copy(update={"batch_size": find_batch_size(config, fabric, dataset)})
    learner, split = Learner(probe, fabric), dataset["train"]
    plan = Plan(probe, len(split), fabric.global_rank, fabric.world_size)
    batches = read_batches(split, plan.rows(RunPosition(), _LR_STEPS), fabric.device, config.inputs != 3)
    rates = np.geomspace(_LOWEST_LR, _HIGHEST_LR, _LR_STEPS)
    losses: list[float] = []
    mean = 0.0
    with Progress("finding the learning rate", _LR_STEPS, "steps") as progress:
        for step, rate in enumerate(rates.tolist()):
            terms = learner.step(batches, probe.stages[0].res, step, rate)
            loss = float(over_processes(fabric, terms["loss"], "mean"))
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            smoothed = mean / (1 - _SMOOTHING ** (step + 1))
            if not np.isfinite(loss) or (losses and smoothed > _LOST * min(losses)):
                break
            losses.append(smoothed)
            progress.advance(1)
    batches.close()
    found = np.array(losses)
    lowest = int(found.argmin()) if len(found) else 0
    if lowest < 2:
        raise RunError(
            "`lr=auto`", "a loss that falls at some rate", f"none in {len(found)} steps", "give `lr` a number"
        )
    slopes = np.gradient(found[: lowest + 1])
    return LrRange(rates[: len(found)], found, float(rates[slopes.argmin()]))


def plot_lr_range(found: LrRange, path: Path) -> None:
    """Write a chart of the loss over the learning rate, as PNG."""
    with chart_style():
        figure = new_figure(7, 4.5)
        axes = figure.subplots()
        axes.plot(found.rates, found.losses, color=COLOURS[0])
        rate = f"suggested learning rate: {found.suggested:.2g}"
        axes.axvline(found.suggested, color=COLOURS[1], linestyle="--", label=rate)
        title = "Loss while the learning rate rises; it falls fastest at the dashed line"
        axes.set(title=title, xscale="log", xlabel="learning rate", ylabel="training loss, smoothed")
        axes.legend()
        content = to_png(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, mark_png(content, MAKER))
