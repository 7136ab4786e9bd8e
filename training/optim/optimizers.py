"""The optimisers by name, with their default learning rates."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import AdamW

OptimizerName = Literal["muon", "adamw"]

LEARNING_RATES: dict[OptimizerName, float] = {"muon": 1e-2, "adamw": 1e-3}
"""Default learning rates by optimiser."""


def default_optimizer(encoder: str | None) -> OptimizerName:
    """The default optimiser of a network. Trained encoders need the smaller steps of AdamW."""
    return "muon" if encoder is None else "adamw"


def make_optimizer(
    name: OptimizerName,
    parameters: Iterable[nn.Parameter],
    lr: float,
    weight_decay: float,
    device: str,
    scaled: bool = False,
) -> torch.optim.Optimizer:
    """Make an optimiser for parameters on a kind of device: cpu, cuda or mps.

    With `scaled`, a GradScaler multiplies the losses. A fused AdamW would then divide the gradients itself,
    and Fabric could not clip them.
    """
    if name == "muon":
        from training.optim.muon import Muon

        return Muon(parameters, lr, weight_decay)
    return AdamW(parameters, lr, weight_decay=weight_decay, fused=device != "mps" and not scaled)


def state_names(name: OptimizerName, weight: Tensor) -> set[str]:
    """Names of the state that an optimiser keeps of a weight it has stepped."""
    if name == "muon":
        from training.optim.muon import is_matrix

        if is_matrix(weight):
            return {"momentum"}
    return {"step", "exp_avg", "exp_avg_sq"}
