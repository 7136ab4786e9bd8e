"""Measure a network on samples of a split: with clean, perturbed and absent backgrounds, beside baselines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from generator.progress import Progress
from generator.reading.split import Split
from training.batches.batches import read_batches
from training.batches.prepare import Prepared, prepare, to_network
from training.errors import DeviceMemoryError
from training.evaluation.baselines import (
    ConstantDepth,
    ThresholdBaseline,
    best_constant,
    best_threshold,
    depth_of_backgrounds,
    threshold_ious,
)
from training.evaluation.calibration import count_bins
from training.evaluation.careless_camera import perturb_backgrounds
from training.evaluation.class_scores import ClassCounts, count_batch, join_counts
from training.measures import DEPTH_MEASURES
from training.models import Prediction, Truth
from training.process.memory import is_out_of_memory
from training.resize import resize
from training.target import Target

Condition = Literal["clean", "perturbed", "absent"]
CONDITIONS: tuple[Condition, ...] = ("clean", "perturbed", "absent")
"""Which background the network gets."""

See = Callable[[Tensor | None, Tensor], Prediction]
"""Runs a network: bg (B, 3, h, w) in [-1, 1] or None, and fg_bg (B, 3, h, w) -> its answer."""

Backgrounds = dict[Condition, Tensor | None]
"""The background of each condition: (B, 3, h, w) in [-1, 1]; None for no background."""

_Groups = dict[str, dict[str, Tensor] | dict[str, np.ndarray]]
"""By group and name, one or several numbers for each sample."""

Measures = dict[str, np.ndarray]
"""By name, (n,) float64: one number for each sample; NaN where it is not defined."""

Found = TypeVar("Found")

_BATCH = 64
"""Largest number of samples in a batch."""


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


@torch.inference_mode()
def evaluate(
    split: Split,
    rows: np.ndarray,
    see: See,
    target: Target,
    res: int,
    device: torch.device,
    conditions: Sequence[Condition] = CONDITIONS,
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
    """

    def look(numbers: np.ndarray, batch: Prepared, backgrounds: Backgrounds) -> _Groups:
        groups: _Groups = {}
        for condition in conditions:
            prediction = comparable(see(backgrounds[condition], batch.fg_bg), split)
            groups[condition] = measure(target, prediction, batch.truth)
            groups[f"classes, {condition}"] = _count_classes(target, prediction, batch.truth)
            groups[f"calibration, {condition}"] = {"sums": calibration_sums(target, prediction, batch.truth)}
        size = (batch.fg_bg.shape[-2], batch.fg_bg.shape[-1])
        stored = split.scene_depth(numbers)
        if stored is not None:
            own = depth_of_backgrounds(stored, size, device)
            groups["bg_depth"] = _depth_measures(own, batch.truth)
        return groups | {
            "sample": _of_samples(target, batch.truth),
            "threshold": _threshold_ious(target, batch, backgrounds),
        }

    collected = _Columns()
    with Progress("evaluating", len(rows), "samples") as bar:
        for numbers, groups in looked_at(split, rows, target, res, device, look):
            for group, columns in groups.items():
                collected.add(group, columns)
            bar.advance(len(numbers))
    return _joined(collected, split, rows, conditions)


def _joined(
    collected: "_Columns", split: Split, rows: np.ndarray, conditions: Sequence[Condition]
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
    )


def comparable(prediction: Prediction, split: Split) -> Prediction:
    """The same answer without depth where the split has none, as nothing can be compared with it."""
    return prediction if split.has_depth else prediction._replace(depth=None)


def looked_at(
    split: Split,
    rows: np.ndarray,
    target: Target,
    res: int,
    device: torch.device,
    look: Callable[[np.ndarray, Prepared, Backgrounds], Found],
) -> Iterator[tuple[np.ndarray, Found]]:
    """Call a function on samples (n,) of a split, batch by batch; in smaller batches if memory runs out.

    Args:
        look: takes a batch as `evaluated_batches` yields it.

    Yields:
        The samples' numbers, and what `look` returned for them.

    Raises:
        DeviceMemoryError: a single sample does not fit.
    """
    size = min(_BATCH, len(rows))
    while len(rows):
        try:
            for numbers, found in _looked_at(evaluated_batches(split, rows, target, res, device, size), look):
                yield numbers, found
                rows = rows[len(numbers) :]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if size == 1:
                raise DeviceMemoryError(device, res) from error
            size //= 2


def _looked_at(
    batches: Iterator[tuple[np.ndarray, Prepared, Backgrounds]],
    look: Callable[[np.ndarray, Prepared, Backgrounds], Found],
) -> Iterator[tuple[np.ndarray, Found]]:
    """A function of its own, so that a batch is freed before a smaller one is tried."""
    for numbers, batch, backgrounds in batches:
        yield numbers, look(numbers, batch, backgrounds)


def evaluated_batches(
    split: Split, rows: np.ndarray, target: Target, res: int, device: torch.device, count: int = _BATCH
) -> Iterator[tuple[np.ndarray, Prepared, Backgrounds]]:
    """Samples (n,) of a split in batches of `count`, at a resolution.

    Yields:
        Their numbers, the batch, and the background of each condition. Backgrounds are perturbed at the
        dataset's own size. If the dataset has no backgrounds, the only condition is "absent".
    """
    parts = [rows[start : start + count] for start in range(0, len(rows), count)]
    for part, integers in zip(parts, read_batches(split, parts, device), strict=True):
        batch = prepare(integers, target, res)
        if integers.bg is None:
            yield part, batch, {"absent": None}
            continue
        height, width = integers.mask.shape[1:]
        perturbed = perturb_backgrounds(to_network(integers.bg, (height, width)), part)
        size = (batch.fg_bg.shape[-2], batch.fg_bg.shape[-1])
        yield part, batch, {"clean": batch.bg, "perturbed": resize(perturbed, size), "absent": None}


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


def _threshold_ious(target: Target, batch: Prepared, backgrounds: Backgrounds) -> dict[str, np.ndarray]:
    """IoU of each sample at each threshold, by condition; empty where the mask has classes."""
    actual, counted = target.foreground(batch.truth.mask), target.counted(batch.truth.mask)
    return {
        str(condition): threshold_ious(bg, batch.fg_bg, actual, counted)
        for condition, bg in backgrounds.items()
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

    def add(self, group: str, columns: dict[str, Tensor] | dict[str, np.ndarray]) -> None:
        for name, values in columns.items():
            array = values.cpu().numpy() if isinstance(values, Tensor) else values
            self._parts.setdefault(group, {}).setdefault(name, []).append(array)

    def joined(self, group: str) -> Measures:
        """(n, ...) float64; arrays with several columns keep their type."""
        joined = {name: np.concatenate(parts) for name, parts in self._parts.get(group, {}).items()}
        return {
            name: column if column.ndim > 1 else column.astype(np.float64) for name, column in joined.items()
        }
