"""One split of a generated dataset: its pixels are stored, or rendered when they are read."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.bank import Bank
from generator.format.manifest import GeneratedManifest
from generator.format.pixels import Pixels
from generator.format.records import ShardEntry
from generator.format.shards import Shard, open_shard
from generator.format.tables import OBJECT, PLACEMENT, SAMPLE
from generator.reading.batch import Batch
from generator.reading.composite import Renderer
from generator.reading.gather import flat, gather_rows
from generator.reading.split import Split
from generator.reading.stored import StoredRows
from generator.reading.watch import FileWatch
from generator.splits import SplitName


class GeneratedSplit(Split):
    """The samples of one split of a generated dataset.

    Attributes:
        is_rendered: whether pixels are stored; otherwise reading renders them.
        bank: sprites and backgrounds of the dataset.
        samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
        placements: (m,) of dtype PLACEMENT.
    """

    shares_scenes = True

    def __init__(
        self,
        folder: Path,
        name: SplitName,
        manifest: GeneratedManifest,
        bank: Bank,
        reopen: Callable[[SplitName], Split],
    ) -> None:
        """Open the shards of a split.

        Args:
            folder: of the dataset.
            name: of the split.
            manifest: of the dataset.
            bank: of the dataset.
            reopen: as for `Split`.

        Raises:
            DatasetError: a shard cannot be used.
        """
        super().__init__(name, manifest, reopen)
        entry = manifest.splits[name]
        self.is_rendered = manifest.storage == "rendered"
        self.bank = bank
        self._fgs, self._bgs = manifest.assets["fg"], manifest.assets["bg"]
        self._renderer = Renderer(bank)
        self._watch = FileWatch([folder / manifest.bank.file])
        self._bg_rows = flat(bank.bg)
        self._objects = bank.objects
        stored = self._read_tables(folder, entry.shards)
        self._stored = StoredRows(
            [folder / shard.file for shard in entry.shards], [shard.samples for shard in entry.shards], stored
        )
        self.sample_ids = self.samples["sample_id"]

    def scene_name(self, scene: int) -> str:
        return self._bgs[scene].name

    def scene_depth(self, rows: np.ndarray) -> np.ndarray:
        depth: np.ndarray = self.bank.bg_depth[self.samples["bg"][rows]]
        return depth

    def fg_of(self, sprite: int) -> str:
        """The name of the foreground that an object's sprite shows."""
        return self._fgs[int(self.bank.sprite_fg[sprite])].name

    def _read(self, rows: np.ndarray, batch: Batch) -> None:
        pixels = Pixels(batch.fg_bg, batch.mask, batch.depth, batch.instances)
        self._watch.check([0])
        if self.is_rendered:
            bgs = self.samples["bg"][rows].astype(np.int64)
            gather_rows((flat(batch.bg),), np.arange(len(rows)), (self._bg_rows,), bgs)
            self._stored.gather(rows, dict(pixels.items()))
        else:
            self._renderer.render(self.samples[rows], self.placements, pixels, batch.bg)

    @cached_property
    def scenes(self) -> np.ndarray:
        """As of `Split`; made when it is first used, because it takes 8 bytes a sample."""
        return self.samples["bg"].astype(np.int64)

    def _read_tables(self, folder: Path, entries: Sequence[ShardEntry]) -> list[Mapping[str, np.ndarray]]:
        """Join the tables of all shards; `first` then counts rows of the joined placements.

        Returns:
            The stored pixels of each shard, by name. Without pixels no shard stays mapped.
        """
        self.samples = np.empty(sum(entry.samples for entry in entries), SAMPLE)
        self.placements = np.empty(len(self.samples), PLACEMENT)
        stored, row, before = list[Mapping[str, np.ndarray]](), 0, 0
        for entry in entries:
            path = folder / entry.file
            shard = open_shard(path, entry.samples, self.size, self.has_instances, self.is_rendered)
            self._check_numbers(path, shard)
            after = before + len(shard.placements)
            if after >= 2**32:
                raise DatasetError(
                    path, f"fewer than {2**32:,} placements up to here", f"{after:,}", COPY_AGAIN
                )
            if after > len(self.placements):
                # In place, without a second copy of them all.
                self.placements.resize(max(after, len(self.placements) * 5 // 4), refcheck=False)
            self.placements[before:after] = shard.placements
            table = self.samples[row : row + entry.samples]
            table[...] = shard.samples
            table["first"] += before
            row, before = row + entry.samples, after
            if shard.pixels is not None:
                stored.append(dict(shard.pixels.items()))
        self.placements.resize(before, refcheck=False)
        return stored

    def _check_numbers(self, path: Path, shard: Shard) -> None:
        """Make sure that a shard refers to backgrounds and sprites of the bank."""
        sprites = shard.placements["sprite"]
        for name, column, count in (
            ("bg", shard.samples["bg"], len(self.bank.bg)),
            ("sprite", sprites, len(self.bank.sprite_fg)),
            ("sprite of an object", sprites[shard.placements["kind"] == OBJECT], self._objects),
        ):
            if column.size and column.max() >= count:
                expected = f"numbers below {count}, as in the bank"
                raise DatasetError(f"{path}:{name}", expected, str(column.max()), COPY_AGAIN)
