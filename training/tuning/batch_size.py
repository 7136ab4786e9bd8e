"""Finding the batch size."""

import time
from collections.abc import Iterator
from itertools import repeat

import numpy as np
import torch

from generator.reading.dataset import Dataset
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.errors import RunError
from training.failures import explain_batch_errors
from training.learner import Learner
from training.process.fabric import Fabric, SingleDeviceStrategy

_FIRST_BATCH, _LARGEST_BATCH = 4, 4096
_TIMED_STEPS = 3
_WORTH = 1.05
"""A batch twice as large has to train at least this many times as fast."""


def find_batch_size(config: TrainConfig, fabric: Fabric, dataset: Dataset) -> int:
    """Find the smallest batch size that trains at the highest speed.

    The size is doubled until training becomes no faster or memory runs out, at the largest resolution, or
    with `scale_batch` at the first. Of several processes the first one tries alone and tells the others: by
    its own clock each would choose another size, and then wait for the others forever.

    Args:
        config: of the run.
        fabric: launched.
        dataset: to train on.

    Returns:
        int: samples that a device takes at a time.
    """
    found = _fastest_batch_size(config, _alone(fabric), dataset) if fabric.is_global_zero else 0
    return int(fabric.broadcast(found))


def _alone(fabric: Fabric) -> Fabric:
    """The same device and precision for this process alone."""
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
            with explain_batch_errors(config):
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
    """Samples per second of one process that trains on the same batch repeatedly."""
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
