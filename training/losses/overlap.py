"""Soft overlaps, a value for every sample and channel."""

from segmentation_models_pytorch.losses._functional import soft_jaccard_score
from torch import Tensor

_SMOOTH = 1.0


def soft_dice(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft Dice coefficient: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    Both sums get 1 pixel more, so two empty masks agree wholly and the gradient stays defined.

    Source: Milletari, Navab & Ahmadi 2016, "V-Net" (without the squares).
    """
    overlap = (probability * mask).sum(dim=(2, 3))
    total = probability.sum(dim=(2, 3)) + mask.sum(dim=(2, 3))
    return (2 * overlap + _SMOOTH) / (total + _SMOOTH)


def soft_iou(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft intersection over union: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    The intersection is the sum of minima, so a soft edge that is met exactly agrees wholly. Both sums get 1
    pixel more, so two empty masks agree wholly too.

    Source: Wang et al. 2023, "Jaccard Metric Losses: Optimizing the Jaccard Index with Soft Labels", by
    segmentation_models_pytorch.
    """
    score: Tensor = soft_jaccard_score(probability, mask, smooth=_SMOOTH, dims=(2, 3))
    return score
