"""The averaged weights (EMA) of a network, which validation, best.pt and prediction use."""

from timm.utils.model_ema import ModelEmaV3
from torch import nn


class AveragedWeights(ModelEmaV3):
    """A copy of a network that holds the exponential moving average of its weights.

    Until the decay asked for is reached, the average spans the last fifth of all steps. Call
    `update(network, step=n)` after step n, counted from 1.

    Args:
        network: the plain network, on its device.
        decay: share of the average that stays in each step, in [0, 1); 0 averages nothing.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network, decay, use_warmup=True, warmup_gamma=5, warmup_power=1)

    @property
    def network(self) -> nn.Module:
        """The network with its averaged weights, in evaluation mode."""
        averaged: nn.Module = self.module
        return averaged.eval()
