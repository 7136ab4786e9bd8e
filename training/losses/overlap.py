"""Soft overlaps: a value for every sample and channel.

The overlap of prediction and truth in a pixel is the smaller of the two, not their product: a soft edge that
is predicted exactly then agrees fully, while a product would push it to 0 or 1. Both are the same for masks
of 0 and 1.
"""

from torch import Tensor

_SMOOTH = 1.0


def soft_dice(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft Dice coefficient: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    1 pixel is added to twice the intersection and to the sum, so that two empty masks agree fully and the
    gradient is defined.

    Source: Wang et al. 2023, "Dice Semimetric Losses: Optimizing the Dice Score with Soft Labels".
    """
    intersection, total = _intersection_and_total(probability, mask)
    return (2 * intersection + _SMOOTH) / (total + _SMOOTH)


def soft_iou(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft intersection over union: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    1 pixel is added to intersection and union, so that two empty masks agree fully.

    Source: Wang et al. 2023, "Jaccard Metric Losses: Optimizing the Jaccard Index with Soft Labels".
    """
    intersection, total = _intersection_and_total(probability, mask)
    return (intersection + _SMOOTH) / (total - intersection + _SMOOTH)


def _intersection_and_total(probability: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels (B, C) that both share, half of what they sum to less what they differ by, and that sum."""
    total = (probability + mask).sum(dim=(2, 3))
    return (total - (probability - mask).abs().sum(dim=(2, 3))) / 2, total
