"""Integer batches in an order that is a pure function of seed and position, read one ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from generator.dataset import Split

_READ_AHEAD = 2


@dataclass(frozen=True)
class IntegerBatch:
    """Samples as tensors, still integers.

    Attributes:
        bg: (B, H, W, 3) uint8.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8.
        depth: (B, H, W) int16 that holds the bits of uint16 (which torch computes little with).
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    def to(self, device: torch.device) -> "IntegerBatch":
        """Move it, without waiting where memory is pinned."""
        tensors = [self.bg, self.fg_bg, self.mask, self.depth]
        if device.type == "cuda":
            tensors = [tensor.pin_memory() for tensor in tensors]
        return IntegerBatch(*(tensor.to(device, non_blocking=True) for tensor in tensors))


def shuffled(seed: int, length: int, position: int, count: int) -> np.ndarray:
    """Sample numbers at `position` ... `position + count` of an endless stream: (count,) int64.

    The stream is one seeded permutation of all `length` samples after another.
    """
    numbers = []
    while count > 0:
        passed, inside = divmod(position, length)
        part = _permutation(seed, length, passed)[inside : inside + count]
        numbers.append(part)
        position += len(part)
        count -= len(part)
    return np.concatenate(numbers)


def read_batches(split: Split, indices: Iterable[np.ndarray]) -> Iterator[IntegerBatch]:
    """Read one batch per array of sample numbers; a thread reads ahead while the network works."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        pending: deque[Future[IntegerBatch]] = deque()
        for rows in indices:
            pending.append(reader.submit(_read, split, rows))
            if len(pending) > _READ_AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@lru_cache(maxsize=2)
def _permutation(seed: int, length: int, passed: int) -> np.ndarray:
    words = np.random.Philox(key=seed, counter=[0, 0, passed, 0]).random_raw(length)
    return np.argsort(words, kind="stable")


def _read(split: Split, rows: np.ndarray) -> IntegerBatch:
    batch = split.read(rows)
    return IntegerBatch(
        torch.from_numpy(batch.bg),
        torch.from_numpy(batch.fg_bg),
        torch.from_numpy(batch.mask),
        torch.from_numpy(batch.depth.view(np.int16)),
    )
