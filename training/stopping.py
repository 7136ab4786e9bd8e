"""When a run saves within an epoch: now and then, and when it is told to stop."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType

from training.errors import StoppedError


class StopRequest:
    """While entered, SIGINT and SIGTERM are noted instead of ending the process; a second one ends it.

    Only the main thread can do so; in another one signals stay what they are.
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

    def raise_if_received(self, where: Path, step: int) -> None:
        """End the run that is saved in `where`.

        Raises:
            StoppedError: it was told to stop.
        """
        if self.received is not None:
            raise StoppedError(where, step, self.received)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}


class SaveClock:
    """Says when a checkpoint within an epoch is due.

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
