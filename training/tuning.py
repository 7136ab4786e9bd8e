"""What `auto` means: a learning rate and a batch size found by trying them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.single_device import SingleDeviceStrategy

from generator.files import write_atomically
from generator.look.chart import COLOURS, chart_style, new_figure, to_png
from generator.marks import mark_png
from generator.progress import Progress
from generator.reading.dataset import Dataset
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.errors import RunError
from training.learner import Learner
from training.mishaps import batch_told
from training.plan import Plan
from training.position import RunPosition
from training.process.devices import over_processes
from training.records.run_folder import LOG_FOLDER, LR_PLOT

_LOWEST_LR, _HIGHEST_LR = 1e-6, 1.0
_LR_STEPS = 100
_SMOOTHING = 0.9
_LOST = 4.0
"""A range test ends where the loss is so many times its lowest."""

_FIRST_BATCH, _LARGEST_BATCH = 4, 4096
_TIMED_STEPS = 3
_WORTH = 1.05
"""A batch twice as large has to train so many times as fast."""


@dataclass(frozen=True)
class LrRange:
    """What a range test found.

    Attributes:
        rates: (n,) learning rates, ascending.
        losses: (n,) smoothed losses after a step with each.
        suggested: the rate at which the loss fell fastest.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggested: float


def resolve_auto(
    config: TrainConfig, fabric: Fabric, dataset: Dataset, say: Callable[[str], None]
) -> TrainConfig:
    """The same config with numbers where it said auto."""
    if config.batch_size == "auto":
        size = find_batch_size(config, fabric, dataset)
        say(f"`batch_size=auto`: {size}")
        config = config.model_copy(update={"batch_size": size})
    if config.lr == "auto":
        found = find_lr(config, fabric, dataset)
        say(f"`lr=auto`: {found.suggested:.2g}")
        if fabric.is_global_zero:
            plot_lr_range(found, config.out / LOG_FOLDER / LR_PLOT)
        config = config.model_copy(update={"lr": found.suggested})
    return config


def find_lr(config: TrainConfig, fabric: Fabric, dataset: Dataset) -> LrRange:
    """Raise the rate step by step on fresh weights, and see where the loss falls fastest.

    Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", the range test; smoothed, and
    read at the steepest descent, as in fastai.

    Raises:
        RunError: the loss never fell.
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
    with Progress("range test", _LR_STEPS, "steps", shown=fabric.is_global_zero) as progress:
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
    write_atomically(path, mark_png(content, "train"))


def find_batch_size(config: TrainConfig, fabric: Fabric, dataset: Dataset) -> int:
    """Double the batch until training is not faster any more, or memory is out.

    It is tried at the largest resolution, or where batches are scaled at the first. Of several processes the
    first one tries alone and tells the others: each by its own clock would stop at another size, and then
    wait for the others for ever.
    """
    found = _fastest_batch_size(config, _alone(fabric), dataset) if fabric.is_global_zero else 0
    return int(fabric.broadcast(found))


def _alone(fabric: Fabric) -> Fabric:
    """The same device and precision for this process by itself."""
    if fabric.world_size == 1:
        return fabric
    device, precision = fabric.device, fabric.strategy.precision.precision
    return Fabric(strategy=SingleDeviceStrategy(device), accelerator=device.type, precision=precision)


def _fastest_batch_size(config: TrainConfig, fabric: Fabric, dataset: Dataset) -> int:
    stages = [stage.res for stage in config.stages]
    res = stages[0] if config.scale_batch else max(stages)
    split, best, best_rate = dataset["train"], 1, 0.0
    size = _FIRST_BATCH
    while size <= min(_LARGEST_BATCH, len(split)):
        try:
            with batch_told(config):
                rate = _training_rate(config, fabric, dataset, size, res)
        except RunError:
            break
        if rate < _WORTH * best_rate:
            break
        best, best_rate = size, rate
        size *= 2
    if fabric.device.type == "cuda":
        torch.cuda.empty_cache()
    return best


def _training_rate(config: TrainConfig, fabric: Fabric, dataset: Dataset, size: int, res: int) -> float:
    """Samples a second of a process that learns from one batch again and again."""
    probe = config.model_copy(update={"batch_size": size, "lr": 1e-4 if config.lr == "auto" else config.lr})
    learner = Learner(probe, fabric)
    batch = next(read_batches(dataset["train"], [np.arange(size)], fabric.device, config.inputs != 3))
    batches: Iterator[IntegerBatch] = repeat(batch)
    times = []
    for number in range(1 + _TIMED_STEPS):
        began = time.perf_counter()
        float(learner.step(batches, res, number, 1.0)["loss"])  # waits for the device
        times.append(time.perf_counter() - began)
    return size * config.accumulate / float(np.median(times[1:]))
