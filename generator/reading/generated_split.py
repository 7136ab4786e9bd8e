"""One split of a generated dataset: its pixels are stored, or rendered when they are read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.bank import Bank
from generator.format.manifest import GeneratedManifest
from generator.format.pixels import Pixels
from generator.format.shards import open_shard
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
        self._shards = [
            open_shard(folder / shard.file, shard.samples, self.size, self.has_instances, self.is_rendered)
            for shard in entry.shards
        ]
        self._stored = StoredRows(
            [folder / shard.file for shard in entry.shards],
            [shard.samples for shard in entry.shards],
            [dict(shard.pixels.items()) for shard in self._shards if shard.pixels is not None],
        )
        self._bg_rows = flat(bank.bg)
        self.samples, self.placements = self._tables(folder)
        self.sample_ids = self.samples["sample_id"]
        self.scenes = self.samples["bg"].astype(np.int64)

    def scene_name(self, scene: int) -> str:
        return self._bgs[scene].name

    def scene_depth(self, rows: np.ndarray) -> np.ndarray:
        depth: np.ndarray = self.bank.bg_depth[self.scenes[rows]]
        return depth

    def fg_of(self, sprite: int) -> str:
        """The name of the foreground that an object's sprite shows."""
        return self._fgs[int(self.bank.sprite_fg[sprite])].name

    def _read(self, rows: np.ndarray, batch: Batch) -> None:
        pixels = Pixels(batch.fg_bg, batch.mask, batch.depth, batch.instances)
        self._watch.check([0])
        if self.is_rendered:
            gather_rows((flat(batch.bg),), np.arange(len(rows)), (self._bg_rows,), self.scenes[rows])
            self._stored.gather(rows, dict(pixels.items()))
        else:
            self._renderer.render(self.samples[rows], self.placements, pixels, batch.bg)

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
