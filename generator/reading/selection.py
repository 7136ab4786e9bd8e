"""Choosing samples of a dataset for a report."""

import numpy as np

from generator.errors import DatasetError
from generator.reading.dataset import Dataset
from generator.reading.split import Split
from generator.splits import SplitName


def filled_split(dataset: Dataset, name: SplitName) -> Split:
    """A split by its name, if it has samples.

    Raises:
        DatasetError: it has none, or there is no such split; names those that have some.
    """
    entries = dataset.manifest.splits
    if name not in entries or not entries[name].samples:
        filled = ", ".join(other for other, entry in entries.items() if entry.samples)
        fix = f"use `subset` with one of: {filled}" if filled else "make it again with more samples"
        raise DatasetError(dataset.folder, "", f"has no samples in {name}", fix)
    return dataset[name]


def spread(total: int, count: int) -> np.ndarray:
    """`count` rows spread evenly over `total` (all rows where there are fewer): (n,) int64, ascending."""
    count = min(total, count)
    return np.arange(count, dtype=np.int64) * total // max(count, 1)
