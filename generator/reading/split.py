"""One split of a dataset: the one way to read samples, for training, commands and users."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike

from generator.errors import DatasetError
from generator.format.manifest import Manifest
from generator.format.pixels import IGNORED
from generator.reading.batch import Batch, Sample
from generator.splits import SplitName

# Iteration reads this many bytes of samples at a time.
_BLOCK_BYTES = 8 * 2**20


class Split(ABC):
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
        has_bg: whether samples have the background alone; otherwise it is read as zeros.
        has_depth: whether samples have depth; otherwise it is read as 0, unknown.
        has_instances: whether samples have an instance map.
        sample_ids: (n,) uint64, the number of each sample in all that the dataset was made of.
        shares_scenes: whether samples may show the same scene, as generated ones do.

    Example:
        >>> split = fgbg.open_dataset("data/shards")["train"]
        >>> split[2:5].mask.shape, split[-1].mask.shape
        ((3, 24, 32), (24, 32))
    """

    shares_scenes: ClassVar[bool]
    sample_ids: np.ndarray

    def __init__(self, name: SplitName, manifest: Manifest, reopen: "Callable[[SplitName], Split]") -> None:
        """Take what all splits have from the manifest.

        Args:
            name: of the split.
            manifest: of the dataset.
            reopen: opens a split of the same dataset by its name; a pickle of the split holds it.
        """
        self._reopen = reopen
        self.name = name
        self.size = manifest.size
        self.mask = manifest.mask
        self.has_bg = manifest.has_bg
        self.has_depth = manifest.has_depth
        self.has_instances = manifest.has_instances

    @property
    @abstractmethod
    def scenes(self) -> np.ndarray:
        """What each sample shows: (n,) int64.

        Generated samples with the same number have the same background. Every labelled sample has a number of
        its own.
        """

    @abstractmethod
    def scene_name(self, scene: int) -> str:
        """The name of one of `scenes`: the file of a generated sample's background, or of a labelled picture.

        It may hold any characters; show it with `printable`.
        """

    def scene_depth(self, rows: np.ndarray) -> np.ndarray | None:
        """The depth of samples' scenes without any object: (B, H, W) uint16; None where it is not stored."""
        return None

    @abstractmethod
    def _read(self, rows: np.ndarray, batch: Batch) -> None:
        """Read samples (B,) int64, which are in range, into a batch of their size."""

    def name_of(self, row: int) -> str:
        """The name of a sample's scene."""
        return self.scene_name(int(self.scenes[row]))

    def caption(self, row: int) -> str:
        """A sample's number and what it shows, as `12 on hall.jpg` or `12, birds/robin`."""
        return f"{row} on {self.name_of(row)}" if self.shares_scenes else f"{row}, {self.name_of(row)}"

    def __len__(self) -> int:
        return len(self.sample_ids)

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
        batch = Batch.empty(len(rows), self.size, self.has_instances) if out is None else out
        if batch.mask.shape != (len(rows), *self.size[::-1]):
            raise ValueError(f"{len(rows)} samples of {self.size} do not fit {batch.mask.shape}")
        self._read(rows, batch)
        if self.mask.kind == "classes":
            self._check_classes(rows, batch.mask, len(self.mask.names))
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
