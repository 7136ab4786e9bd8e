"""Progress of long work, on stderr: a tqdm bar on a terminal, otherwise a line every ten seconds."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 10.0

# Both fit 80 columns with the longest label and note; the bar itself gives way first.
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{unit} [{remaining} left, {rate_fmt}{postfix}]"
_ENDLESS_BAR = "{desc}: {n_fmt}{unit} [{elapsed}, {rate_fmt}{postfix}]"
_OWN_TIME_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{time_left} left{postfix}]"
_LARGE = 100_000

_is_shown: ContextVar[bool] = ContextVar("progress_is_shown", default=True)


@contextlib.contextmanager
def show_progress(shown: bool) -> Iterator[None]:
    """Show the progress of work done within this context, or hide it; hidden outside stays hidden inside."""
    before = _is_shown.set(_is_shown.get() and shown)
    try:
        yield
    finally:
        _is_shown.reset(before)


class Progress:
    """Counts `unit`s up to `total`; use as a context manager and call `advance`.

    Nothing is shown within `show_progress(False)` or where stderr is closed. Work goes on when stderr closes
    later.

    Args:
        label: what is being done.
        total: how many units in all; None if that is not known.
        unit: what is counted.
        delay: seconds of work before anything is shown.
        time_left: gives the time left as text, like `1:23:45`; None estimates it from the units left.
    """

    def __init__(
        self,
        label: str,
        total: int | None,
        unit: str,
        delay: float = 0.5,
        time_left: Callable[[], str] | None = None,
    ) -> None:
        self._label, self._total, self._unit, self._delay = label, total, unit, delay
        self._shown = _is_shown.get() and sys.stderr is not None and not sys.stderr.closed
        self._time_left = time_left
        self._done = self._first = 0
        self._note = ""
        self._began = self._said = time.monotonic()
        self._bar = self._new_bar() if self._shown and sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with contextlib.suppress(OSError, ValueError):
                self._bar.close()

    def resume_at(self, done: int) -> None:
        """Begin with `done` units already there; they do not count for the rate."""
        self._done = self._first = done
        if self._bar is not None:
            self._bar.initial = self._bar.n = done

    def relabel(self, label: str) -> None:
        """Show another label from now on."""
        self._label = label
        if self._bar is not None and self._shown:
            with self._while_read():
                is_due = time.monotonic() - self._began >= self._delay
                self._bar.set_description_str(label, refresh=is_due)

    def advance(self, count: int, note: str = "") -> None:
        """Count on by `count` units; `note` is shown after the figures."""
        self._done += count
        if not self._shown:
            return
        with self._while_read():
            if self._bar is not None:
                self._draw(self._bar, count, note)
            else:
                self._say(note)

    @contextlib.contextmanager
    def _while_read(self) -> Iterator[None]:
        """Show nothing more once nobody reads stderr."""
        try:
            yield
        except (OSError, ValueError):
            if self._bar is not None:
                self._bar.disable = True  # or it would write once more when it is collected
            self._shown = False

    def _new_bar(self) -> "_Bar":
        own = _ENDLESS_BAR if self._total is None else _BAR
        return _Bar(
            self._time_left,
            total=self._total,
            desc=self._label,
            unit=f" {self._unit}",
            unit_scale=(self._total or 0) >= _LARGE,
            delay=self._delay,
            dynamic_ncols=True,
            leave=False,
            file=sys.stderr,
            bar_format=own if self._time_left is None else _OWN_TIME_BAR,
        )

    def _draw(self, bar: "_Bar", count: int, note: str) -> None:
        if note and note != self._note:
            self._note = note
            bar.set_postfix_str(note, refresh=False)
        bar.update(count)

    def _say(self, note: str) -> None:
        now = time.monotonic()
        if now - self._said < LINE_SECONDS:
            return
        self._said = now
        total = "" if self._total is None else f"/{self._total:,}"
        parts = [f"{self._done:,}{total} {self._unit}"]
        if self._time_left is not None:
            parts.append(f"{self._time_left()} left")
        else:
            rate = (self._done - self._first) / (now - self._began)
            parts.append(f"{rate:,.0f} {self._unit}/s")
            if self._total is not None:
                left = tqdm.format_interval((self._total - self._done) / rate) if rate else "?"
                parts.append(f"{left} left")
        line = ", ".join([*parts, note] if note else parts)
        print(f"{self._label}: {line}", file=sys.stderr, flush=True)


class _Bar(tqdm):  # type: ignore[type-arg]
    """A bar whose format may hold `{time_left}`."""

    def __init__(self, time_left: Callable[[], str] | None, **options: Any) -> None:
        self._text = time_left or (lambda: "?")
        super().__init__(**options)

    @property
    def format_dict(self) -> Any:
        """What the format of the bar can show."""
        return {**super().format_dict, "time_left": self._text()}
