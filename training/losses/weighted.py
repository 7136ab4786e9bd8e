"""The losses by name, and their weighted sum."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from generator.errors import ConfigError
from training.losses import classes as of_classes
from training.losses import depth as of_depth
from training.losses import mask as of_mask
from training.models import Prediction, Truth
from training.term_names import TOTAL, term_name

MaskLoss = Callable[..., Tensor]
"""From mask_logits and mask to a scalar; losses of classes also take `weights`."""
DepthLoss = Callable[[Tensor, Tensor, Tensor], Tensor]

MASK_LOSSES: dict[str, MaskLoss] = {
    "dice": of_mask.dice_loss,
    "bce": of_mask.bce_loss,
    "focal": of_mask.focal_loss,
    "iou": of_mask.iou_loss,
    "laplacian": of_mask.laplacian_loss,
    "pixelwise": of_mask.pixelwise_loss,
    "rmse": of_mask.mask_rmse_loss,
    "ssim": of_mask.mask_ssim_loss,
}
CLASS_LOSSES: dict[str, MaskLoss] = {
    "dice": of_classes.class_dice_loss,
    "ce": of_classes.class_cross_entropy_loss,
    "focal": of_classes.class_focal_loss,
    "iou": of_classes.class_iou_loss,
}
DEPTH_LOSSES: dict[str, DepthLoss] = {
    "ssim": of_depth.ssim_loss,
    "l1": of_depth.l1_loss,
    "mse": of_depth.mse_loss,
    "rmse": of_depth.rmse_loss,
    "edge": of_depth.edge_loss,
}


class WeightedLoss:
    """The weighted sum of several terms.

    Args:
        mask_losses: every term of the mask loss that there is, by name.
        mask_terms: weights of some of them.
        depth_terms: weights of some of DEPTH_LOSSES.
        class_weights: (C,) float, how much each class counts in every term of the mask loss; None for a mask
            without classes, or where all count the same.

    Raises:
        ConfigError: there is no term of that name.
    """

    def __init__(
        self,
        mask_losses: Mapping[str, MaskLoss],
        mask_terms: Mapping[str, float],
        depth_terms: Mapping[str, float],
        class_weights: Tensor | None = None,
    ) -> None:
        self._mask_losses = dict(mask_losses)
        if class_weights is not None:
            self._mask_losses = {
                name: partial(loss, weights=class_weights) for name, loss in mask_losses.items()
            }
        for field, terms, known in (
            ("`mask_loss`", mask_terms, mask_losses),
            ("`depth_loss`", depth_terms, DEPTH_LOSSES),
        ):
            for name in terms:
                if name not in known:
                    raise ConfigError(field, f"terms among {', '.join(known)}", name, "correct the name")
        self._mask_terms, self._depth_terms = dict(mask_terms), dict(depth_terms)

    def __call__(self, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
        """Every term as `loss/NAME`, not weighted, and `loss`, the weighted sum.

        A mask term is `loss/mask_NAME` where a depth term has the same name. There are no depth terms where
        the network has no depth head.
        """
        terms, weighted = {}, []
        for name, weight in self._mask_terms.items():
            term = self._mask_losses[name](prediction.mask_logits, truth.mask)
            terms[term_name(f"mask_{name}" if name in DEPTH_LOSSES else name)] = term
            weighted.append(weight * term)
        for name, weight in self._depth_terms.items():
            if prediction.depth is not None:
                term = DEPTH_LOSSES[name](prediction.depth, truth.depth, truth.known)
                terms[term_name(name)] = term
                weighted.append(weight * term)
        return {TOTAL: torch.stack(weighted).sum(), **terms}
