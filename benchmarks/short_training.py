"""A training of a minute or two on one core, and its score: for measurements that need many trainings."""

from pathlib import Path
from typing import Any

from fgbg import TrainConfig, evaluate, train
from generator.splits import SplitName


def train_briefly(
    data: Path, run: Path, stages: list[tuple[int, int]], epoch_samples: int, **fields: Any
) -> Path:
    """The last checkpoint of a training of a small network; `fields` are those of TrainConfig."""
    fields = {"widths": (32, 32, 64, 128), "batch_size": 8, "schedule": "cosine", "device": "cpu"} | fields
    train(TrainConfig(data=data, out=run, stages=stages, epoch_samples=epoch_samples, **fields))
    return run / "last.pt"


def absent_iou(checkpoint: Path, data: Path, subset: SplitName = "val", samples: int | None = None) -> float:
    """The mean IoU at 0.5 on a split, without backgrounds."""
    figures = evaluate(checkpoint, data, subset=subset, samples=samples, device="cpu", progress=False)
    return float(figures["network"]["absent"]["iou"]["mean"])
