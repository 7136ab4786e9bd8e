"""Losses of an alpha mask.

All take mask_logits (B, 1, H, W) float and mask (B, 1, H, W) float in [0, 1], and return a scalar. Cost and
gradient are defined for every sample, also with an empty or full mask.

All take `counted` too, (B, 1, H, W) bool: other pixels are left out, cost nothing and get no gradient. If no
pixel is counted, loss and gradient are 0. None counts all.
"""

import torch
from kornia.losses import binary_focal_loss_with_logits
from torch import Tensor
from torch.nn import functional

from training.losses.depth import mse_loss, rmse_loss, ssim_loss
from training.losses.overlap import soft_dice, soft_iou
from training.losses.precision import in_full_precision
from training.losses.pyramid import laplacian_pyramid

_GAMMA = 2.0


@in_full_precision
def dice_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """1 - soft Dice coefficient, per sample, then averaged; in [0, 1).

    The libraries' losses do not fit: Kornia's is constant on one channel, and the one of
    segmentation_models_pytorch sums over the batch and makes an empty mask cost nothing, whatever is
    predicted.
    """
    return (1 - soft_dice(*_found_and_there(mask_logits, mask, counted))).mean()


@in_full_precision
def iou_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """1 - soft intersection over union, per sample, then averaged; in [0, 1)."""
    return (1 - soft_iou(*_found_and_there(mask_logits, mask, counted))).mean()


@in_full_precision
def bce_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """Binary cross-entropy on logits, averaged over pixels; from 0."""
    reduction = "mean" if counted is None else "none"
    loss = functional.binary_cross_entropy_with_logits(mask_logits, mask, reduction=reduction)
    return loss if counted is None else _mean_where(loss, counted)


@in_full_precision
def focal_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """Cross-entropy of each pixel times (1 - p)^2, averaged; p is the probability of the truth; from 0.

    Foreground and background have the same weight (no alpha). A soft pixel counts partly as each.

    Source: Lin et al. 2017, "Focal loss for dense object detection", by Kornia.
    """
    reduction = "mean" if counted is None else "none"
    loss: Tensor = binary_focal_loss_with_logits(
        mask_logits, mask, alpha=None, gamma=_GAMMA, reduction=reduction, ignore_index=None
    )
    return loss if counted is None else _mean_where(loss, counted)


@in_full_precision
def pixelwise_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean squared error of the probability of each pixel; in [0, 1]."""
    if counted is None:
        return functional.mse_loss(mask_logits.sigmoid(), mask)
    return mse_loss(mask_logits.sigmoid(), mask, counted)


@in_full_precision
def mask_rmse_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """Root of the mean squared error of the probabilities, per sample, then averaged; in [0, 1]."""
    return rmse_loss(mask_logits.sigmoid(), mask, _all_or(counted, mask))


@in_full_precision
def mask_ssim_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """(1 - SSIM) / 2 of the probabilities, averaged over pixels; in [0, 1]."""
    return ssim_loss(mask_logits.sigmoid(), mask, _all_or(counted, mask))


@in_full_precision
def laplacian_loss(mask_logits: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean absolute error of the Laplacian pyramid; from 0. An edge in the wrong place costs at each scale.

    Each level counts twice as much as the one before, which is finer; their sum is divided by their number.

    Source: Hou & Liu 2019, "Context-aware image matting for simultaneous foreground and alpha estimation",
    scaled as in Lin et al. 2022, "Robust high-resolution video matting with temporal guidance".
    """
    error = mask_logits.sigmoid() - mask
    if counted is not None:
        error = error * counted
    # The pyramid of a difference is the difference of both pyramids.
    levels = laplacian_pyramid(error)
    weighted = [2**number * level.abs().mean() for number, level in enumerate(levels)]
    loss = torch.stack(weighted).mean()
    return loss if counted is None else loss * counted.numel() / counted.sum().clamp(min=1)


def _found_and_there(mask_logits: Tensor, mask: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
    """Probability and truth, 0 where a pixel is not counted."""
    found = mask_logits.sigmoid()
    return (found, mask) if counted is None else (found * counted, mask * counted)


def _all_or(counted: Tensor | None, mask: Tensor) -> Tensor:
    return torch.ones_like(mask, dtype=torch.bool) if counted is None else counted


def _mean_where(values: Tensor, counted: Tensor) -> Tensor:
    return (values * counted).sum() / counted.sum().clamp(min=1)
