"""What a person sees of a run: the bar with its labels and the time left, and the lines about an epoch."""

import time
from collections.abc import Callable, Mapping, Sequence

from torch import nn
from tqdm import tqdm

from generator.progress import Progress
from training.config import TrainConfig
from training.plan import Plan
from training.process.devices import shown_precision
from training.process.fabric import Fabric
from training.run_position import RunPosition
from training.stages import Stage


class RunBar:
    """Makes the bar of each epoch, which shows the progress of the whole run.

    Args:
        plan: of the run.
        stages: of the run.
        position: gives its position now.
    """

    def __init__(self, plan: Plan, stages: Sequence[Stage], position: Callable[[], RunPosition]) -> None:
        self._plan, self._stages, self._position = plan, stages, position
        self._began, self._pixels = time.monotonic(), plan.pixels_to_go(position())

    def begin_epoch(self, begun: RunPosition) -> Progress:
        """The bar of an epoch, in steps."""
        epochs = self._stages[begun.stage].epochs
        label = self.label(begun.stage, f"epoch {begun.stage_epochs + 1}/{epochs}")
        total = begun.step + self._plan.steps_to_go(begun)
        progress = Progress(label, total, "steps", time_left=self._time_left)
        progress.resume_at(begun.step)
        return progress

    def label(self, stage: int, work: str) -> str:
        """A label of the bar, like `96 px, stage 2/3, epoch 1/4`."""
        number = f"stage {stage + 1}/{len(self._stages)}, " if len(self._stages) > 1 else ""
        return f"{self._stages[stage].res} px, {number}{work}"

    def _time_left(self) -> str:
        """Time to the end of the run, like `1:23:45`, at the mean speed of this call with its validations."""
        left = self._plan.pixels_to_go(self._position())
        done = self._pixels - left
        return tqdm.format_interval((time.monotonic() - self._began) * left / done) if done > 0 else "?"


def run_summary(
    config: TrainConfig, plan: Plan, fabric: Fabric, network: nn.Module, train_samples: int
) -> str:
    """The network, the device and the data, in one line."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    devices = f"{fabric.world_size} x " if fabric.world_size > 1 else ""
    epoch_samples = plan.steps_left(RunPosition()) * plan.step_samples(0)
    return (
        f"{config.architecture.title}, {parameters:,} parameters, on {devices}{fabric.device.type} in"
        f" {shown_precision(fabric)}; epochs of {epoch_samples:,} samples of {train_samples:,}"
    )


def epoch_lines(stages: Sequence[Stage], position: RunPosition, metrics: Mapping[str, float]) -> list[str]:
    """The losses of the last epoch and, where validation gave them, its scores: at most 80 characters a line.

    Args:
        stages: of the run.
        position: after the epoch.
        metrics: of the epoch.
    """
    stage = stages[position.stage]
    names = {"train_loss": "train loss", "val_loss": "validation loss"}
    losses = [f"{text} {metrics[name]:.4f}" for name, text in names.items() if name in metrics]
    lines = [f"epoch {position.stage_epochs}/{stage.epochs} at {stage.res} px: {', '.join(losses)}"]
    return lines + ([f"  {scores}"] if (scores := scores_in_words(metrics)) else [])


def scores_in_words(metrics: Mapping[str, float]) -> str:
    """The scores of a validation in a few words; empty where there was none."""
    scores = []
    if "val_iou" in metrics:
        without = metrics.get("val_iou_without_bg")
        scores.append(f"validation IoU {metrics['val_iou']:.4f}")
        scores[0] += "" if without is None else f" ({without:.4f} without background)"
    if "val_mean_iou" in metrics:
        scores.append(f"mean IoU of classes {metrics['val_mean_iou']:.4f}")
    if "val_depth_rmse" in metrics:
        scores.append(f"depth RMSE {metrics['val_depth_rmse']:.4f}")
    return ", ".join(scores)
