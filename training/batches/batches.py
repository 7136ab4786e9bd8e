"""Batches of integers, read ahead onto the device, in an order that depends on seed and position alone."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch

from generator.reading.split import Split
from generator.scene.random_bits import WordStream
from generator.scene.random_order import AT_ONCE, in_range
from training.batches.batch import IntegerBatch
from training.batches.buffers import BatchBuffer
from training.batches.device_render import resident_renderer

_READ_AHEAD = 2
_BLOCK = 2**20


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
        ends = _ends(seed, length, passed, window or length)
        number = int(np.searchsorted(ends, inside, side="right"))
        piece = _piece(seed, length, passed, window or length, number)
        first = int(ends[number]) - len(piece)
        part = piece[inside - first : inside - first + count]
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


# A permutation is made piece by piece, because the data may have a billion samples. With windows each is a
# piece. Without, samples are ordered by their random words, and each range of words is a piece.


@lru_cache(maxsize=2)
def _ends(seed: int, length: int, passed: int, window: int) -> np.ndarray:
    """Where each piece of one permutation ends in it: (pieces,) int64."""
    if window < length:
        sizes = np.full(-(-length // window), window)
        sizes[-1] = length - (len(sizes) - 1) * window
        ends: np.ndarray = sizes[_windows(seed, passed, len(sizes))].cumsum()
        return ends
    span, pieces = _span(length)
    if pieces == 1:
        return np.array([length])
    counts = np.zeros(pieces, np.int64)
    for words in _words(seed, passed, 0).blocks(length, _BLOCK):
        counts += np.bincount((words // np.uint64(span)).astype(np.int64), minlength=pieces)
    return counts.cumsum()


@lru_cache(maxsize=2)
def _piece(seed: int, length: int, passed: int, window: int, number: int) -> np.ndarray:
    """The samples of one piece in their order: (n,) int64."""
    words = _words(seed, passed, 0)
    if window < length:
        start = int(_windows(seed, passed, -(-length // window))[number]) * window
        return start + np.argsort(words.words(start, min(window, length - start)), kind="stable")
    span, _ = _span(length)
    return in_range(words, length, number * span, min(span, 2**64 - number * span)).astype(np.int64)


@lru_cache(maxsize=2)
def _windows(seed: int, passed: int, count: int) -> np.ndarray:
    """The order of the windows: (count,) int64."""
    return np.argsort(_words(seed, passed, 1).words(0, count), kind="stable")


def _words(seed: int, passed: int, stream: int) -> WordStream:
    return WordStream(seed, (0, passed, stream))


def _span(length: int) -> tuple[int, int]:
    """How many values of a word each piece has, and the number of pieces."""
    pieces = -(-length // AT_ONCE)
    return -(-(2**64) // pieces), pieces
