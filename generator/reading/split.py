"""One split of a dataset: the one way to read samples, for training, commands and users."""

import operator
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.bank import Bank
from generator.format.manifest import Manifest
from generator.format.pixels import IGNORED, Pixels
from generator.format.shards import open_shard
from generator.format.tables import OBJECT, PLACEMENT, SAMPLE
from generator.reading.batch import Batch, Sample
from generator.reading.composite import Renderer
from generator.reading.gather import flat, gather_rows
from generator.reading.watch import FileWatch
from generator.splits import SplitName

# A split watches its shards and, as its last file, the bank.
_BANK = -1

# Iteration reads this many bytes of samples at a time.
_BLOCK_BYTES = 8 * 2**20


class Split:
    """The samples of one split, in the dataset's order.

    `len(split)` is the number of samples. `split[i]` reads one `Sample`, `split[2:5]` and `split[[4, 0, 4]]`
    read a `Batch`, and `for sample in split` reads all samples. `read` is the fastest way to read many.

    Several threads may read at once, and so may forked processes. A pickle of a split holds its folder and
    name, not its samples: the process that loads it opens the dataset again. So a split works in the workers
    of `torch.utils.data.DataLoader`, whatever their start method.

    Attributes:
        name: train, val or test.
        size: (width, height) of the canvas, in pixels.
        mask: what the values of masks mean.
        is_rendered: whether pixels are stored; otherwise reading renders them.
        bank: sprites and backgrounds of the dataset.
        samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
        placements: (m,) of dtype PLACEMENT.

    Example:
        >>> split = fgbg.open_dataset("data/shards")["train"]
        >>> split[2:5].mask.shape, split[-1].mask.shape
        ((3, 24, 32), (24, 32))
    """

    def __init__(
        self,
        folder: Path,
        name: SplitName,
        manifest: Manifest,
        bank: Bank,
        reopen: "Callable[[SplitName], Split]",
    ) -> None:
        """Open the shards of a split.

        Args:
            folder: of the dataset.
            name: of the split.
            manifest: of the dataset.
            bank: of the dataset.
            reopen: opens a split of the same dataset by its name; a pickle of the split holds it.

        Raises:
            DatasetError: a shard cannot be used.
        """
        entry = manifest.splits[name]
        self._reopen = reopen
        self.name = name
        self.size = manifest.size
        self._instances = manifest.has_instances
        self.mask = manifest.mask
        self.is_rendered = manifest.storage == "rendered"
        self.bank = bank
        self._renderer = Renderer(bank)
        self._ends = np.cumsum([shard.samples for shard in entry.shards], dtype=np.int64)
        self._watch = FileWatch(
            [*(folder / shard.file for shard in entry.shards), folder / manifest.bank.file]
        )
        self._shards = [
            open_shard(folder / shard.file, shard.samples, self.size, self._instances, self.is_rendered)
            for shard in entry.shards
        ]
        self._stored = [
            {name: flat(array) for name, array in shard.pixels.items()}
            for shard in self._shards
            if shard.pixels is not None
        ]
        self._bgs = flat(bank.bg)
        self.samples, self.placements = self._tables(folder)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"<Split {self.name}: {len(self):,} samples>"

    def __reduce__(self) -> tuple[object, ...]:
        return self._reopen, (self.name,)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Sample: ...

    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Batch: ...

    def __getitem__(self, index: SupportsIndex | slice | ArrayLike) -> Sample | Batch:
        """Read one sample, or a batch.

        Args:
            index: an integer reads a `Sample`; a slice or a list of integers (B,) reads a `Batch`. Negative
                numbers count from the end.

        Raises:
            TypeError: the index is anything else (a boolean, a fraction, text).
            IndexError: an index is out of range.
            DatasetError: a file of the dataset has changed since it was opened.
        """
        if isinstance(index, slice):
            return self.read(np.arange(len(self))[index])
        row = _one_integer(index)
        if row is not None:
            if not -len(self) <= row < len(self):
                raise IndexError(f"sample {row} of {len(self)}")
            return self.read([row % len(self)]).sample(0)
        rows = _integers(index)
        if rows.dtype.kind == "i":
            from_end = (rows < 0) & (rows >= -len(self))
            rows = np.where(from_end, rows.astype(np.int64) + len(self), rows)
        return self.read(rows)

    def __iter__(self) -> Iterator[Sample]:
        """Read all samples in order, block by block; the samples of a block are views of the same arrays."""
        width, height = self.size
        step = max(1, _BLOCK_BYTES // (10 * width * height))
        for start in range(0, len(self), step):
            batch = self[start : start + step]
            yield from map(batch.sample, range(len(batch)))

    def _tables(self, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Join the tables of all shards; `first` then counts rows of the joined placements."""
        samples, placements = [np.zeros(0, SAMPLE)], [np.zeros(0, PLACEMENT)]
        total = sum(len(shard.placements) for shard in self._shards)
        if total >= 2**32:
            raise DatasetError(folder, f"fewer than {2**32:,} placements", f"{total:,}", COPY_AGAIN)
        before = 0
        for shard in self._shards:
            table = shard.samples.copy()
            table["first"] += before
            before += len(shard.placements)
            samples.append(table)
            placements.append(shard.placements)
        joined = np.concatenate(samples), np.concatenate(placements)
        is_object = joined[1]["kind"] == OBJECT
        for name, column, count in (
            ("bg", joined[0]["bg"], len(self.bank.bg)),
            ("sprite", joined[1]["sprite"], len(self.bank.sprite_fg)),
            ("sprite of an object", joined[1]["sprite"][is_object], self.bank.objects),
        ):
            if column.size and column.max() >= count:
                raise DatasetError(
                    f"{folder}:{name}",
                    f"numbers below {count}, as in the bank",
                    str(column.max()),
                    COPY_AGAIN,
                )
        return joined

    def read(self, indices: ArrayLike, out: Batch | None = None) -> Batch:
        """Read samples in any order, with any repeats; several threads may call this at once.

        Args:
            indices: (B,) integers in [0, len).
            out: a batch of B samples to overwrite, as an earlier call returned it; this is faster than new
                memory. Instances are read only where it has them.

        Raises:
            TypeError: the indices are not a list of integers (but booleans, fractions or text).
            IndexError: an index is out of range; negative numbers do not count from the end.
            ValueError: `out` has another size.
            DatasetError: a file of the dataset has changed since it was opened, or a mask holds a number that
                is no class.
        """
        rows = self.rows(indices)
        batch = Batch.empty(len(rows), self.size, self._instances) if out is None else out
        if batch.mask.shape != (len(rows), *self.size[::-1]):
            raise ValueError(f"{len(rows)} samples of {self.size} do not fit {batch.mask.shape}")
        samples = self.samples[rows]
        pixels = Pixels(batch.fg_bg, batch.mask, batch.depth, batch.instances)
        if self.is_rendered:
            self._gather(rows, samples["bg"].astype(np.int64), pixels, batch.bg)
            if self.mask.kind == "classes":
                self._check_classes(rows, batch.mask, len(self.mask.names))
        else:
            self._watch.check([_BANK])
            self._renderer.render(samples, self.placements, pixels, batch.bg)
        return batch

    def rows(self, indices: ArrayLike) -> np.ndarray:
        """Indices as (B,) int64, after checking that each is the number of a sample.

        Raises:
            TypeError: they are not a list of integers (but booleans, fractions or text).
            IndexError: an index is out of range; negative numbers do not count from the end.
        """
        rows = _integers(indices)
        if rows.size and not (rows.min() >= 0 and rows.max() < len(self)):
            raise IndexError(f"samples 0 to {len(self) - 1} can be read, not {rows.min()} to {rows.max()}")
        return rows.astype(np.int64, copy=False)

    def _check_classes(self, rows: np.ndarray, mask: np.ndarray, classes: int) -> None:
        """Refuse numbers that are no class: on a GPU they would end the process without a message."""
        wrong = (mask >= classes) & (mask != IGNORED)
        if wrong.any():
            place, y, x = np.argwhere(wrong)[0].tolist()
            raise DatasetError(
                f"mask of sample {rows[place]}",
                f"classes from 0 to {classes - 1}, or {IGNORED} for pixels to ignore",
                f"{mask[place, y, x]} at x {x}, y {y}",
                "correct the labels, or name all classes",
            )

    def _gather(self, rows: np.ndarray, bgs: np.ndarray, pixels: Pixels, bg: np.ndarray) -> None:
        """Copy rendered samples from their shards, and backgrounds (B,) from the bank."""
        shards = np.searchsorted(self._ends, rows, side="right")
        order = np.argsort(shards, kind="stable")
        shards = shards[order]
        inside = rows[order] - (self._ends - np.diff(self._ends, prepend=0))[shards]
        runs = np.flatnonzero(np.diff(shards, prepend=-1))
        visited = shards[runs].tolist()
        self._watch.check(chain(visited, [_BANK]))
        gather_rows((flat(bg),), np.arange(len(rows)), (self._bgs,), bgs)
        names, targets = zip(*((name, flat(array)) for name, array in pixels.items()), strict=True)
        for number, (begin, end) in zip(visited, pairwise([*runs.tolist(), len(rows)]), strict=True):
            stored = tuple(self._stored[number][name] for name in names)
            gather_rows(targets, order[begin:end], stored, inside[begin:end])


def _one_integer(index: object) -> int | None:
    """An index as an integer; None where it is a list, or cannot be a sample's number."""
    dimensions: int = getattr(index, "ndim", 0)
    if isinstance(index, bool | np.bool_) or dimensions:
        return None
    try:
        return operator.index(index)  # type: ignore[arg-type]
    except TypeError:
        return None


def _integers(indices: ArrayLike | SupportsIndex) -> np.ndarray:
    """Indices as an array (B,) of an integer type; the empty list is allowed.

    Raises:
        TypeError: they are not a list of integers.
    """
    try:
        rows = np.asarray(indices)
    except (ValueError, TypeError, OverflowError) as error:
        raise TypeError(f"sample numbers must be a list of integers: {error}") from error
    if rows.ndim != 1:
        raise TypeError(f"sample numbers must be a list (B,), not of shape {rows.shape}")
    if rows.dtype.kind in "iu":
        return rows
    if not rows.size:
        return np.zeros(0, np.int64)
    hint = "; numpy.flatnonzero turns a selection into numbers" if rows.dtype == bool else ""
    raise TypeError(f"sample numbers must be integers, not {rows.dtype}{hint}")
