"""How many pixels are decoded at once, so that large pictures do not fill the memory side by side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from types import SimpleNamespace
from typing import Any

# Decoded and looked at, a pixel takes up to 16 bytes: half a gigabyte, and on many cores 64 MB for each.
_FEWEST = 32_000_000
_EACH = 4_000_000


class PixelBudget:
    """Pixels that threads, or processes, have in memory at once; a larger picture waits until it is alone.

    Args:
        cores: how many work side by side.
        context: of the processes, to which the budget is given when they start; None for threads.
    """

    def __init__(self, cores: int, context: BaseContext | None = None) -> None:
        self._pixels = max(_FEWEST, _EACH * cores)
        self._condition: Any = threading.Condition() if context is None else context.Condition()
        self._taken: Any = SimpleNamespace(value=0) if context is None else context.RawValue("q", 0)

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels are free, and have them within the block."""
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
