"""Estimating the size of a dataset and the time it takes, before anything is written."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from generator.bank_layout import bank_bytes
from generator.config import GenerateConfig
from generator.errors import ConfigError
from generator.format.pixels import pixel_bytes
from generator.format.shards import shard_bytes
from generator.numerals import format_bytes
from generator.places import Url
from generator.process.memory import physical_memory
from generator.scene.numbering import MOST_SORTED, SORTED_BYTES

# The speed of one worker, where the disk is faster.
_RENDERED_BYTES_PER_SECOND = 1.5e9
_UNRENDERED_PER_SECOND = 100_000

# Each shard takes a millisecond to open, and some kilobytes of memory while the dataset is made.
_MANY_SHARDS, _FEW_SHARDS = 10_000, 1000

# The disk is measured by writing this much, but only before large datasets.
_TRIAL_BYTES = 32 * 2**20
_LARGE = 10**9


@dataclass(frozen=True)
class Estimate:
    """The estimated size of a dataset.

    Attributes:
        samples: of all splits.
        bytes: on the disk, including the bank.
        bytes_unrendered: the same with `render=False`.
    """

    samples: int
    bytes: int
    bytes_unrendered: int

    @classmethod
    def of(cls, config: GenerateConfig, fgs: int, bgs: int) -> "Estimate":
        """Estimate from the numbers of foregrounds and backgrounds, as if there were no near-duplicates."""
        plain = config.model_copy(update={"render": False})
        return cls(
            _samples(config, fgs, bgs), estimate_bytes(config, fgs, bgs), estimate_bytes(plain, fgs, bgs)
        )

    def describe(self, config: GenerateConfig, workers: int) -> str:
        """Size and time in words; for a large dataset also how to make a smaller one.

        Args:
            config: of the dataset; before a large one the disk of its folder is measured.
            workers: processes that will write it.
        """
        size = f"dataset: about {self.samples:,} samples, {format_bytes(self.bytes)}"
        if not config.render:
            return (
                size + _about(self.samples / (_UNRENDERED_PER_SECOND * workers)) + self._fewer_shards(config)
            )
        if self.bytes < _LARGE:
            return size
        # Of a network nobody knows the speed, neither of a depth network nor of the one to a URL.
        unknown = isinstance(config.out, Url) or config.depth_per == "composite"
        time = "" if unknown else _about(self.bytes / _rate(config.folder, workers))
        return f"{size}{time}; `render=False` needs {format_bytes(self.bytes_unrendered)} instead"

    def _fewer_shards(self, config: GenerateConfig) -> str:
        """How to make fewer files of a dataset without pixels, where there are very many."""
        shards = -(-self.samples // config.shard_samples)
        if shards <= _MANY_SHARDS:
            return ""
        larger = 1 << (self.samples // _FEW_SHARDS).bit_length()
        fewer = -(-self.samples // larger)
        return f"; `shard_samples={larger}` makes {fewer:,} files instead of {shards:,}, which is faster"


def estimate_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The estimated size of the dataset on disk, in bytes."""
    pixels = pixel_bytes(config.size, config.has_instances) if config.render else 0
    layers = sum(config.objects) / 2 * (1 - config.empty) * (1 + config.shadow)

    def shard(count: int) -> int:
        return shard_bytes(count, round(count * layers), pixels)

    shards, rest = divmod(_samples(config, fgs, bgs), config.shard_samples)
    return bank_bytes(config, fgs, bgs) + shards * shard(config.shard_samples) + (shard(rest) if rest else 0)


def _samples(config: GenerateConfig, fgs: int, bgs: int) -> int:
    samples = sum(_split_sizes(config, fgs, bgs))
    return min(samples, config.samples or samples)


def _split_sizes(config: GenerateConfig, fgs: int, bgs: int) -> list[int]:
    shares = config.split or (1, 0, 0)
    pairs = ((fgs * share / sum(shares)) * (bgs * share / sum(shares)) for share in shares)
    return [round(some * config.flips * config.positions) for some in pairs]


def _about(seconds: float) -> str:
    if seconds < 60:
        return ""
    minutes = seconds / 60
    return f", about {minutes:.0f} min" if minutes < 90 else f", about {minutes / 60:.0f} h"


def _rate(folder: Path, workers: int) -> float:
    """The bytes a second at which samples are written: the speed of the disk, or of the workers if lower."""
    content = os.urandom(2**20)
    began = time.perf_counter()
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_TRIAL_BYTES // len(content)):
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return min(_TRIAL_BYTES / (time.perf_counter() - began), _RENDERED_BYTES_PER_SECOND * workers)


def check_numbers(config: GenerateConfig, fgs: int, bgs: int) -> None:
    """Make sure that numbering all samples fits into memory.

    Raises:
        ConfigError: there are too many.
    """
    memory = physical_memory()
    kept = _samples(config, fgs, bgs)
    needed = (
        sum(min(size, kept) for size in _split_sizes(config, fgs, bgs) if size <= MOST_SORTED) * SORTED_BYTES
    )
    if memory is not None and needed > memory:
        expected = f"numbers of samples that fit into {format_bytes(memory)}"
        raise ConfigError("`samples`", expected, f"{format_bytes(needed)} of them", "lower it")
