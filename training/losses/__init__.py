"""Losses by name and weight.

Mask losses take logits, depth losses take depth in [0, 1]. Pixels of unknown depth and ignored pixels are
left out.
"""

from training.losses.classes import (
    class_cross_entropy_loss,
    class_dice_loss,
    class_focal_loss,
    class_iou_loss,
)
from training.losses.depth import edge_loss, l1_loss, mse_loss, rmse_loss, ssim_loss
from training.losses.mask import (
    bce_loss,
    dice_loss,
    focal_loss,
    iou_loss,
    laplacian_loss,
    mask_rmse_loss,
    mask_ssim_loss,
    pixelwise_loss,
)
from training.losses.weighted import CLASS_LOSSES, DEPTH_LOSSES, MASK_LOSSES, MaskLoss, WeightedLoss

__all__ = [
    "CLASS_LOSSES",
    "DEPTH_LOSSES",
    "MASK_LOSSES",
    "MaskLoss",
    "WeightedLoss",
    "bce_loss",
    "class_cross_entropy_loss",
    "class_dice_loss",
    "class_focal_loss",
    "class_iou_loss",
    "dice_loss",
    "edge_loss",
    "focal_loss",
    "iou_loss",
    "l1_loss",
    "laplacian_loss",
    "mask_rmse_loss",
    "mask_ssim_loss",
    "mse_loss",
    "pixelwise_loss",
    "rmse_loss",
    "ssim_loss",
]
