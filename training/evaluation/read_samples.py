"""The samples of an evaluation, batch by batch, with the backgrounds of each condition."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from generator.reading.split import Split
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.batches.prepare import Prepared, prepare, to_network
from training.errors import DeviceMemoryError
from training.evaluation.careless_camera import perturb_backgrounds
from training.process.memory import is_out_of_memory
from training.resize import resize
from training.target import Target

Condition = Literal["clean", "perturbed", "absent"]
CONDITIONS: tuple[Condition, ...] = ("clean", "perturbed", "absent")
"""Which background the network gets."""

Found = TypeVar("Found")

_BATCH = 64
"""Largest number of samples in a batch."""
_PIXELS_ON_CPU = 80_000
"""Largest number of pixels in a batch on a CPU, as its cache holds the features of a few pictures only: 64
pictures of 96 px together take 1.4 times as long as 8 at a time."""


@dataclass(frozen=True)
class Samples(Prepared):
    """A batch of samples at the evaluated resolution.

    Attributes:
        numbers: (B,) int64, in the split.
        stored: the same samples at the dataset's own size.
        perturbed: (B, 3, H, W) float in [-1, 1], perturbed backgrounds at the dataset's own size; None if the
            dataset has no backgrounds.
        backgrounds: (B, 3, h, w) float in [-1, 1] for each condition; None for no background. If the dataset
            has no backgrounds, the only condition is "absent".
    """

    numbers: np.ndarray
    stored: IntegerBatch
    perturbed: Tensor | None
    backgrounds: dict[Condition, Tensor | None]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width at the evaluated resolution."""
        return self.fg_bg.shape[-2], self.fg_bg.shape[-1]


def looked_at(
    split: Split,
    rows: np.ndarray,
    target: Target,
    res: int,
    device: torch.device,
    look: Callable[[Samples], Found],
) -> Iterator[tuple[np.ndarray, Found]]:
    """Call a function on samples (n,) of a split, batch by batch; in smaller batches if memory runs out.

    Args:
        look: takes a batch, which is valid until it returns.

    Yields:
        The samples' numbers, and what `look` returned for them.

    Raises:
        DeviceMemoryError: a single sample does not fit.
    """
    size = min(_BATCH, len(rows))
    if device.type == "cpu":
        size = min(size, max(1, _PIXELS_ON_CPU // res**2))
    while len(rows):
        try:
            for numbers, found in _looked_at(read_samples(split, rows, target, res, device, size), look):
                yield numbers, found
                rows = rows[len(numbers) :]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if size == 1:
                raise DeviceMemoryError(device, res) from error
            size //= 2


def _looked_at(
    batches: Iterator[Samples], look: Callable[[Samples], Found]
) -> Iterator[tuple[np.ndarray, Found]]:
    """A function of its own, so that a batch is freed before a smaller one is tried."""
    for batch in batches:
        yield batch.numbers, look(batch)


def read_samples(
    split: Split, rows: np.ndarray, target: Target, res: int, device: torch.device, count: int = _BATCH
) -> Iterator[Samples]:
    """Samples (n,) of a split in batches of `count`, at a resolution."""
    parts = [rows[start : start + count] for start in range(0, len(rows), count)]
    for part, stored in zip(parts, read_batches(split, parts, device), strict=True):
        batch = prepare(stored, target, res)
        perturbed = None
        backgrounds: dict[Condition, Tensor | None] = {"absent": None}
        if stored.bg is not None:
            height, width = stored.mask.shape[1:]
            perturbed = perturb_backgrounds(to_network(stored.bg, (height, width)), part)
            size = (batch.fg_bg.shape[-2], batch.fg_bg.shape[-1])
            backgrounds = {"clean": batch.bg, "perturbed": resize(perturbed, size), "absent": None}
        yield Samples(batch.bg, batch.fg_bg, batch.truth, part, stored, perturbed, backgrounds)
