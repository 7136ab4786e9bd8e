"""Loops over pixels and bytes, compiled by Numba when they first run, and kept for later processes."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function as machine code that runs without the interpreter's lock.

    Numba keeps the code beside the module, or in the user's cache, or in NUMBA_CACHE_DIR. Where none of them
    can be written, as in a read-only container, every process compiles for itself, which takes some seconds.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except (RuntimeError, OSError):  # it says so as soon as it is asked to keep something
        return cast(Function, njit(nogil=True)(function))
