"""Watch memory-mapped files for changes, because reading from a truncated one ends the process."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

from generator.errors import DatasetError

# Checking takes at most this share of the time, so a fast reader checks only now and then, but at least once
# a second.
_SHARE = 0.01
_LONGEST_PAUSE = 1.0

FileMark = tuple[int, int, int]
"""Size, modification time in nanoseconds and inode of a file; one of them changes when the file does."""


class FileWatch:
    """Remembers the marks that files have when it is created, and notices changes."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [str(path.absolute()) for path in paths]
        self._marks = [file_mark(path) for path in self._paths]
        self._again_at = 0.0

    def check(self, numbers: Iterable[int]) -> None:
        """Check some of the files, unless the last check was a moment ago.

        Args:
            numbers: of the files, in the order given at creation; -1 is the last.

        Raises:
            DatasetError: a file was deleted, replaced or written to.
        """
        began = perf_counter()
        if began < self._again_at:
            return
        for number in numbers:
            mark = file_mark(self._paths[number])
            if mark != self._marks[number]:
                change = "deleted" if mark is None else "changed"
                problem = f"was {change} after the dataset was opened"
                fix = "copy or make the dataset again, then run the same command again"
                raise DatasetError(self._paths[number], "", problem, fix)
        ended = perf_counter()
        self._again_at = ended + min((ended - began) / _SHARE, _LONGEST_PAUSE)


def file_mark(path: str | Path) -> FileMark | None:
    """The mark of a file; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116  Path.stat takes twice as long
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino
