"""The findings of a review as a CSV file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from generator.errors import printable
from generator.files import refuse_existing, require_writable, write_atomically
from generator.review.finding import Finding

_COLUMNS = tuple(column.name for column in fields(Finding))


def write_report(path: str | Path, findings: Sequence[Finding], overwrite: bool = False) -> None:
    """Write findings as CSV, one column for each field of `Finding`; escape codes in names are escaped.

    Raises:
        UsageError: as `check_report`.
    """
    path = Path(path)
    check_report(path, overwrite)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(printable, astuple(finding)) for finding in findings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.getvalue().encode())


def check_report(path: str | Path, overwrite: bool = False) -> None:
    """Make sure that a report can be written to `path`, before the pictures are looked at.

    Raises:
        UsageError: a file is there and `overwrite` is False, or the folder cannot be written to.
    """
    path = Path(path)
    require_writable(path.parent, "another `csv`")
    refuse_existing([path], overwrite, "another `csv`")
