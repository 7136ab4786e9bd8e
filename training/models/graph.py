"""A network's graph for TensorBoard."""

import contextlib
import io
import warnings

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from generator.errors import one_line
from training.models import Architecture, Network, build_model

_STRIDES = 2


class _Tensors(nn.Module):
    """A network that answers with tensors alone: tracing knows no answer that is left out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        return tuple(answer for answer in self.network(picture) if answer is not None)


def add_graph(board: SummaryWriter, architecture: Architecture) -> str | None:
    """Trace a network of this architecture on a small picture.

    It is a copy with fresh weights on the CPU, so the one in training and the random state stay as they are.

    Returns:
        Why there is no graph, in one line; None if there is one.

    Raises:
        ConfigError: there is no such network.
    """
    with torch.random.fork_rng(devices=[]):
        network = build_model(architecture).eval()
        side = _STRIDES * network.stride
        # Tracing warns of every shape it takes for granted, and prints what goes wrong.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            try:
                picture = torch.zeros(1, architecture.inputs, side, side)
                # Traced here, as the writer would trace it three times over to compare.
                trace = torch.jit.trace(_Tensors(network), picture, check_trace=False)  # type: ignore[no-untyped-call]
                board.add_graph(trace, picture)
            except Exception as error:  # whatever tracing cannot do is no reason not to train
                return one_line(error)
    return None
