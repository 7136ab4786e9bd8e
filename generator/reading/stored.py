"""Arrays of samples that lie in several shards, read in any order."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from generator.reading.gather import flat, gather_rows
from generator.reading.watch import FileWatch


class StoredRows:
    """Arrays of samples in memory-mapped shards.

    Args:
        paths: of the shards.
        samples: the number of samples of each shard.
        arrays: of each shard by name, (samples, ...) each.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        samples: Sequence[int],
        arrays: Sequence[Mapping[str, np.ndarray]],
    ) -> None:
        self._ends = np.cumsum(samples, dtype=np.int64)
        self._watch = FileWatch(paths)
        self._stored = [{name: flat(array) for name, array in shard.items()} for shard in arrays]

    def place(self, row: int) -> tuple[int, int]:
        """The number of a sample's shard, and the sample's row in it."""
        shard = int(np.searchsorted(self._ends, row, side="right"))
        return shard, row - (int(self._ends[shard - 1]) if shard else 0)

    def gather(self, rows: np.ndarray, targets: Mapping[str, np.ndarray]) -> None:
        """Copy samples from their shards.

        Args:
            rows: (B,) int64 in [0, samples), not checked.
            targets: contiguous arrays (B, ...) by the name of the stored ones, which are overwritten.

        Raises:
            DatasetError: a shard has changed since it was opened.
        """
        shards = np.searchsorted(self._ends, rows, side="right")
        order = np.argsort(shards, kind="stable")
        shards = shards[order]
        inside = rows[order] - (self._ends - np.diff(self._ends, prepend=0))[shards]
        runs = np.flatnonzero(np.diff(shards, prepend=-1))
        visited = shards[runs].tolist()
        self._watch.check(visited)
        flat_targets = tuple(flat(array) for array in targets.values())
        for number, (begin, end) in zip(visited, pairwise([*runs.tolist(), len(rows)]), strict=True):
            stored = tuple(self._stored[number][name] for name in targets)
            gather_rows(flat_targets, order[begin:end], stored, inside[begin:end])
