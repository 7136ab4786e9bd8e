"""Progress of long work, on stderr: a tqdm bar on a terminal, otherwise a line now and then."""

import contextlib
import sys
import time
from types import TracebackType
from typing import Never

from tqdm import tqdm

LINE_SECONDS = 10.0

# Fits 80 columns with the longest label and unit; the bar itself gives way first.
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{unit} [{remaining} left, {rate_fmt}{postfix}]"
_PART_BAR = "{desc}: {percentage:3.0f}%|{bar}| {rate_fmt}{postfix}"
_LARGE = 100_000


class Progress:
    """Counts `unit`s up to `total`; use as a context manager and call `advance`.

    Nothing is shown where stderr is closed, and work goes on when it closes meanwhile.

    Args:
        label: what is being done.
        total: how many in all.
        unit: what is counted.
        delay: seconds of work before anything is shown.
        shown: whether anything is shown at all.
        part: whether this is a part of longer work, whose time left the notes tell: a bar has room for one.
    """

    def __init__(
        self,
        label: str,
        total: int,
        unit: str,
        delay: float = 0.5,
        shown: bool = True,
        part: bool = False,
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._shown = shown and sys.stderr is not None and not sys.stderr.closed
        self._done = self._first = 0
        self._note = ""
        self._began = self._said = time.monotonic()
        self._bar = (
            tqdm(
                total=total,
                desc=label,
                unit=f" {unit}",
                unit_scale=total >= _LARGE,
                delay=delay,
                dynamic_ncols=True,
                leave=False,
                file=sys.stderr,
                bar_format=_PART_BAR if part else _BAR,
            )
            if self._shown and sys.stderr.isatty()
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with contextlib.suppress(OSError, ValueError):
                self._bar.close()

    def resume_at(self, done: int) -> None:
        """Begin with `done` already there; they do not count for the rate."""
        self._done = self._first = done
        if self._bar is not None:
            self._bar.initial = self._bar.n = done

    def advance(self, count: int, note: str = "") -> None:
        """Count on; `note` is shown behind the figures."""
        self._done += count
        if not self._shown:
            return
        try:
            if self._bar is not None:
                self._draw(self._bar, count, note)
            else:
                self._say(note)
        except (OSError, ValueError):  # whoever read stderr is gone
            if self._bar is not None:
                self._bar.disable = True  # or it would write once more when it is collected
            self._shown = False

    def _draw(self, bar: "tqdm[Never]", count: int, note: str) -> None:
        if note and note != self._note:
            self._note = note
            bar.set_postfix_str(note, refresh=False)
        bar.update(count)

    def _say(self, note: str) -> None:
        now = time.monotonic()
        if now - self._said < LINE_SECONDS:
            return
        self._said = now
        rate = (self._done - self._first) / (now - self._began)
        left = (self._total - self._done) / rate if rate else float("inf")
        tail = f", {note}" if note else ""
        print(
            f"{self._label}: {self._done:,}/{self._total:,} {self._unit}, {rate:,.0f} {self._unit}/s,"
            f" {left:.0f} s left{tail}",
            file=sys.stderr,
            flush=True,
        )
