"""The averaged weights (EMA) of a network, which validation, best.pt and prediction use."""

from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

Net = TypeVar("Net", bound=nn.Module)

_SPAN = 5
"""Until the decay asked for is reached, the average spans the last fifth of all steps."""


class AveragedWeights(Generic[Net]):
    """A copy of a network that holds the exponential moving average of its weights and buffers.

    Call `update(network, step=n)` after step n, counted from 1.

    Args:
        network: the plain network, on its device.
        decay: share of the average that stays in each step, in [0, 1); 0 averages nothing.

    Attributes:
        network: the network with its averaged weights, in evaluation mode.
    """

    def __init__(self, network: Net, decay: float) -> None:
        self.network: Net = deepcopy(network).eval()
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards `network` as it is after `step`; whole numbers are copied."""
        averaged, current = [], []
        for mine, theirs in zip(
            self.network.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if mine.is_floating_point():
                averaged.append(mine)
                current.append(theirs)
            else:
                mine.copy_(theirs)
        decay = min(self._decay, 1 - 1 / (1 + (step - 1) / _SPAN))
        move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        move(averaged, current, step)
