"""Making one shard: drawing, rendering and writing its samples. Each worker makes one shard at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from generator.config import GenerateConfig
from generator.depth.network_protocol import DepthNetwork
from generator.depth.networks import depth_of_composites
from generator.format.bank import BANK_FILE, Bank
from generator.format.journal import JournalLine
from generator.format.moments import pixel_sums
from generator.format.pixels import Pixels
from generator.format.records import Sums
from generator.format.shards import write_shard
from generator.plan import ShardTask
from generator.reading.composite import Renderer
from generator.scene.draw import draw
from generator.scene.numbering import SplitPlan
from generator.splits import SplitName

_STATISTICS_BLOCK = 64


@dataclass(frozen=True)
class ShardWriter:
    """Draws, renders and writes shards.

    Attributes:
        config: of the dataset.
        plans: of its splits.
        statistics_samples: the number of samples, from the first on, that are measured for statistics.
        threads: number of threads for hashing.
        network: estimates the depth of every composite; None takes depth from the background and the objects.
    """

    config: GenerateConfig
    plans: Mapping[SplitName, SplitPlan]
    statistics_samples: int
    threads: int
    network: DepthNetwork | None = None

    def __call__(self, task: ShardTask) -> JournalLine:
        """Write one shard and return its line for the journal."""
        config, bank = self.config, self._bank
        plan = self.plans[task.split]
        samples, placements = draw(plan, bank, config, task.sample_ids(plan, config.seed))
        counted = min(self.statistics_samples, len(samples))
        sums: dict[str, Sums] = {}

        def fill(block: slice, pixels: Pixels) -> None:
            self._renderer.render(samples[block], placements, pixels)
            if self.network is not None:
                pixels.depth[...] = depth_of_composites(self.network, config.known_convention, pixels.fg_bg)
            if block.start < counted:
                some = slice(0, counted - block.start)
                part = pixel_sums(bank.bg[samples["bg"][block][some]], pixels[some])
                sums.update({name: sums[name] + part[name] if sums else part[name] for name in part})

        written = write_shard(
            config.folder / task.file,
            samples,
            placements,
            config.size,
            config.has_instances,
            fill if config.render else None,
            self.threads,
        )
        if not config.render:
            for start in range(0, counted, _STATISTICS_BLOCK):
                block = slice(start, min(start + _STATISTICS_BLOCK, counted))
                fill(block, Pixels.empty(block.stop - start, config.size, config.has_instances))
        return JournalLine(
            file=task.file,
            samples=len(samples),
            bytes=written.bytes,
            blake3=written.blake3,
            statistics=sums,
            statistics_samples=counted,
        )

    @cached_property
    def _bank(self) -> Bank:
        return Bank.open(self.config.folder / BANK_FILE)

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self._bank)
