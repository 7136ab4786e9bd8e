"""The one way to read a dataset, rendered or not, for training, the commands and users alike."""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.bank import Bank
from generator.format.manifest import Manifest, SplitEntry
from generator.format.pixels import IGNORED, Layout, Pixels, allocate, pixel_layout
from generator.format.shards import open_shard
from generator.format.tables import OBJECT, PLACEMENT, SAMPLE
from generator.reading.composite import Renderer
from generator.reading.gather import flat, gather_rows
from generator.reading.verify import check_files, wrong_sizes
from generator.reading.watch import FileMark, FileWatch, file_mark
from generator.splits import SPLITS, SplitName

# Among the files a split watches: its shards, then the bank.
_BANK = -1

# Iteration reads this many bytes of samples at a time.
_BLOCK_BYTES = 8 * 2**20


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample as integers.

    Attributes:
        bg: (H, W, 3) uint8, the background alone.
        fg_bg: (H, W, 3) uint8.
        mask: (H, W) uint8, 0 background ... 255 foreground.
        depth: (H, W) uint16 relative inverse depth, 0 unknown.
        instances: (H, W) uint8, 0 none, else 1 + the number of the topmost object, counted from back to
            front; None in a dataset of one object a sample.

    Example:
        >>> sample = fgbg.open_dataset("data/shards")["val"][0]
        >>> sample.fg_bg.shape, sample.mask.shape
        ((24, 32, 3), (24, 32))
    """

    bg: np.ndarray
    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    instances: np.ndarray | None


@dataclass(frozen=True)
class Batch:
    """Samples as integers.

    Attributes:
        bg: (B, H, W, 3) uint8, the background alone.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8, 0 background ... 255 foreground; in a dataset of classes their numbers, and
            255 where a pixel is ignored.
        depth: (B, H, W) uint16 relative inverse depth, 0 unknown.
        instances: (B, H, W) uint8, 0 none, else 1 + the number of the topmost object, counted from back to
            front; None in a dataset of one object a sample, or where they are not wanted.

    Example:
        >>> batch = fgbg.open_dataset("data/shards")["val"].read([0, 5, 0])
        >>> len(batch), batch.fg_bg.shape, batch.depth.dtype
        (3, (3, 24, 32, 3), dtype('uint16'))
    """

    bg: np.ndarray
    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    instances: np.ndarray | None

    @classmethod
    def empty(cls, samples: int, size: tuple[int, int], instances: bool) -> "Batch":
        """A batch to read into, for a canvas (width, height)."""
        arrays = allocate(batch_layout(samples, size, instances))
        instance_map = arrays.pop("instances", None)
        return cls(**arrays, instances=instance_map)

    def __len__(self) -> int:
        return len(self.mask)

    def sample(self, row: int) -> Sample:
        """One sample, as views of the batch's arrays."""
        instances = None if self.instances is None else self.instances[row]
        return Sample(self.bg[row], self.fg_bg[row], self.mask[row], self.depth[row], instances)


def batch_layout(samples: int, size: tuple[int, int], instances: bool) -> Layout:
    """What a batch of a canvas (width, height) consists of."""
    layout = pixel_layout(samples, size, instances)
    return layout | {"bg": layout["fg_bg"]}


@dataclass(frozen=True)
class _Reference:
    """A dataset as another process opens it again.

    Attributes:
        folder: where it is.
        id: of the dataset.
        hash_files: whether its files' hashes were checked.
        marks: of its files, as they were when they were checked.
    """

    folder: Path
    id: str
    hash_files: bool
    marks: tuple[FileMark | None, ...]

    def open(self) -> "Dataset":
        """Open the dataset.

        No file is hashed that is still the one that this process opened; others are checked as
        `open_dataset` does, as on another machine that has a copy of its own.

        Raises:
            DatasetError: as `open_dataset`, or another dataset is there now.
        """
        manifest = Manifest.read(self.folder)
        if manifest.id != self.id:
            expected, found = f"the dataset with id {self.id[:16]}...", f"id {manifest.id[:16]}..."
            raise DatasetError(self.folder, expected, found, "open it again with open_dataset")
        is_known = _marks(self.folder, manifest) == self.marks
        check_hashes = self.hash_files and not is_known
        return _open(self.folder, manifest, self.hash_files, check_hashes, progress=False)

    def open_split(self, name: SplitName) -> "Split":
        """Open the dataset and take one split."""
        return self.open()[name]


