"""The one way to read a dataset, rendered or not, for training, the commands and users alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.bank import Bank
from generator.format.manifest import Manifest, SplitEntry
from generator.format.pixels import Layout, Pixels, allocate, pixel_layout
from generator.format.shards import open_shard
from generator.format.tables import OBJECT, PLACEMENT, SAMPLE
from generator.reading.composite import Renderer
from generator.reading.gather import flat, gather_rows
from generator.reading.verify import check_files, wrong_sizes
from generator.reading.watch import FileWatch
from generator.splits import SplitName

# Among the files a split watches: its shards, then the bank.
_BANK = -1


@dataclass(frozen=True)
class Batch:
    """Samples as integers.

    Attributes:
        bg: (B, H, W, 3) uint8, the background alone.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8, 0 background ... 255 foreground.
        depth: (B, H, W) uint16 relative inverse depth, 0 unknown.
        instances: (B, H, W) uint8, 0 none, else 1 + the number of the topmost object, counted from back to
            front; None in a dataset of one object a sample, or where they are not wanted.
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


def batch_layout(samples: int, size: tuple[int, int], instances: bool) -> Layout:
    """What a batch of a canvas (width, height) consists of."""
    layout = pixel_layout(samples, size, instances)
    return layout | {"bg": layout["fg_bg"]}


class Split:
    """The samples of one split, in the dataset's order.

    Attributes:
        size: of the canvas, (width, height).
        is_rendered: whether the pixels are stored; otherwise reading renders them.
        bank: of the dataset.
        samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
        placements: (m,) of dtype PLACEMENT.
    """

    def __init__(self, folder: Path, manifest: Manifest, entry: SplitEntry, bank: Bank) -> None:
        self.size = manifest.size
        self._instances = manifest.has_instances
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
            DatasetError: a file of the dataset has changed since it was opened.
        """
        rows = self.rows(indices)
        batch = out or Batch.empty(len(rows), self.size, self._instances)
        if batch.mask.shape != (len(rows), *self.size[::-1]):
            raise ValueError(f"{len(rows)} samples of {self.size} do not fit {batch.mask.shape}")
        samples = self.samples[rows]
        pixels = Pixels(batch.fg_bg, batch.mask, batch.depth, batch.instances)
        if self.is_rendered:
            self._gather(rows, samples["bg"].astype(np.int64), pixels, batch.bg)
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


def _integers(indices: ArrayLike) -> np.ndarray:
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


@dataclass(frozen=True)
class Dataset:
    """A finished dataset: `dataset["train"]`, `dataset["val"]`, `dataset["test"]`.

    Attributes:
        folder: where it is.
        manifest: all of `dataset.json`.
        bank: its sprites and backgrounds.
        splits: by name; `len` of one may be 0.
    """

    folder: Path
    manifest: Manifest
    bank: Bank
    splits: Mapping[SplitName, Split]

    def __getitem__(self, split: SplitName) -> Split:
        return self.splits[split]


def open_dataset(folder: str | Path, hash_files: bool = True) -> Dataset:
    """Open a dataset for reading.

    Structure and sizes are checked always, hashes once per copy: what was found right is remembered, with
    size and modification time, in `.verified.json`, and a file that changed since is hashed again. Without
    `hash_files` structure and sizes have to do.

    Raises:
        DatasetError: it is missing, unfinished or damaged; names the file.
    """
    folder = Path(folder)
    manifest = Manifest.read(folder)
    files = manifest.files()
    problems = check_files(folder, files) if hash_files else wrong_sizes(folder, files)
    for problem in problems.values():
        raise problem
    bank = Bank.open(folder / manifest.bank.file)
    _check_bank(folder / manifest.bank.file, bank, manifest)
    if manifest.storage == "unrendered":
        bank = bank.with_backgrounds_in_memory()
    splits = {name: Split(folder, manifest, entry, bank) for name, entry in manifest.splits.items()}
    return Dataset(folder, manifest, bank, splits)


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
