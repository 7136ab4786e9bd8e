"""Weights of one network in another: layers are taken where their names and shapes fit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from training.models.network import PICTURE_CHANNELS, Network

HEADS = ("mask_head", "depth_head")


@dataclass(frozen=True)
class Transfer:
    """What a network took of another one's weights.

    Attributes:
        taken: names of its layers that have the other's weights.
        new: names of its other layers, which keep the weights that they had.
    """

    taken: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def has_features(self) -> bool:
        """Whether any layer was taken that is not a head."""
        return not set(self.taken) <= set(HEADS)


@torch.no_grad()
def transfer(network: Network, weights: Mapping[str, Tensor], leave_out: Collection[str] = ()) -> Transfer:
    """Take over the layers that fit: all their weights have the names and shapes of the network's.

    A first layer for the picture alone fits one for background and picture, and the other way round: its
    weights belong to the picture, and those for the background begin at 0 or are left out. So the network
    gives the same answers as the other one gives when it gets no background. In unet-siam, the layer that
    joins both is new.

    Args:
        network: its weights are overwritten.
        weights: of the other network, by name.
        leave_out: layers that are not taken.
    """
    # Constants of the network itself, such as the scale of its input, belong to no layer.
    names = [name for name in network.state_dict() if "." in name]
    own = network.state_dict()
    taken, new = [], []
    for layer, of_layer in groupby(names, key=lambda name: name.rpartition(".")[0]):
        fitting = {name: _fitting(weights.get(name), own[name]) for name in of_layer}
        if layer in leave_out or any(weight is None for weight in fitting.values()):
            new.append(layer)
            continue
        for name, weight in fitting.items():
            assert weight is not None
            own[name].copy_(weight)
        taken.append(layer)
    return Transfer(tuple(taken), tuple(new))


def _fitting(weight: Tensor | None, own: Tensor) -> Tensor | None:
    """A weight in the shape of the network's own; None where it does not fit."""
    if weight is None or weight.shape == own.shape:
        return weight
    if weight.ndim != own.ndim or weight.ndim != 4 or weight.shape[2:] != own.shape[2:]:
        return None
    one, both = PICTURE_CHANNELS, 2 * PICTURE_CHANNELS
    if (weight.shape[0], weight.shape[1], own.shape[1]) == (own.shape[0], one, both):
        return torch.cat([torch.zeros_like(weight), weight], dim=1)
    if (weight.shape[0], weight.shape[1], own.shape[1]) == (own.shape[0], both, one):
        return weight[:, one:]
    return None
