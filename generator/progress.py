"""Progress of long work: a tqdm bar on a terminal, otherwise a line now and then."""

import sys
import time
from types import TracebackType

from tqdm import tqdm

LINE_SECONDS = 10.0


class Progress:
    """Counts `unit`s up to `total`; use as a context manager and call `advance`.

    Args:
        label: what is being done.
        total: how many in all.
        unit: what is counted.
        delay: seconds of work before anything is shown.
        shown: whether anything is shown at all.
    """

    def __init__(self, label: str, total: int, unit: str, delay: float = 0.5, shown: bool = True) -> None:
        self._label, self._total, self._unit, self._shown = label, total, unit, shown
        self._done = self._first = 0
        self._note = ""
        self._began = self._said = time.monotonic()
        self._bar = (
            tqdm(total=total, desc=label, unit=f" {unit}", delay=delay, dynamic_ncols=True, leave=False)
            if shown and sys.stdout.isatty()
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def resume_at(self, done: int) -> None:
        """Begin with `done` already there; they do not count for the rate."""
        self._done = self._first = done
        if self._bar is not None:
            self._bar.initial = self._bar.n = done

    def advance(self, count: int, note: str = "") -> None:
        """Count on; `note` is shown behind the figures."""
        self._done += count
        if self._bar is not None:
            if note and note != self._note:
                self._note = note
                self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(count)
            return
        now = time.monotonic()
        if self._shown and now - self._said >= LINE_SECONDS:
            self._said = now
            rate = (self._done - self._first) / (now - self._began)
            left = (self._total - self._done) / rate if rate else float("inf")
            tail = f", {note}" if note else ""
            print(
                f"{self._label}: {self._done:,}/{self._total:,} {self._unit}, {rate:,.0f} {self._unit}/s,"
                f" {left:.0f} s left{tail}",
                flush=True,
            )
