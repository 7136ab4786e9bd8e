"""Losses of a mask of several classes.

All take mask_logits (B, C, H, W) float and labels (B, H, W) int64 in [0, C), or 255 where a pixel is ignored,
and give a scalar: 0 with a gradient of 0 where all pixels are ignored. Labels are not checked here: reading a
dataset refuses others.

`weights` (C,) float, from 0, say how much each class counts: a weighted mean takes the place of each mean.
None is the same as 1 for every class.
"""

import torch
from kornia.losses import focal_loss
from torch import Tensor
from torch.nn import functional

from generator.format.pixels import IGNORED
from training.losses.overlap import soft_dice, soft_iou
from training.losses.precision import in_full_precision

_GAMMA = 2.0


@in_full_precision
def class_cross_entropy_loss(mask_logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy on logits, averaged over pixels that are not ignored; from 0."""
    # torch's own mean is NaN where all pixels are ignored.
    total = functional.cross_entropy(
        mask_logits, labels, weight=_like(mask_logits, weights), ignore_index=IGNORED, reduction="sum"
    )
    return total / _counted(labels, weights)


@in_full_precision
def class_focal_loss(mask_logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of each pixel times (1 - p)^2, averaged over pixels that are not ignored; from 0.

    p is the softmax of the true class; segmentation_models_pytorch takes a sigmoid for each class instead.

    Source: Lin et al. 2017, "Focal loss for dense object detection", by Kornia.
    """
    total: Tensor = focal_loss(
        mask_logits,
        labels,
        alpha=None,
        gamma=_GAMMA,
        reduction="sum",
        weight=_like(mask_logits, weights),
        ignore_index=IGNORED,
    )
    return total / _counted(labels, weights)


@in_full_precision
def class_dice_loss(mask_logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """1 - soft Dice coefficient of each sample and class, averaged; in [0, 1).

    Ignored pixels are left out. Without weights all classes count the same, whatever their area. A class
    that is neither there nor predicted costs nothing, as an empty mask costs nothing in `dice_loss`. The
    libraries' losses do not fit: Kornia's leaves out a class that is predicted but not there, and the one of
    segmentation_models_pytorch sums over the batch.
    """
    return _mean_of_classes(1 - soft_dice(*_found_and_there(mask_logits, labels)), weights)


@in_full_precision
def class_iou_loss(mask_logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """1 - soft intersection over union, otherwise as `class_dice_loss`; in [0, 1)."""
    return _mean_of_classes(1 - soft_iou(*_found_and_there(mask_logits, labels)), weights)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """(B, H, W) int64 -> (B, classes, H, W) bool; an ignored pixel is of no class."""
    counted = labels != IGNORED
    flags = functional.one_hot(torch.where(counted, labels, 0), classes).movedim(-1, 1)
    return flags.bool() & counted[:, None]


def _found_and_there(mask_logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Probability and truth (B, C, H, W) of every class, 0 where a pixel is ignored."""
    there = one_hot(labels, mask_logits.shape[1]).to(mask_logits.dtype)
    return mask_logits.softmax(dim=1) * (labels != IGNORED)[:, None], there


def _like(mask_logits: Tensor, weights: Tensor | None) -> Tensor | None:
    return None if weights is None else weights.to(mask_logits)


def _mean_of_classes(losses: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of (B, C), weighted by class."""
    if weights is None:
        return losses.mean()
    return (losses.mean(dim=0) * weights.to(losses)).sum() / weights.to(losses).sum()


def _counted(labels: Tensor, weights: Tensor | None) -> Tensor:
    """Number of pixels that are not ignored, or the sum of their weights; 1 where it is 0."""
    counted = labels != IGNORED
    if weights is None:
        return counted.sum().clamp(min=1)
    total = weights.to(labels.device)[torch.where(counted, labels, 0)][counted].sum()
    return torch.where(total > 0, total, 1.0)
