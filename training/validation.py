"""How good the averaged network is on the first samples of val."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from lightning.fabric import Fabric

from generator.reading.dataset import Split
from training.batches.batches import read_batches
from training.batches.prepare import Prepared, join, prepare
from training.config import TrainConfig
from training.evaluation.metrics import Scores
from training.learner import Learner
from training.models import Prediction
from training.process.devices import over_processes


@dataclass(frozen=True)
class Validation:
    """What a validation found.

    Attributes:
        metrics: by name.
        example: the first batch and what the network answered to it; None in a process that saw none.
    """

    metrics: dict[str, float]
    example: tuple[Prepared, Prediction] | None


@torch.no_grad()
def validate(
    learner: Learner, fabric: Fabric, split: Split, config: TrainConfig, res: int, batch_size: int
) -> Validation:
    """With the background given, and IoU also without it where the network learns to do without.

    All processes take turns with the batches and get the same metrics.
    """
    count = min(len(split), config.val_samples)
    scores, without_bg = Scores(fabric.device), Scores(fabric.device)
    loss_sum = torch.zeros((), device=fabric.device)
    network = learner.average
    example: tuple[Prepared, Prediction] | None = None
    for integers in read_batches(split, _blocks(count, batch_size, fabric), fabric.device):
        batch = prepare(integers, res)
        with fabric.autocast():
            prediction: Prediction = network(join(batch.bg, batch.fg_bg, config.inputs))
        prediction = prediction.each(torch.Tensor.float)
        example = example or (batch, prediction)
        loss_sum += learner.loss(prediction, batch.truth)["loss"] * len(batch.bg)
        scores.update(prediction, batch.truth)
        if config.bg_dropout > 0:
            with fabric.autocast():
                prediction = network(join(None, batch.fg_bg, config.inputs))
            without_bg.update(prediction, batch.truth)
    metrics = {"val_loss": float(over_processes(fabric, loss_sum, "sum")) / count}
    scores.add_up(fabric)
    metrics["val_iou"] = scores.iou()
    if config.depth_head:
        metrics["val_depth_rmse"] = scores.depth_rmse()
    if config.bg_dropout > 0:
        without_bg.add_up(fabric)
        metrics["val_iou_without_bg"] = without_bg.iou()
    return Validation(metrics, example)


def _blocks(count: int, size: int, fabric: Fabric) -> Iterator[np.ndarray]:
    """Every world-size-th batch of the first `count` samples."""
    starts = range(0, count, size)
    for start in starts[fabric.global_rank :: fabric.world_size]:
        yield np.arange(start, min(start + size, count))
