"""Batches of integers, read ahead onto the device, in an order that depends on seed and position alone."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch

from generator.reading.split import Split
from training.batches.batch import IntegerBatch
from training.batches.buffers import BatchBuffer
from training.batches.device_render import resident_renderer

_READ_AHEAD = 2


def shuffled(seed: int, length: int, position: int, count: int, window: int | None = None) -> np.ndarray:
    """Sample numbers at `position` ... `position + count` of an endless stream: (count,) int64.

    The stream is one seeded permutation of all `length` samples after another.

    Args:
        seed: of the permutations.
        length: of the split.
        position: in the stream.
        count: how many.
        window: shuffle in blocks: first the order of blocks of this many samples, then inside each block.
            None shuffles all samples together.
    """
    numbers = []
    while count > 0:
        passed, inside = divmod(position, length)
        part = _permutation(seed, length, passed, window or length)[inside : inside + count]
        numbers.append(part)
        position += len(part)
        count -= len(part)
    return np.concatenate(numbers)


def read_batches(
    split: Split, indices: Iterable[np.ndarray], device: torch.device, with_bg: bool = True
) -> Generator[IntegerBatch]:
    """Read one batch for each array of sample numbers onto a device, while a thread reads ahead.

    A batch on the CPU is valid until the next one is asked for, as its memory is used again. Closing the
    generator ends the thread.

    Args:
        split: to read from.
        indices: (B,) integers of each batch.
        device: where batches go.
        with_bg: whether they have backgrounds, if the dataset has any; a network of 3 inputs needs none.

    Raises:
        IndexError, DatasetError: as `Split.read` does, after the batches before.
    """
    feed = (_CudaFeed if device.type == "cuda" else _Feed)(split, device, with_bg and split.has_bg)
    reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
    pending: deque[Future[Callable[[], IntegerBatch]]] = deque()
    try:
        for number, rows in enumerate(indices):
            # One slot holds the batch that was given, the other slots hold batches read ahead.
            pending.append(reader.submit(feed.read, rows, number % (_READ_AHEAD + 1)))
            if len(pending) > _READ_AHEAD:
                yield pending.popleft().result()()
        while pending:
            yield pending.popleft().result()()
    finally:
        reader.shutdown(cancel_futures=True)


class _Feed:
    """Reads into buffers of the CPU; another device takes its copy when the batch is asked for."""

    def __init__(self, split: Split, device: torch.device, with_bg: bool) -> None:
        self._split, self._device, self._with_bg = split, device, with_bg
        self._buffers = [BatchBuffer(device, with_bg) for _ in range(_READ_AHEAD + 1)]

    def read(self, rows: np.ndarray, slot: int) -> Callable[[], IntegerBatch]:
        """Runs in the thread; the function it returns is called when the batch is asked for."""
        batch = self._buffers[slot].read(self._split, rows)
        return lambda: batch.to(self._device)


class _CudaFeed(_Feed):
    """Copies or renders in a second CUDA stream, beside the one that trains."""

    def __init__(self, split: Split, device: torch.device, with_bg: bool) -> None:
        super().__init__(split, device, with_bg)
        self._stream = _side_stream(device)
        with torch.cuda.stream(self._stream):
            self._renderer = resident_renderer(split, device)

    def read(self, rows: np.ndarray, slot: int) -> Callable[[], IntegerBatch]:
        with torch.cuda.stream(self._stream):
            if self._renderer is not None:
                batch = self._renderer.render(rows)
                batch = batch if self._with_bg else batch.without_bg()
            else:
                batch = self._buffers[slot].read(self._split, rows)
            ready = self._stream.record_event()

        def hand_over() -> IntegerBatch:
            training = torch.cuda.current_stream(self._device)
            training.wait_event(ready)
            for tensor in batch.tensors():
                # The next batch may use its memory only after training is done with it.
                tensor.record_stream(training)
            return batch

        return hand_over


@lru_cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """One stream for all feeds, as memory that one stream has freed is not free for another."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=2)
def _permutation(seed: int, length: int, passed: int, window: int) -> np.ndarray:
    def words(stream: int, count: int) -> np.ndarray:
        return np.random.Philox(key=seed, counter=[0, 0, passed, stream]).random_raw(count)

    windows = -(-length // window)
    if windows == 1:
        return np.argsort(words(0, length), kind="stable")
    place = np.empty(windows, np.int64)
    place[np.argsort(words(1, windows), kind="stable")] = np.arange(windows)
    return np.lexsort((words(0, length), np.repeat(place, window)[:length]))
