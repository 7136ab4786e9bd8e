"""Baselines without training: a threshold on |fg_bg - bg|, a constant depth, the background's own depth."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.batches.prepare import to_depth

THRESHOLDS = np.arange(1, 128)
"""Thresholds that are tried, of levels from 0 to 255."""


@dataclass(frozen=True)
class ThresholdBaseline:
    """The mask where |fg_bg - bg| is at least a threshold.

    Attributes:
        threshold: in levels of 0 to 255, of the largest difference of the three channels.
        measures: (n,) float64 each, by name: the IoU of each sample, and others once they are measured.
    """

    threshold: int
    measures: dict[str, np.ndarray]


def threshold_ious(bg: Tensor, fg_bg: Tensor, actual: Tensor, counted: Tensor | None = None) -> np.ndarray:
    """IoU of each sample at each threshold: (B, 127) float32; 1 where both masks are empty.

    It is NaN where no pixel counts.

    Args:
        bg, fg_bg: (B, 3, h, w) float in [-1, 1].
        actual: (B, 1, h, w) bool.
        counted: (B, 1, h, w) bool, which pixels count; None for all.
    """
    difference = differences(bg, fg_bg).flatten(1).cpu().numpy()
    if counted is not None:
        # No threshold is so low.
        difference[~counted.flatten(1).cpu().numpy()] = 0
    ious = np.empty((len(bg), len(THRESHOLDS)), np.float32)
    masks = actual.flatten(1).cpu().numpy()
    for row, values, truth in zip(ious, difference, masks, strict=True):
        inside, outside = (np.bincount(values[where], minlength=256) for where in (truth, ~truth))
        # Number of pixels at or above each threshold.
        hits, false_alarms = (counts[::-1].cumsum()[::-1][THRESHOLDS] for counts in (inside, outside))
        union = truth.sum() + false_alarms
        row[:] = np.where(union == 0, 1, hits / np.maximum(union, 1))
    if counted is not None:
        ious[~counted.flatten(1).any(dim=1).cpu().numpy()] = np.nan
    return ious


def differences(bg: Tensor, fg_bg: Tensor) -> Tensor:
    """The largest difference of the three channels of (B, 3, h, w) in [-1, 1]: (B, 1, h, w) int, 0 to 255."""
    return ((fg_bg - bg).abs().amax(dim=1, keepdim=True) * 127.5).round().int()


def best_threshold(ious: np.ndarray) -> ThresholdBaseline:
    """The threshold with the best mean IoU over the same samples, which favours it; `ious` (n, 127) float."""
    counted = ious[~np.isnan(ious[:, 0])]
    best = int(counted.mean(axis=0, dtype=np.float64).argmax()) if len(counted) else 0
    return ThresholdBaseline(int(THRESHOLDS[best]), {"iou": ious[:, best].astype(np.float64)})


def depth_of_backgrounds(stored: np.ndarray, size: tuple[int, int], device: torch.device) -> Tensor:
    """The depth of backgrounds without any object: (B, 1, h, w) float in [0, 1].

    Unknown pixels get the mean of the background's known pixels; one half if none is known.

    Args:
        stored: (B, H, W) uint16, as datasets hold it.
        size: (h, w).
        device: of the result.
    """
    # torch has few operations for uint16.
    integers = torch.from_numpy(stored.view(np.int16)).to(device)
    depth, known = to_depth(integers, size)
    counts = known.sum(dim=(1, 2, 3), keepdim=True)
    means = torch.where(counts > 0, (depth * known).sum(dim=(1, 2, 3), keepdim=True) / counts, 0.5)
    return torch.where(known, depth, means)


@dataclass(frozen=True)
class ConstantDepth:
    """The constant depth with the best RMSE over all known pixels of the same samples.

    Attributes:
        depth: in [0, 1]; NaN if no depth is known.
        rmse: (n,) float, of each sample; NaN where it has no known depth.
    """

    depth: float
    rmse: np.ndarray


def best_constant(mean: np.ndarray, mean_square: np.ndarray, known: np.ndarray) -> ConstantDepth:
    """The best constant is the mean over all known pixels.

    Args:
        mean, mean_square: (n,) float, of each sample's known depth.
        known: (n,), number of known pixels of each sample.
    """
    seen = known > 0
    total = known[seen].sum()
    depth = float((mean[seen] * known[seen]).sum() / total) if total else float("nan")
    return ConstantDepth(depth, np.sqrt(np.maximum(mean_square - 2 * depth * mean + depth**2, 0)))
