"""Full precision for sums over whole pictures, even where the network runs in half precision."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def in_full_precision(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Run a function of tensors outside autocast, with float16 and bfloat16 converted to float32.

    Args:
        function: its first argument is a tensor, whose device autocast is left for.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        # Arguments keep their types, which a type checker cannot know.
        positional: Any = tuple(raised(value) for value in args)
        named: Any = {name: raised(value) for name, value in kwargs.items()}
        with torch.autocast(positional[0].device.type, enabled=False):
            return function(*positional, **named)

    return call


def raised(value: object) -> object:
    """A tensor of float16 or bfloat16 as float32; any other value as it is."""
    halves = (torch.float16, torch.bfloat16)
    return value.float() if isinstance(value, Tensor) and value.dtype in halves else value
