"""Measure a network on samples of a split: with clean, perturbed and absent backgrounds, beside baselines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from generator.progress import Progress
from generator.reading.split import Split
from training.evaluation.baselines import (
    ConstantDepth,
    ThresholdBaseline,
    best_constant,
    best_threshold,
    depth_of_backgrounds,
    threshold_ious,
)
from training.evaluation.calibration import count_bins
from training.evaluation.class_scores import ClassCounts, count_batch, join_counts
from training.evaluation.read_samples import CONDITIONS, Condition, Samples, looked_at
from training.measures import DEPTH_MEASURES
from training.models import Prediction, Truth
from training.target import Target

See = Callable[[Tensor | None, Tensor], Prediction]
"""Runs a network: bg (B, 3, h, w) in [-1, 1] or None, and fg_bg (B, 3, h, w) -> its answer."""

Columns = dict[str, Tensor] | dict[str, np.ndarray]
"""By name, one or several numbers for each sample of a batch."""

Measures = dict[str, np.ndarray]
"""By name, (n,) float64: one number for each sample; NaN where it is not defined."""

MOST_SAMPLES = 1000
"""Samples of which more is measured: the first ones, of a split in random order."""

Predictions = dict[Condition, Prediction]
"""What the network answered in each condition that is measured; without depth if the split has none."""

Further = Callable[[Samples, Predictions], Columns]
"""Measures more of a batch that the network has seen."""


@dataclass(frozen=True)
class Evaluation:
    """Measures of n samples of a split.

    Attributes:
        rows: (n,) int64, the samples' numbers in the split.
        bgs: (n,) int64, the numbers of their backgrounds, as `Split.scenes`; None in a labelled dataset,
            where every sample shows another place.
        shares: (n,) float64, the part of each picture that objects cover; None where the mask has classes.
        known: (n,) int64, number of pixels of known depth.
        network: for each condition the measures of the target, and those of depth as `depth_NAME`.
        thresholds: for "clean" and "perturbed" the threshold baseline; empty where the mask has classes.
        constant: the constant depth; None if the network has no depth head, or the dataset no depth.
        bg_depth: measures of the background's own depth; None where `constant` is, or if the dataset does not
            hold the depth of backgrounds.
        classes: for each condition the pixels counted by class; empty where the mask has none.
        calibration: for each condition the sums of `count_bins`.
        further: by name, what each further measure found in the first `MOST_SAMPLES` samples.
    """

    rows: np.ndarray
    bgs: np.ndarray | None
    shares: np.ndarray | None
    known: np.ndarray
    network: dict[Condition, Measures]
    thresholds: dict[Condition, ThresholdBaseline]
    constant: ConstantDepth | None
    bg_depth: Measures | None
    classes: dict[Condition, ClassCounts] = field(default_factory=dict)
    calibration: dict[Condition, np.ndarray] = field(default_factory=dict)
    further: dict[str, Measures] = field(default_factory=dict)


@torch.inference_mode()
def evaluate(
    split: Split,
    rows: np.ndarray,
    see: See,
    target: Target,
    res: int,
    device: torch.device,
    conditions: Sequence[Condition] = CONDITIONS,
    further: Mapping[str, Further] | None = None,
) -> Evaluation:
    """Measure a network on samples of a split; the same network and samples give the same numbers.

    Args:
        split: to read from.
        rows: (n,) int64, which samples, at least one.
        see: the network.
        target: what its mask means.
        res: longer side in pixels at which the network runs and is measured.
        device: where it runs.
        conditions: which ones to measure; for a network that takes no background, and for a dataset without
            backgrounds, only "absent".
        further: by name, what else to measure of the first `MOST_SAMPLES` samples.
    """
    further, done = further or {}, 0

    def look(batch: Samples) -> dict[str, Columns]:
        predictions = {
            name: comparable(see(batch.backgrounds[name], batch.fg_bg), split) for name in conditions
        }
        groups = _groups(split, target, batch, predictions)
        if done < MOST_SAMPLES:
            groups |= {_group(name): find(batch, predictions) for name, find in further.items()}
        return groups

    collected = _Columns()
    with Progress("evaluating", len(rows), "samples") as bar:
        for numbers, groups in looked_at(split, rows, target, res, device, look):
            for group, columns in groups.items():
                collected.add(group, columns)
            done += len(numbers)
            bar.advance(len(numbers))
    return _joined(collected, split, rows, conditions, further)


def _groups(split: Split, target: Target, batch: Samples, predictions: Predictions) -> dict[str, Columns]:
    """All columns of a batch but those of further measures, by group."""
    groups: dict[str, Columns] = {}
    for condition, prediction in predictions.items():
        groups[condition] = measure(target, prediction, batch.truth)
        groups[f"classes, {condition}"] = _count_classes(target, prediction, batch.truth)
        groups[f"calibration, {condition}"] = {"sums": calibration_sums(target, prediction, batch.truth)}
    stored = split.scene_depth(batch.numbers)
    if stored is not None:
        own = depth_of_backgrounds(stored, batch.size, batch.fg_bg.device)
        groups["bg_depth"] = _depth_measures(own, batch.truth)
    return groups | {"sample": _of_samples(target, batch.truth), "threshold": _threshold_ious(target, batch)}


def _group(further: str) -> str:
    return f"further, {further}"


def _joined(
    collected: "_Columns",
    split: Split,
    rows: np.ndarray,
    conditions: Sequence[Condition],
    further: Iterable[str],
) -> Evaluation:
    """The measures of all batches of `evaluate`."""
    sample = collected.joined("sample")
    thresholds = collected.joined("threshold")
    network = {condition: collected.joined(condition) for condition in conditions}
    has_depth = "depth_rmse" in network[conditions[0]]
    counts = {condition: collected.joined(f"classes, {condition}") for condition in conditions}
    constant = best_constant(sample["mean"], sample["mean_square"], sample["known"])
    return Evaluation(
        rows=rows,
        bgs=split.scenes[rows] if split.shares_scenes else None,
        shares=sample.get("share"),
        known=sample["known"].astype(np.int64),
        network=network,
        thresholds={name: best_threshold(thresholds[name]) for name in CONDITIONS if name in thresholds},
        constant=constant if has_depth else None,
        bg_depth=(collected.joined("bg_depth") or None) if has_depth else None,
        classes={condition: join_counts(columns) for condition, columns in counts.items() if columns},
        calibration={
            condition: collected.joined(f"calibration, {condition}")["sums"] for condition in conditions
        },
        further={
            # The last batch may end after the last of the first samples.
            name: {key: column[:MOST_SAMPLES] for key, column in collected.joined(_group(name)).items()}
            for name in further
        },
    )


def comparable(prediction: Prediction, split: Split) -> Prediction:
    """The same answer without depth where the split has none, as nothing can be compared with it."""
    return prediction if split.has_depth else prediction._replace(depth=None)


def measure(target: Target, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
    """Every measure of a batch by name, (B,) each: those of the target, and of depth if it is predicted."""
    measures = target.measures(prediction.mask_logits, truth.mask)
    return measures if prediction.depth is None else measures | _depth_measures(prediction.depth, truth)


def calibration_sums(target: Target, prediction: Prediction, truth: Truth) -> Tensor:
    """The sums of a batch for its calibration, as `count_bins`."""
    return count_bins(*target.confidence(prediction.mask_logits, truth.mask))


def _count_classes(target: Target, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
    """Pixels of a batch by class; empty where the mask has none."""
    confusion = target.confusion(prediction.mask_logits, truth.mask)
    return {} if confusion is None else count_batch(confusion)


def _depth_measures(depth: Tensor, truth: Truth) -> dict[str, Tensor]:
    return {
        f"depth_{name}": of(depth.float(), truth.depth, truth.known) for name, of in DEPTH_MEASURES.items()
    }


def _threshold_ious(target: Target, batch: Samples) -> dict[str, np.ndarray]:
    """IoU of each sample at each threshold, by condition; empty where the mask has classes."""
    actual, counted = target.foreground(batch.truth.mask), target.counted(batch.truth.mask)
    return {
        str(condition): threshold_ious(bg, batch.fg_bg, actual, counted)
        for condition, bg in batch.backgrounds.items()
        if bg is not None and actual is not None
    }


def _of_samples(target: Target, truth: Truth) -> dict[str, Tensor]:
    """Facts of the samples: the moments of their known depth, and the share that objects cover."""
    # Not every device has float64.
    depth, known = (values.flatten(1).cpu().double() for values in (truth.depth * truth.known, truth.known))
    count = known.sum(dim=1)
    found = {
        "known": count,
        "mean": depth.sum(dim=1) / count,
        "mean_square": depth.square().sum(dim=1) / count,
    }
    actual = target.foreground(truth.mask)
    return found if actual is None else found | {"share": actual.flatten(1).float().mean(dim=1)}


class _Columns:
    """Numbers of samples, by group and name, collected batch by batch."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, list[np.ndarray]]] = {}

    def add(self, group: str, columns: Columns) -> None:
        for name, values in columns.items():
            array = values.cpu().numpy() if isinstance(values, Tensor) else values
            self._parts.setdefault(group, {}).setdefault(name, []).append(array)

    def joined(self, group: str) -> Measures:
        """(n, ...) float64; arrays with several columns keep their type."""
        joined = {name: np.concatenate(parts) for name, parts in self._parts.get(group, {}).items()}
        return {
            name: column if column.ndim > 1 else column.astype(np.float64) for name, column in joined.items()
        }
