"""One split of a labelled dataset: pictures and masks as they are stored."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from generator.format.labelled_shards import open_labelled_shard
from generator.format.manifest import LabelledManifest
from generator.format.pixels import UNKNOWN
from generator.reading.batch import Batch
from generator.reading.split import Split
from generator.reading.stored import StoredRows
from generator.splits import SplitName


class LabelledSplit(Split):
    """The samples of one split of a labelled dataset."""

    shares_scenes = False

    def __init__(
        self,
        folder: Path,
        name: SplitName,
        manifest: LabelledManifest,
        reopen: Callable[[SplitName], Split],
    ) -> None:
        """Open the shards of a split.

        Args:
            folder: of the dataset.
            name: of the split.
            manifest: of the dataset.
            reopen: as for `Split`.

        Raises:
            DatasetError: a shard cannot be used.
        """
        super().__init__(name, manifest, reopen)
        entries = manifest.splits[name].shards
        paths = [folder / entry.file for entry in entries]
        self._shards = [
            open_labelled_shard(path, entry.samples, self.size, manifest.fields)
            for path, entry in zip(paths, entries, strict=True)
        ]
        self._stored = StoredRows(
            paths,
            [entry.samples for entry in entries],
            [dict(shard.pixels.items()) for shard in self._shards],
        )
        tables = [np.zeros(0, np.uint64), *(shard.samples["sample_id"] for shard in self._shards)]
        self.sample_ids = np.concatenate(tables)

    @cached_property
    def scenes(self) -> np.ndarray:
        """As of `Split`."""
        return np.arange(len(self.sample_ids))

    def scene_name(self, scene: int) -> str:
        shard, row = self._stored.place(scene)
        return self._shards[shard].name(row)

    def _read(self, rows: np.ndarray, batch: Batch) -> None:
        targets = {"fg_bg": batch.fg_bg, "mask": batch.mask}
        if self.has_bg:
            targets["bg"] = batch.bg
        else:
            batch.bg.fill(0)
        if self.has_depth:
            targets["depth"] = batch.depth
        else:
            batch.depth.fill(UNKNOWN)
        if batch.instances is not None:
            targets["instances"] = batch.instances
        self._stored.gather(rows, targets)
