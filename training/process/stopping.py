"""Stopping a run by Ctrl-C or SIGTERM, and the time of checkpoints within an epoch."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType

import torch

from training.errors import StoppedError
from training.process.devices import over_processes
from training.process.fabric import Fabric

_AGREE_STEPS = 10


class StopRequest:
    """While entered, a first SIGINT or SIGTERM is noted; a second one ends the process.

    In other threads than the main one, where Python allows no handlers, signals act as before.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in self._SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def agree(self, fabric: Fabric, step: int) -> bool:
        """Whether to stop after this step; all processes get the same answer.

        Several processes ask each other every few steps only.
        """
        if fabric.world_size > 1:
            if step % _AGREE_STEPS:
                return False
            told = torch.tensor(self.received or 0, device=fabric.device)
            agreed = int(over_processes(fabric, told, "max"))
            self.received = signal.Signals(agreed) if agreed else None
        return self.received is not None

    def error(self, where: Path, step: int, total: int) -> StoppedError:
        """The error that ends a run after `step` of `total` steps, saved in `where`."""
        assert self.received is not None
        return StoppedError(where, step, total, self.received)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}


class SaveClock:
    """Tells when a checkpoint within an epoch is due.

    Args:
        every: steps (`500`), or minutes (`5m`).
    """

    def __init__(self, every: str) -> None:
        self._minutes = float(every[:-1]) if every.endswith("m") else None
        self._steps = None if every.endswith("m") else int(every)
        self._saved = time.monotonic()

    def is_due(self, step: int) -> bool:
        """Whether to save after this step (counted from 1)."""
        if self._steps is not None:
            return step % self._steps == 0
        assert self._minutes is not None
        if time.monotonic() - self._saved < 60 * self._minutes:
            return False
        self._saved = time.monotonic()
        return True
