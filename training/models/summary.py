"""What a network is made of: its layers, parameters and work."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from training.models import Architecture, build_model, outline


@dataclass(frozen=True)
class Layer:
    """A top-level part of a network.

    Attributes:
        name: in the network's state dict.
        output: its shape without the batch; of an encoder that of its deepest features.
        parameters: how many it has, and how many of them are `trainable`.
    """

    name: str
    output: tuple[int, ...]
    parameters: int
    trainable: int


@dataclass(frozen=True)
class NetworkSummary:
    """A network in figures.

    Attributes:
        title: what it is and on what it was counted.
        layers: in the order they are called.
        flops: of one forward pass for one picture; a multiply-add is two.
    """

    title: str
    layers: tuple[Layer, ...]
    flops: int

    @property
    def parameters(self) -> int:
        """All weights, trainable or not."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        """Weights that training changes."""
        return sum(layer.trainable for layer in self.layers)

    def table(self) -> str:
        """A table to print."""
        rows = [("layer", "output", "parameters")]
        rows += [
            (layer.name, " x ".join(map(str, layer.output)), f"{layer.parameters:,}") for layer in self.layers
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            f"{name:<{widths[0]}}  {output:>{widths[1]}}  {count:>{widths[2]}}"
            for name, output, count in rows
        ]
        totals = f"{self.parameters:,} parameters, {self.trainable:,} of them trained"
        return "\n".join([self.title, "", *lines, "", totals, f"{self.flops:,} FLOPs a picture, forward"])


def summarise(architecture: Architecture, res: int) -> NetworkSummary:
    """Count a network's parts on a square picture of `res` pixels a side; no weights are loaded or run.

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
    """The network's children, of lists of modules each one."""
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
