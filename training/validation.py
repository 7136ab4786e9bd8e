"""Metrics of the averaged network on the first samples of val."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from generator.reading.split import Split
from training.batches.batches import read_batches
from training.batches.prepare import Prepared, prepare
from training.config import TrainConfig
from training.inference import infer
from training.learner import Learner
from training.measures import class_ious
from training.models import Prediction, Truth
from training.process.devices import over_processes
from training.process.fabric import Fabric
from training.target import Target


@dataclass(frozen=True)
class Validation:
    """Results of a validation.

    Attributes:
        metrics: by name.
        example: the first batch and the network's answer; None in a process that saw no batch.
    """

    metrics: dict[str, float]
    example: tuple[Prepared, Prediction] | None


@torch.no_grad()
def validate(
    learner: Learner, fabric: Fabric, split: Split, config: TrainConfig, res: int, batch_size: int
) -> Validation:
    """Measure the averaged network with backgrounds, and its IoU also without if it learns to do without.

    What the dataset does not have is left out: backgrounds, or depth.

    Each process takes every world-size-th batch, and all get the same metrics.
    """
    count = min(len(split), config.val_samples)
    scores, without_bg = (Scores(learner.target, fabric.device) for _ in range(2))
    loss_sum = torch.zeros((), device=fabric.device)
    network = learner.average
    example: tuple[Prepared, Prediction] | None = None
    with_and_without = config.bg_dropout > 0 and split.has_bg
    for integers in read_batches(
        split, _blocks(count, batch_size, fabric), fabric.device, with_bg=config.inputs != 3
    ):
        batch = prepare(integers, learner.target, res)
        prediction = infer(network, batch.bg, batch.fg_bg, autocast=fabric.autocast)
        example = example or (batch, prediction)
        loss_sum += learner.loss(prediction, batch.truth)["loss"] * len(batch.fg_bg)
        scores.update(prediction, batch.truth)
        if with_and_without:
            without_bg.update(infer(network, None, batch.fg_bg, autocast=fabric.autocast), batch.truth)
    metrics = {"val_loss": float(over_processes(fabric, loss_sum, "sum")) / count}
    scores.add_up(fabric)
    metrics["val_iou"] = scores.iou()
    metrics |= {f"val_{name}": value for name, value in scores.classes().items()}
    if config.depth_head and split.has_depth:
        metrics["val_depth_rmse"] = scores.depth_rmse()
    if with_and_without:
        without_bg.add_up(fabric)
        metrics["val_iou_without_bg"] = without_bg.iou()
    return Validation(metrics, example)


class Scores:
    """Metrics over many batches: the mean IoU of samples, and the RMSE of depth over known pixels.

    Args:
        target: what the mask means.
        device: of the batches.
    """

    def __init__(self, target: Target, device: torch.device) -> None:
        self._target = target
        # Sums of IoU, samples, squared errors of depth, pixels of known depth. MPS has no float64.
        dtype = torch.float32 if device.type == "mps" else torch.float64
        self._sums = torch.zeros(4, device=device, dtype=dtype)
        self._confusion = torch.zeros((target.channels, target.channels), device=device, dtype=torch.int64)

    def update(self, prediction: Prediction, truth: Truth) -> None:
        """Add a batch; samples without an IoU, whose pixels are all ignored, are left out of its mean."""
        ious = self._target.iou(prediction.mask_logits, truth.mask)
        is_defined = ~ious.isnan()
        self._sums[0] += torch.where(is_defined, ious, 0.0).sum()
        self._sums[1] += is_defined.sum()
        if (confusion := self._target.confusion(prediction.mask_logits, truth.mask)) is not None:
            self._confusion += confusion.sum(dim=0)
        if prediction.depth is not None:
            errors = (prediction.depth - truth.depth).square() * truth.known
            self._sums[2] += errors.sum(dtype=self._sums.dtype)
            self._sums[3] += truth.known.sum()

    def add_up(self, fabric: Fabric) -> None:
        """Add the batches of the other processes."""
        self._sums = over_processes(fabric, self._sums, "sum")
        self._confusion = over_processes(fabric, self._confusion, "sum")

    @property
    def samples(self) -> int:
        """How many samples have an IoU."""
        return int(self._sums[1])

    def iou(self) -> float:
        """Mean IoU; NaN where no sample has one."""
        return float(self._sums[0] / self._sums[1])

    def classes(self) -> dict[str, float]:
        """IoU of each class over all pixels, as `iou/NAME`, and their mean `mean_iou`.

        Classes that are neither in the truth nor predicted are left out; empty where the mask has no classes.
        """
        if not self._target.names:
            return {}
        found = class_ious(self._confusion.cpu().double()).tolist()
        pairs = zip(self._target.names, found, strict=True)
        ious = {f"iou/{name}": iou for name, iou in pairs if not math.isnan(iou)}
        return {"mean_iou": sum(ious.values()) / len(ious), **ious} if ious else {}

    def depth_rmse(self) -> float:
        """Root mean squared error of inverse depth in [0, 1]; NaN where none was known."""
        return float((self._sums[2] / self._sums[3]).sqrt())


def _blocks(count: int, size: int, fabric: Fabric) -> Iterator[np.ndarray]:
    """Every world-size-th batch of the first `count` samples."""
    starts = range(0, count, size)
    for start in starts[fabric.global_rank :: fabric.world_size]:
        yield np.arange(start, min(start + size, count))
