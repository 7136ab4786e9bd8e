"""Loops over pixels and bytes, which Numba compiles when they first run and keeps for later processes."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function to machine code that runs without Python's global lock.

    Numba keeps the code beside the module, in the user's cache, or in NUMBA_CACHE_DIR. In a read-only
    container it can write to none of them: then every process compiles again, which takes some seconds.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except (RuntimeError, OSError):  # Numba raises at once where it cannot keep its code
        return cast(Function, njit(nogil=True)(function))
