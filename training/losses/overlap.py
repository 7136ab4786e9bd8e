"""Soft overlaps: a value for every sample and channel.

The overlap of prediction and truth in a pixel is the smaller of the two, not their product: a soft edge that
is predicted exactly then agrees fully, while a product would push it to 0 or 1. Both are the same for masks
of 0 and 1.
"""

from segmentation_models_pytorch.losses._functional import soft_dice_score, soft_jaccard_score
from torch import Tensor

_SMOOTH = 1.0


def soft_dice(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft Dice coefficient: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    1 pixel is added to twice the intersection and to the sum, so that two empty masks agree fully and the
    gradient is defined.

    Source: Wang et al. 2023, "Dice Semimetric Losses: Optimizing the Dice Score with Soft Labels", by
    segmentation_models_pytorch.
    """
    score: Tensor = soft_dice_score(probability, mask, smooth=_SMOOTH / 2, dims=(2, 3))
    return score


def soft_iou(probability: Tensor, mask: Tensor) -> Tensor:
    """Soft intersection over union: (B, C, H, W) twice, in [0, 1] -> (B, C) in (0, 1].

    1 pixel is added to intersection and union, so that two empty masks agree fully.

    Source: Wang et al. 2023, "Jaccard Metric Losses: Optimizing the Jaccard Index with Soft Labels", by
    segmentation_models_pytorch.
    """
    score: Tensor = soft_jaccard_score(probability, mask, smooth=_SMOOTH, dims=(2, 3))
    return score
