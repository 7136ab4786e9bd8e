"""Random parameters that are a pure function of (seed, batch number), for a whole batch at once.

They are drawn on the CPU, so that they are the same for every device, and so that effects know their rows
without waiting for the device.
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Parameters drawn for a batch of B samples: tensors (B, ...) on the CPU."""

    def part(self, rows: slice | Tensor) -> Self:
        """The same parameters for some of the samples: a slice, or their numbers."""
        return replace(self, **{name: values[rows] for name, values in self._tensors().items()})

    def _tensors(self) -> dict[str, Tensor]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}


@dataclass(frozen=True, kw_only=True)
class DrawnWithNoise(Drawn):
    """Parameters of effects that add noise.

    Attributes:
        noise_seed: of noise that is drawn on the device, where it is added.
    """

    noise_seed: int

    def part(self, rows: slice | Tensor) -> Self:
        """The same parameters for some of the samples: a slice, or their numbers.

        Noise is not the same as in the whole batch: its seed depends on the first row, so that processes that
        share a batch do not add the same noise.
        """
        count = len(next(iter(self._tensors().values())))
        first = int(torch.arange(count)[rows][0])
        return replace(super().part(rows), noise_seed=self.noise_seed + first)


def keyed_generator(seed: int, batch: int, stream: int) -> torch.Generator:
    """A generator on the CPU, another one for every (seed, batch, stream).

    Args:
        seed: of the run, from 0.
        batch: number of the batch since the run began.
        stream: from 0, another one for each kind of record, so that they are drawn apart.
    """
    word = np.random.Philox(key=seed, counter=[0, 1 + stream, batch, 0]).random_raw()
    return torch.Generator().manual_seed(int(word) % 2**63)


def between(low: float, high: float, generator: torch.Generator, *shape: int) -> Tensor:
    """Uniform in [low, high)."""
    return low + torch.rand(shape, generator=generator) * (high - low)


def around(size: float, generator: torch.Generator, *shape: int) -> Tensor:
    """Uniform in [-size, size)."""
    return between(-size, size, generator, *shape)


def chosen(share: float, generator: torch.Generator, count: int) -> Tensor:
    """(count,) bool, each true with probability `share`."""
    return torch.rand(count, generator=generator) < share


def draw_noise_seed(generator: torch.Generator) -> int:
    """A seed for the noise of a batch; the numbers above it are the seeds of its parts."""
    return int(torch.randint(2**62, (), generator=generator))
