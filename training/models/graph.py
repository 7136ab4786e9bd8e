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
    """A network that answers with tensors only, as tracing cannot handle None."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        return tuple(answer for answer in self.network(picture) if answer is not None)


def add_graph(board: SummaryWriter, architecture: Architecture) -> str | None:
    """Trace a network of this architecture on a small picture.

    A new network with random weights is traced on the CPU; the trained one and the random state stay.

    Returns:
        None, or in one line the reason why there is no graph.

    Raises:
        ConfigError: there is no such network.
    """
    with torch.random.fork_rng(devices=[]):
        network = build_model(architecture).eval()
        side = _STRIDES * network.stride
        # Tracing warns of every shape that it assumes, and prints its errors.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            try:
                picture = torch.zeros(1, architecture.inputs, side, side)
                # Traced here, as the writer would trace it three times to compare the results.
                trace = torch.jit.trace(_Tensors(network), picture, check_trace=False)  # type: ignore[no-untyped-call]
                board.add_graph(trace, picture)
            except Exception as error:  # training works without a graph
                return one_line(error)
    return None
