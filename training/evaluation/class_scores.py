"""Scores of classes over all pixels of a split: IoU, Dice and the confusion matrix, with intervals.

Pixels of all samples are added up before they are divided, as is usual for classes. A mean over samples, as
`iou` is, would count a class of a few pixels in one sample as much as a whole picture of it in another.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from training.evaluation.bootstrap import Estimate, estimate_of_sums

_MOST_CONFUSIONS = 5


@dataclass(frozen=True)
class ClassCounts:
    """Pixels of n samples, counted by class; ignored pixels are left out.

    Attributes:
        confusion: (C, C) int64, pixels by their true class (row) and their predicted class (column).
        hits: (n, C) float64, pixels of each sample whose class is right.
        truth: (n, C) float64, pixels of each sample that are of a class.
        found: (n, C) float64, pixels of each sample that are predicted to be of a class.
    """

    confusion: np.ndarray
    hits: np.ndarray
    truth: np.ndarray
    found: np.ndarray


def count_batch(confusion: Tensor) -> dict[str, Tensor]:
    """The counts of a batch from (B, C, C) int64, so that no whole matrix of each sample is kept."""
    return {
        "confusion": confusion.sum(dim=0, keepdim=True),
        "hits": confusion.diagonal(dim1=1, dim2=2),
        "truth": confusion.sum(dim=2),
        "found": confusion.sum(dim=1),
    }


def join_counts(columns: Mapping[str, np.ndarray]) -> ClassCounts:
    """The counts of all batches of `count_batch`, joined along the first dimension."""
    hits, truth, found = (columns[name].astype(np.float64) for name in ("hits", "truth", "found"))
    return ClassCounts(columns["confusion"].sum(axis=0), hits, truth, found)


def score_classes(counts: ClassCounts, names: Sequence[str]) -> dict[str, Any]:
    """The scores as metrics.json holds them (docs/evaluate.md).

    Args:
        counts: of all samples.
        names: of the classes, in the order of their numbers.
    """
    classes = len(names)
    columns = np.concatenate([counts.hits, counts.truth, counts.found], axis=1)
    estimates = estimate_of_sums(columns, _scores)
    ious, dices, (mean_iou, mean_dice, accuracy) = (
        estimates[:classes],
        estimates[classes : 2 * classes],
        estimates[2 * classes :],
    )
    return {
        "mean_iou": mean_iou,
        "mean_dice": mean_dice,
        "pixel_accuracy": accuracy,
        "by_class": {
            name: _of_class(counts, number, ious[number], dices[number]) for number, name in enumerate(names)
        },
        "worst_confusions": _worst_confusions(counts.confusion, names),
        "confusion": counts.confusion,
    }


def _scores(sums: np.ndarray) -> np.ndarray:
    """From sums (..., 3 C) of hits, truth and found: (..., 2 C + 3) IoUs, Dices, their means, accuracy."""
    hits, truth, found = np.split(sums, 3, axis=-1)
    with np.errstate(invalid="ignore"):
        ious, dices = hits / (truth + found - hits), 2 * hits / (truth + found)
        accuracy = hits.sum(axis=-1, keepdims=True) / truth.sum(axis=-1, keepdims=True)
    means = [_mean(values) for values in (ious, dices)]
    return np.concatenate([ious, dices, *means, accuracy], axis=-1)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the classes that occur (..., 1); NaN where none does."""
    occurs = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: np.ndarray = np.where(occurs, values, 0).sum(-1, keepdims=True) / occurs.sum(-1, keepdims=True)
        return mean


def _of_class(counts: ClassCounts, number: int, iou: Estimate, dice: Estimate) -> dict[str, Any] | None:
    """The scores of a class; None where it is neither in the truth nor predicted."""
    matrix = counts.confusion
    hits, truth, found = matrix[number, number], matrix[number].sum(), matrix[:, number].sum()
    if not truth + found:
        return None
    return {
        "share": float(truth / matrix.sum()),
        "samples": int((counts.truth[:, number] > 0).sum()),
        "iou": iou,
        "dice": dice,
        "recall": float(hits / truth) if truth else math.nan,
        "precision": float(hits / found) if found else math.nan,
    }


def _worst_confusions(confusion: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    """The pairs of classes with the most wrong pixels, as a share of all pixels, largest first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    return [
        {
            "truth": names[row],
            "predicted": names[column],
            "share": float(wrong[row, column] / confusion.sum()),
            "share_of_truth": float(wrong[row, column] / confusion[row].sum()),
        }
        for row, column in pairs
        if wrong[row, column]
    ]
