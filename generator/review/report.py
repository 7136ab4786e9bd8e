"""The findings of a review as a CSV file."""

import csv
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, fields
from pathlib import Path

from generator.errors import ExistsError, printable
from generator.files import open_regular, require_writable, write_atomically
from generator.review.finding import Finding

_COLUMNS = tuple(column.name for column in fields(Finding))


def write_report(path: str | Path, findings: Sequence[Finding]) -> None:
    """Write findings as CSV, one column for each field of `Finding`; escape codes in names are escaped.

    Raises:
        ExistsError: as `check_report`.
    """
    path = Path(path)
    check_report(path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(printable, astuple(finding)) for finding in findings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.getvalue().encode())


def check_report(path: str | Path) -> None:
    """Make sure that a report can be written to `path`; an earlier report may be there.

    Raises:
        ExistsError: something else is there.
    """
    path = Path(path)
    require_writable(path.parent, "another `csv`")
    if not os.path.lexists(path):
        return
    found = "a folder" if path.is_dir() else "a file that is no report of fgbg review"
    with suppress(OSError), open_regular(path) as file:
        if file.readline(200).decode(errors="replace").rstrip("\r\n") == ",".join(_COLUMNS):
            return
    raise ExistsError(path, "use another `csv`", found)
