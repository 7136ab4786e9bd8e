"""Calibration: whether pixels that a network gives 0.8 are objects to 80 %.

Pixels are put into bins by what the network says of them. In each bin, the mean of what it says is compared
with the mean of what is true. The truth is the alpha itself: for a pixel that an object half covers, neither
0 nor 1 is true. For classes, the share of the predicted class is compared with how often it is right.

The measures of torchmetrics give the same numbers, but keep every pixel.

Source: Guo et al. 2017, "On calibration of modern neural networks", with 15 bins of the same width, and
Niculescu-Mizil & Caruana 2005, "Predicting good probabilities with supervised learning", for bins of the
probability of one of two classes.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.evaluation.bootstrap import Estimate, estimate_of_sums

BINS = 15


def count_bins(said: Tensor, true: Tensor, counted: Tensor) -> Tensor:
    """The sums of each sample and bin, so that no pixels have to be kept.

    Args:
        said, true: (B, h, w) float in [0, 1], as `Target.confidence` gives them.
        counted: (B, h, w) bool, which pixels count.

    Returns:
        (B, BINS, 3) float: number of pixels, sum of what was said, and sum of what is true.
    """
    bins = torch.where(counted, (said * BINS).long().clamp(max=BINS - 1), BINS)
    parts = []
    # A weighted bincount would add in a random order on CUDA.
    for number in range(BINS):
        inside = bins == number
        parts.append(torch.stack([_sum(inside), _sum(inside * said), _sum(inside * true)], dim=1))
    return torch.stack(parts, dim=1)


def calibration_error(sums: np.ndarray) -> Estimate:
    """Expected calibration error: the mean over pixels of the difference between the means of their bin.

    Args:
        sums: (n, BINS, 3), as `count_bins` gives them.
    """
    return estimate_of_sums(sums.reshape(len(sums), -1).astype(np.float64), _errors)[0]


def reliability_curve(sums: np.ndarray) -> list[dict[str, Any]]:
    """The bins of all samples (n, BINS, 3) as metrics.json holds them (docs/evaluate.md)."""
    total = sums.sum(axis=0, dtype=np.float64)
    pixels = total[:, 0].sum()
    with np.errstate(invalid="ignore"):
        means = total[:, 1:] / total[:, :1]
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "share": float(count / pixels) if pixels else float("nan"),
            "predicted": float(said),
            "true": float(true),
        }
        for number, (count, (said, true)) in enumerate(zip(total[:, 0], means, strict=True))
    ]


def _errors(sums: np.ndarray) -> np.ndarray:
    """From sums (..., BINS * 3): (..., 1)."""
    pixels, said, true = np.moveaxis(sums.reshape(*sums.shape[:-1], BINS, 3), -1, 0)
    with np.errstate(invalid="ignore"):
        errors: np.ndarray = np.abs(said - true).sum(axis=-1, keepdims=True) / pixels.sum(-1, keepdims=True)
        return errors


def _sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(dim=1, dtype=torch.float32)
