"""A network in figures: layers, parameters, FLOPs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from generator.look.text_table import text_table
from training.models import Architecture, build_model, outline


@dataclass(frozen=True)
class Layer:
    """A top-level part of a network.

    Attributes:
        name: in the network's state dict.
        output: shape of its output without the batch dimension; for an encoder, of its deepest features.
        parameters: number of its weights.
        trainable: number of those that training changes.
    """

    name: str
    output: tuple[int, ...]
    parameters: int
    trainable: int


@dataclass(frozen=True)
class NetworkSummary:
    """A network in figures.

    Attributes:
        title: the network and the size of its input.
        layers: in the order of the forward pass.
        flops: of one forward pass for one picture; a multiply-add counts as two.
    """

    title: str
    layers: tuple[Layer, ...]
    flops: int

    @property
    def parameters(self) -> int:
        """Number of all weights."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        """Number of weights that training changes."""
        return sum(layer.trainable for layer in self.layers)

    def table(self) -> str:
        """The summary as text, with a table of at most 80 columns."""
        rows = [("layer", "output", "parameters")]
        rows += [
            (layer.name, " x ".join(map(str, layer.output)), f"{layer.parameters:,}") for layer in self.layers
        ]
        totals = f"{self.parameters:,} parameters, {self.trainable:,} of them trained"
        return "\n".join(
            [
                self.title,
                "",
                *text_table(rows),
                "",
                totals,
                f"{self.flops:,} FLOPs for one picture (forward pass)",
            ]
        )


def summarise(architecture: Architecture, res: int) -> NetworkSummary:
    """Count a network's layers on a square picture of `res` x `res` pixels. No weights are loaded.

    Raises:
        ConfigError: there is no such network.
    """
    network = (outline(architecture) or build_model(architecture)).to("meta").eval()
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    parts = dict(_parts(network))
    hooks = [
        part.register_forward_hook(lambda part, _, out: shapes.update({part: _shape(out)})) for part in parts
    ]
    picture = torch.empty(1, architecture.inputs, res, res, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(picture)
    for hook in hooks:
        hook.remove()
    called = {part: _layer(parts[part], part, shape) for part, shape in shapes.items()}
    title = f"{architecture.title} on {architecture.inputs} x {res} x {res}"
    return NetworkSummary(title, tuple(called.values()), counter.get_total_flops())


def _parts(network: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    """The network's children; a list of modules gives each of its modules."""
    for name, child in network.named_children():
        if isinstance(child, nn.ModuleList):
            yield from ((part, f"{name}.{number}") for number, part in enumerate(child))
        else:
            yield child, name


def _shape(output: Any) -> tuple[int, ...]:
    last: Tensor = output if isinstance(output, Tensor) else output[-1]
    return tuple(last.shape[1:])


def _layer(name: str, part: nn.Module, output: tuple[int, ...]) -> Layer:
    weights = list(part.parameters())
    return Layer(
        name,
        output,
        sum(weight.numel() for weight in weights),
        sum(weight.numel() for weight in weights if weight.requires_grad),
    )
