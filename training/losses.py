"""Losses by name and weight.

Mask losses take logits, depth losses depth in [0, 1]; pixels of unknown depth count nothing.
"""

from collections.abc import Callable, Mapping

import torch
from kornia.metrics import ssim
from torch import Tensor
from torch.nn import functional

from generator.errors import ConfigError
from training.models import Prediction
from training.prepare import Truth

_SSIM_WINDOW = 11
_DICE_SMOOTH = 1.0


def dice_loss(mask_logits: Tensor, mask: Tensor) -> Tensor:
    """1 - soft Dice coefficient, per sample, then averaged.

    Both sums get 1 pixel more, so an empty mask predicted empty costs 0 and the gradient stays defined.

    Args:
        mask_logits: (B, 1, H, W) float.
        mask: (B, 1, H, W) float in [0, 1].

    Source: Milletari, Navab & Ahmadi 2016, "V-Net" (without the squares).
    """
    probability = mask_logits.sigmoid()
    overlap = (probability * mask).sum(dim=(1, 2, 3))
    total = probability.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3))
    return (1 - (2 * overlap + _DICE_SMOOTH) / (total + _DICE_SMOOTH)).mean()


def bce_loss(mask_logits: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy on logits, averaged over pixels."""
    return functional.binary_cross_entropy_with_logits(mask_logits, mask)


def ssim_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """(1 - SSIM) / 2 in [0, 1], averaged over known pixels, in fp32.

    Unknown pixels are set to the truth's 0 in both pictures before the windows see them.

    Args:
        depth_pred, depth: (B, 1, H, W) float in [0, 1].
        known: (B, 1, H, W) bool.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural
    similarity", by Kornia.
    """
    with torch.autocast(depth.device.type, enabled=False):
        # SSIM treats channels apart; samples as channels make its convolutions 8 times faster on CPUs.
        first, second = ((values.float() * known).transpose(0, 1) for values in (depth_pred, depth))
        similarity = ssim(first.contiguous(), second.contiguous(), _SSIM_WINDOW).transpose(0, 1)
    return _mean_where((1 - similarity) / 2, known)


def l1_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error over known pixels."""
    return _mean_where((depth_pred - depth).abs(), known)


MASK_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"dice": dice_loss, "bce": bce_loss}
DEPTH_LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"ssim": ssim_loss, "l1": l1_loss}


class WeightedLoss:
    """The sum of all asked-for terms.

    Args:
        mask_terms: weights by name, of MASK_LOSSES.
        depth_terms: weights by name, of DEPTH_LOSSES.

    Raises:
        ConfigError: a name is not known.
    """

    def __init__(self, mask_terms: Mapping[str, float], depth_terms: Mapping[str, float]) -> None:
        for option, terms, known in (
            ("--mask-loss", mask_terms, MASK_LOSSES),
            ("--depth-loss", depth_terms, DEPTH_LOSSES),
        ):
            for name in terms:
                if name not in known:
                    raise ConfigError(option, f"terms among {', '.join(known)}", name, "mend the name")
        self._mask_terms, self._depth_terms = dict(mask_terms), dict(depth_terms)

    def __call__(self, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
        """Every term without its weight, and `loss`, the weighted sum."""
        terms = {name: MASK_LOSSES[name](prediction.mask_logits, truth.mask) for name in self._mask_terms}
        for name in self._depth_terms:
            terms[name] = DEPTH_LOSSES[name](prediction.depth, truth.depth, truth.known)
        weights = self._mask_terms | self._depth_terms
        weighted = [weights[name] * term for name, term in terms.items()]
        return {"loss": torch.stack(weighted).sum(), **terms}


def _mean_where(values: Tensor, known: Tensor) -> Tensor:
    return (values * known).sum() / known.sum().clamp(min=1)