class Split:
    """The samples of one split, in the dataset's order.

    `len(split)` is their number, `split[i]` reads one `Sample`, `split[2:5]` and `split[[4, 0, 4]]` read a
    `Batch`, and `for sample in split` reads them all. `read` is the fast way to read many.

    Several threads may read at once, and so may forked processes. A pickle of a split holds its folder and
    name, not its samples: the process that loads it opens the dataset again. So a split works in the workers
    of `torch.utils.data.DataLoader`, whatever their start method.

    Attributes:
        name: train, val or test.
        size: of the canvas, (width, height).
        mask: what the values of masks mean.
        is_rendered: whether the pixels are stored; otherwise reading renders them.
        bank: of the dataset.
        samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
        placements: (m,) of dtype PLACEMENT.

    Example:
        >>> split = fgbg.open_dataset("data/shards")["train"]
        >>> split[2:5].mask.shape, split[-1].mask.shape
        ((3, 24, 32), (24, 32))
    """

    def __init__(
        self, reference: _Reference, name: SplitName, manifest: Manifest, entry: SplitEntry, bank: Bank
    ) -> None:
        folder = reference.folder
        self._reference = reference
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
        return self._reference.open_split, (self.name,)

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
        """Read every sample in order; some of them at a time, so they are views of common arrays."""
        width, height = self.size
        step = max(1, _BLOCK_BYTES // (10 * width * height))
        for start in range(0, len(self), step):
            batch = self[start : start + step]
            yield from map(batch.sample, range(len(batch)))

    def _tables(self, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """The tables of all shards, joined: `first` counts rows of the joined placements."""
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
        """Read samples in any order, with any repeats; from any number of threads at once.

        Args:
            indices: (B,) integers in [0, len).
            out: contiguous arrays of B samples to read into, as an earlier call gave them (new memory costs
                more than filling it); without instances, these are not read.

        Raises:
            TypeError: the indices are anything but a list of integers (booleans, fractions, text).
            IndexError: an index is out of range; negative ones do not count from the end.
            ValueError: `out` is of another size.
            DatasetError: a file of the dataset has changed since it was opened, or a mask holds a number that
                is no class.
        """
        rows = self.rows(indices)
        batch = out or Batch.empty(len(rows), self.size, self._instances)
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
        """Indices as (B,) int64, each of a sample that is there.

        Raises:
            TypeError: they are anything but a list of integers (booleans, fractions, text).
            IndexError: an index is out of range; negative ones do not count from the end.
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
    """An index as an integer; None where it is a list, or no number of a sample."""
    dimensions: int = getattr(index, "ndim", 0)
    if isinstance(index, bool | np.bool_) or dimensions:
        return None
    try:
        return operator.index(index)  # type: ignore[arg-type]
    except TypeError:
        return None


def _integers(indices: ArrayLike | SupportsIndex) -> np.ndarray:
    """Indices as an array (B,) of an integer type, the empty list included.

    Raises:
        TypeError: they are something else.
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


@dataclass(frozen=True, repr=False)
class Dataset:
    """A finished dataset: `dataset["train"]`, `dataset["val"]`, `dataset["test"]`.

    Attributes:
        folder: where it is.
        manifest: all of `dataset.json`.
        bank: its sprites and backgrounds.
        splits: by name; `len` of one may be 0.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> dataset["val"].name, dataset["val"].size
        ('val', (32, 24))
    """

    folder: Path
    manifest: Manifest
    bank: Bank
    splits: Mapping[SplitName, Split]
    _reference: _Reference

    def __getitem__(self, split: SplitName) -> Split:
        return self.splits[split]

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(split):,}" for name, split in self.splits.items())
        width, height = self.manifest.size
        return f"<Dataset {self.folder}: {width} x {height} pixels, {counts} samples>"

    def __reduce__(self) -> tuple[object, ...]:
        """A pickle says where the dataset is, as that of a split does."""
        return self._reference.open, ()


def open_dataset(folder: str | Path, hash_files: bool = True, progress: bool = True) -> Dataset:
    """Open a dataset for reading.

    The structure and size of every file are always checked. Hashes are checked once per copy of the dataset:
    `.verified.json` remembers the size and modification time of each file that is right, and only a file that
    changed since is hashed again.

    Args:
        folder: of the dataset.
        hash_files: whether to check hashes at all.
        progress: whether to show progress on stderr while hashing.

    Raises:
        DatasetError: it is missing, unfinished or damaged; names the file.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> batch = dataset["val"].read([0, 5, 9])
    """
    folder = Path(folder)
    return _open(folder, Manifest.read(folder), hash_files, check_hashes=hash_files, progress=progress)


def _open(folder: Path, manifest: Manifest, hash_files: bool, check_hashes: bool, progress: bool) -> Dataset:
    """Open a dataset.

    Args:
        folder: of the dataset.
        manifest: of the dataset.
        hash_files: whether hashes are checked, here or before.
        check_hashes: whether to check them here.
        progress: whether to show progress on stderr.
    """
    files = manifest.files()
    reference = _Reference(folder.absolute(), manifest.id, hash_files, _marks(folder, manifest))
    problems = check_files(folder, files, progress=progress) if check_hashes else wrong_sizes(folder, files)
    for problem in problems.values():
        raise problem
    bank = Bank.open(folder / manifest.bank.file)
    _check_bank(folder / manifest.bank.file, bank, manifest)
    if manifest.storage == "unrendered":
        bank = bank.with_backgrounds_in_memory()
    splits = {name: Split(reference, name, manifest, manifest.splits[name], bank) for name in SPLITS}
    return Dataset(folder, manifest, bank, splits, reference)


def _marks(folder: Path, manifest: Manifest) -> tuple[FileMark | None, ...]:
    return tuple(file_mark(folder / entry.file) for entry in manifest.files())


def _check_bank(path: Path, bank: Bank, manifest: Manifest) -> None:
    """Make sure that the bank holds the manifest's pictures."""
    width, height = manifest.size
    fgs, bgs = len(manifest.assets["fg"]), len(manifest.assets["bg"])
    if bank.bg.shape[1:3] != (height, width):
        found = f"{bank.bg.shape[2]} x {bank.bg.shape[1]}"
        raise DatasetError(path, f"backgrounds of {width} x {height}", found, COPY_AGAIN)
    if len(bank.bg) != bgs:
        raise DatasetError(path, f"the {bgs} backgrounds of the manifest", str(len(bank.bg)), COPY_AGAIN)
    shown = int(bank.sprite_fg[: bank.objects].max())
    if shown >= fgs:
        raise DatasetError(path, f"sprites of {fgs} foregrounds", f"one of number {shown}", COPY_AGAIN)
