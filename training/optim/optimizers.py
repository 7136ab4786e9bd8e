"""The optimisers by name, and the rate at which each learns."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import AdamW

OptimizerName = Literal["muon", "adamw"]

LEARNING_RATES: dict[OptimizerName, float] = {"muon": 1e-2, "adamw": 1e-3}
"""By optimiser, where no learning rate is asked for."""


def default_optimizer(encoder: str | None) -> OptimizerName:
    """The optimiser of a network for which none is asked for; trained encoders are tuned in smaller steps."""
    return "muon" if encoder is None else "adamw"


def make_optimizer(
    name: OptimizerName,
    parameters: Iterable[nn.Parameter],
    lr: float,
    weight_decay: float,
    device: str,
    scaled: bool = False,
) -> torch.optim.Optimizer:
    """An optimiser of parameters that will live on a kind of device: cpu, cuda or mps.

    With `scaled` the losses are multiplied by a GradScaler. A fused AdamW would divide the gradients itself,
    which Fabric does not clip.
    """
    if name == "muon":
        from training.optim.muon import Muon

        return Muon(parameters, lr, weight_decay)
    return AdamW(parameters, lr, weight_decay=weight_decay, fused=device != "mps" and not scaled)


def state_names(name: OptimizerName, weight: Tensor) -> set[str]:
    """What an optimiser remembers of a weight that it has stepped."""
    if name == "muon":
        from training.optim.muon import is_matrix

        if is_matrix(weight):
            return {"momentum"}
    return {"step", "exp_avg", "exp_avg_sq"}
