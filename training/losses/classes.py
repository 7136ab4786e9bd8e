"""Losses of a mask of several classes.

All take mask_logits (B, C, H, W) float and labels (B, H, W) int64 in [0, C), 255 where a pixel counts
nothing, and give a scalar: 0 without gradient where all is ignored. Any other label is a DatasetError that
names it.
"""

from kornia.losses import focal_loss
from torch import Tensor
from torch.nn import functional

from training.losses.class_labels import IGNORED, check_classes, one_hot
from training.losses.overlap import soft_dice, soft_iou
from training.losses.precision import in_full_precision

_GAMMA = 2.0


@in_full_precision
def class_cross_entropy_loss(mask_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy on logits, averaged over the pixels that count; from 0."""
    check_classes(labels, mask_logits.shape[1])
    # torch's own mean is not a number where all is ignored.
    total = functional.cross_entropy(mask_logits, labels, ignore_index=IGNORED, reduction="sum")
    return total / _counted(labels)


@in_full_precision
def class_focal_loss(mask_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of each pixel times (1 - p)^2, averaged over the pixels that count; from 0.

    p is the softmax's for the true class; segmentation_models_pytorch takes a sigmoid for each class instead.

    Source: Lin et al. 2017, "Focal loss for dense object detection", by Kornia.
    """
    check_classes(labels, mask_logits.shape[1])
    total: Tensor = focal_loss(
        mask_logits, labels, alpha=None, gamma=_GAMMA, reduction="sum", ignore_index=IGNORED
    )
    return total / _counted(labels)


@in_full_precision
def class_dice_loss(mask_logits: Tensor, labels: Tensor) -> Tensor:
    """1 - soft Dice coefficient, per sample and class over the pixels that count, then averaged; in [0, 1).

    A class that is neither there nor predicted costs nothing, as an empty mask does in `dice_loss`. The
    libraries' whole losses do not fit: Kornia's leaves a class out that is predicted but not there, and that
    of segmentation_models_pytorch sums over the batch.
    """
    return (1 - soft_dice(*_found_and_there(mask_logits, labels))).mean()


@in_full_precision
def class_iou_loss(mask_logits: Tensor, labels: Tensor) -> Tensor:
    """1 - soft intersection over union, as `class_dice_loss` otherwise; in [0, 1)."""
    return (1 - soft_iou(*_found_and_there(mask_logits, labels))).mean()


def _found_and_there(mask_logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Probability and truth (B, C, H, W) of every class, 0 where a pixel counts nothing."""
    there = one_hot(labels, mask_logits.shape[1]).to(mask_logits.dtype)
    return mask_logits.softmax(dim=1) * (labels != IGNORED)[:, None], there


def _counted(labels: Tensor) -> Tensor:
    return (labels != IGNORED).sum().clamp(min=1)
