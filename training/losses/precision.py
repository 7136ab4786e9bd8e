"""Sums over whole pictures need more than half precision, even where the network runs in it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def in_full_precision(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Run a function of tensors outside autocast, with float16 and bfloat16 raised to float32.

    Args:
        function: its first argument is a tensor, whose device counts.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        # Raising keeps the types of the arguments, which a type checker cannot follow.
        positional: Any = tuple(raised(value) for value in args)
        named: Any = {name: raised(value) for name, value in kwargs.items()}
        with torch.autocast(positional[0].device.type, enabled=False):
            return function(*positional, **named)

    return call


def raised(value: object) -> object:
    """A tensor of float16 or bfloat16 as float32; all else as it is."""
    halves = (torch.float16, torch.bfloat16)
    return value.float() if isinstance(value, Tensor) and value.dtype in halves else value
