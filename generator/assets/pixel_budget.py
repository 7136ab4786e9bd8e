"""A limit on the pixels that are decoded at once, so that large pictures do not fill the memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from types import SimpleNamespace
from typing import Any

# A pixel that is decoded and examined needs up to 16 bytes: half a gigabyte in all, or 64 MB per core.
_FEWEST = 32_000_000
_EACH = 4_000_000


class PixelBudget:
    """The pixels that threads or processes may have in memory together; a larger picture waits until alone.

    Args:
        cores: how many threads or processes work at once.
        context: of the processes, which get the budget when they start; None for threads.
    """

    def __init__(self, cores: int, context: BaseContext | None = None) -> None:
        self._pixels = max(_FEWEST, _EACH * cores)
        self._condition: Any = threading.Condition() if context is None else context.Condition()
        self._taken: Any = SimpleNamespace(value=0) if context is None else context.RawValue("q", 0)

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """Wait until this many pixels are free, and take them for the block."""
        share = min(pixels, self._pixels)
        with self._condition:
            self._condition.wait_for(lambda: self._taken.value + share <= self._pixels)
            self._taken.value += share
        try:
            yield
        finally:
            with self._condition:
                self._taken.value -= share
                self._condition.notify_all()
