"""Say what became of each picture, on the screen and as JSON."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from fgbg.option_names import name_options_in
from fgbg.predictor.plate_fit import UNUSED, Misfit
from fgbg.predictor.predict_files import STANDARD_OUTPUT
from fgbg.predictor.predict_source import Done
from fgbg.terminal import note, say, warn
from generator.errors import FgbgError, printable


class Report:
    """Says what became of each picture, and sums up at the end.

    Args:
        bases: for each picture's name the path of its results, without suffix.
        bgs: for each picture's name the file of its background, if it has one.
        depths: for each picture's name the file or the network of its background's depth, if it has one.
        lines: takes a JSON line for each picture; None: there are none.
        silent: print no line about pictures that succeed.
    """

    def __init__(
        self,
        bases: Mapping[str, Path],
        bgs: Mapping[str, Path | None],
        depths: Mapping[str, str | None],
        lines: IO[str] | None = None,
        silent: bool = False,
    ) -> None:
        self._bases, self._bgs, self._depths = bases, bgs, depths
        self._lines, self._silent = lines, silent
        self._began = time.monotonic()
        self.failed = 0
        self._unused: dict[Misfit, list[str]] = {}

    def add(self, done: Done) -> None:
        """Tell about one picture."""
        problem = None if done.predicted is not None else self._problem(done)
        if problem is not None:
            self.failed += 1
            warn(problem)
        elif not self._silent:
            say(f"{done.name}: {done.written}{_moved(done)}")
        if done.predicted is not None and done.predicted.bg_unused is not None:
            self._unused.setdefault(done.predicted.bg_unused, []).append(done.name)
        if self._lines is not None:
            now = time.monotonic()
            text = None if problem is None else str(problem).removeprefix("fgbg: ")
            line = json.dumps(
                _record(done, self._bgs[done.name], self._depths[done.name], now - self._began, text)
            )
            self._lines.write(f"{line}\n")
            self._lines.flush()
            self._began = now

    def end(self) -> None:
        """Sum up."""
        for reason, names in self._unused.items():
            problem, fix = UNUSED[reason]
            more = f" (and {len(names) - 1:,} more)" if len(names) > 1 else ""
            note(f"fgbg: {self._bgs[names[0]]} {problem} {names[0]}{more}, so it was not used: {fix}")
        count = len(self._bases)
        if 0 < self.failed < count:
            warn(f"fgbg: {self.failed:,} of {count:,} pictures failed, the others are done")
        elif self.failed > 1:
            warn(f"fgbg: all {count:,} pictures failed")

    def _problem(self, done: Done) -> FgbgError | str:
        """A line that names the picture, whatever the error is about."""
        if isinstance(done.error, FgbgError):
            name_options_in(done.error, click.get_current_context(silent=True))
            if printable(done.name) in str(done.error):
                return done.error
        text = str(done.error)
        if isinstance(done.error, MemoryError):
            text = "not enough memory for a picture of this size; scale it down"
        if isinstance(done.error, OSError):
            reason = done.error.strerror or done.error
            text = f"results {self._bases[done.name]}.* cannot be written: {reason}"
        return f"fgbg: {done.name}: {text}"


@contextmanager
def json_lines(path: Path | None, add: bool = False) -> Iterator[IO[str] | None]:
    """Open the file of JSON lines; an earlier file or link of this name is removed first, never followed.

    Args:
        path: of the file; `-` for standard output; None: there are no lines.
        add: add to the lines that this call of the command wrote.
    """
    if path is None:
        yield None
    elif path == STANDARD_OUTPUT:
        yield sys.stdout
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not add:
            path.unlink(missing_ok=True)
        with path.open("a" if add else "x", encoding="utf-8") as file:
            yield file


def _moved(done: Done) -> str:
    """How far the background was moved, for the screen."""
    if done.predicted is None or not done.predicted.bg_moved:
        return ""
    pixels = done.predicted.bg_moved * max(done.predicted.mask.shape)
    return f" (background moved by {pixels:.1f} px, {done.predicted.bg_moved:.1%} of the longer side)"


def _record(
    done: Done, bg: Path | None, depth: str | None, seconds: float, error: str | None
) -> dict[str, Any]:
    """A JSON line; the same keys for every picture."""
    figures = {"size": None, "coverage": None, "boxes": None, "depth": None}
    if done.written.figures is not None:
        figures = asdict(done.written.figures)
    predicted = None if bg is None else done.predicted
    return {
        "name": done.name,
        "files": {kind: str(path) for kind, path in done.written.files.items()},
        **figures,
        "bg": None if bg is None else str(bg),
        "bg_moved": None if predicted is None else round(predicted.bg_moved, 6),
        "bg_unused": None if predicted is None else predicted.bg_unused,
        "bg_depth": None if predicted is None or predicted.bg_unused is not None else depth,
        "seconds": round(seconds, 3),
        "error": error,
    }
