"""Muon for the weights between layers, AdamW for all others, as one optimiser."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adamw import adamw

from training.optim.orthogonal import orthogonal

_MOMENTUM = 0.95
_ADAM_STEP = 0.2
"""Root mean square of the change of a weight by AdamW, at a rate of 1."""
_BETAS = 0.9, 0.95
_EPS = 1e-8


class Muon(Optimizer):
    """Steps that go equally far in every direction of a weight matrix.

    The weights of a convolution form a matrix with a row for each output channel (for each input channel, if
    it is transposed). The momentum of its gradients points along a few directions, and so do steps of AdamW.
    Muon makes the momentum orthogonal, so that it points along all directions, and needs fewer samples. Its
    steps are as large as those of AdamW at the same rate. AdamW itself steps weights that are not a matrix
    (biases, normalisation) or have one channel on a side (heads, depthwise convolutions).

    timm's Muon iterates on whole matrices, one after the other, and in bfloat16, 15 times slower than float32
    on a CPU without instructions for it. torch's takes no convolutions.

    Args:
        parameters: of a network.
        lr: learning rate.
        weight_decay: share by which weights shrink in a step at a rate of 1, apart from the gradients.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale after Liu
    et al. 2025, "Muon is scalable for LLM training".
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Step all weights that have a gradient. No closure is supported."""
        assert closure is None
        for group in self.param_groups:
            learning = [weight for weight in group["params"] if weight.grad is not None]
            self._turn([weight for weight in learning if is_matrix(weight)], group)
            self._adapt([weight for weight in learning if not is_matrix(weight)], group)

    def _turn(self, weights: Sequence[nn.Parameter], group: dict[str, Any]) -> None:
        """Muon."""
        directions = [self._direction(weight) for weight in weights]
        for weight, turned in zip(weights, orthogonal(directions), strict=True):
            scale = _ADAM_STEP * max(turned.shape) ** 0.5
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.add_(turned.view_as(weight), alpha=-group["lr"] * scale)

    def _direction(self, weight: nn.Parameter) -> Tensor:
        """Nesterov's momentum of a weight's gradients as a matrix, after the gradient of this step."""
        state, gradient = self.state[weight], weight.grad
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"]
        momentum.lerp_(gradient, 1 - _MOMENTUM)
        return gradient.lerp(momentum, _MOMENTUM).flatten(1)

    def _adapt(self, weights: Sequence[nn.Parameter], group: dict[str, Any]) -> None:
        """AdamW."""
        if not weights:
            return
        for weight in weights:
            if not self.state[weight]:
                self.state[weight] = {
                    "step": torch.zeros((), device=weight.device),
                    "exp_avg": torch.zeros_like(weight),
                    "exp_avg_sq": torch.zeros_like(weight),
                }
        states = [self.state[weight] for weight in weights]
        adamw(
            list(weights),
            [weight.grad for weight in weights if weight.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=weights[0].device.type != "mps",
            amsgrad=False,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=_EPS,
            maximize=False,
        )


def is_matrix(weight: Tensor) -> bool:
    """Whether a weight is a matrix for Muon: (out, in, ...) with several of both."""
    return weight.ndim > 1 and min(weight.shape[:2]) > 1
