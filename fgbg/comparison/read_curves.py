"""The curves of a run, from the table that training writes."""

from pathlib import Path
from typing import Protocol

from generator.errors import one_line
from training.errors import RunError
from training.records.log import read_rows

Curves = dict[str, list[tuple[int, float]]]
"""Columns of metrics.csv by name: (epoch, value) for each epoch with a value."""


class HasCurves(Protocol):
    """A run with curves."""

    @property
    def curves(self) -> Curves:
        """Empty if the run has no metrics.csv."""


def read_curves(path: Path) -> Curves:
    """The columns of a run's metrics.csv; none if the file is missing or empty.

    Raises:
        RunError: the file is not such a table.
    """
    curves: Curves = {}
    try:
        for row in read_rows(path):
            epoch = int(row["epoch"])
            for name, text in row.items():
                if text:
                    curves.setdefault(name, []).append((epoch, float(text)))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        found = f"something else ({one_line(error)})"
        raise RunError(path, "a row of numbers per epoch", found, "remove it to continue without") from error
    return curves
