"""Random words: 64-bit numbers that depend only on the seed, and the numbers that are made of them.

All randomness of a dataset comes from here. Each sample owns 64 words at a counter of its own, so any sample
can be drawn alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

WORDS_PER_SAMPLE: Final = 64
_WORDS_PER_COUNT = 4

# The streams of words of one seed. Each split has one for its samples and one for their order.
_STREAMS: Final = {
    name: number
    for number, name in enumerate(
        [
            *("samples/train", "samples/val", "samples/test"),
            *("order/train", "order/val", "order/test"),
            *("fg", "bg", "variants", "pictures"),
        ]
    )
}


@dataclass(frozen=True)
class WordStream:
    """An endless stream of random words, any part of which can be made alone.

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox), in NumPy.

    Attributes:
        seed: of the stream.
        place: the upper three parts of Philox's counter, which tell the streams of one seed apart.
    """

    seed: int
    place: tuple[int, int, int]

    def words(self, start: int, count: int) -> np.ndarray:
        """Words number `start` ... `start + count` - 1: (count,) uint64."""
        counter, before = divmod(start, _WORDS_PER_COUNT)
        return self._generator(counter).random_raw(before + count)[before:]

    def blocks(self, count: int, size: int) -> Iterator[np.ndarray]:
        """The first `count` words, at most `size` at once."""
        generator = self._generator()
        for start in range(0, count, size):
            yield generator.random_raw(min(size, count - start))

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """Single words by their numbers (n,): (n,) uint64."""
        counters, inside = np.divmod(numbers.astype(np.int64), _WORDS_PER_COUNT)
        found: np.ndarray = self.runs(counters, _WORDS_PER_COUNT)[np.arange(len(numbers)), inside]
        return found

    def runs(self, counters: np.ndarray, count: int) -> np.ndarray:
        """The first `count` words from each of some counters (n,) on: (n, count) uint64."""
        generator = self._generator()
        # Setting the counter costs 2 microseconds, a new generator 20.
        state = generator.state
        counter = state["state"]["counter"]
        words = np.empty((len(counters), count), np.uint64)
        for row, first in enumerate(counters.tolist()):
            counter[0] = first
            generator.state = state
            words[row] = generator.random_raw(count)
        return words

    def _generator(self, counter: int = 0) -> np.random.Philox:
        return np.random.Philox(key=self.seed, counter=[counter, *self.place])


def word_stream(seed: int, name: str) -> WordStream:
    """One of the streams of a dataset."""
    return WordStream(seed, (_STREAMS[name], 0, 0))


def random_words(seed: int, stream: str, count: int) -> np.ndarray:
    """The first `count` words of a stream: (count,) uint64."""
    return word_stream(seed, stream).words(0, count)


def sample_words(seed: int, split: str, sample_ids: np.ndarray, count: int) -> np.ndarray:
    """The first `count` (at most 64) of the words that each sample owns: (n, count) uint64."""
    counters = sample_ids * (WORDS_PER_SAMPLE // _WORDS_PER_COUNT)
    return word_stream(seed, f"samples/{split}").runs(counters, count)


def high_half(words: np.ndarray) -> np.ndarray:
    """The upper 32 bits of words (...) uint64, as uint64."""
    return words >> np.uint64(32)


def low_half(words: np.ndarray) -> np.ndarray:
    """The lower 32 bits of words (...) uint64, as uint64."""
    return words & np.uint64(0xFFFFFFFF)


def below(numbers: np.ndarray, bound: np.ndarray | int) -> np.ndarray:
    """Random integers in [0, bound) from 32-bit random numbers: (...) uint64.

    Source: Lemire 2019, "Fast Random Integer Generation in an Interval", without its rejection step.
    """
    return (numbers * np.asarray(bound).astype(np.uint64)) >> np.uint64(32)


def permuted(numbers: np.ndarray, size: int, keys: np.ndarray) -> np.ndarray:
    """Where a random permutation of 0 ... size - 1 puts some numbers; it needs no memory for the others.

    Args:
        numbers: (n,) int64.
        size: at most 2**62.
        keys: (r,) uint64 random words, one for each round.

    Returns:
        (n,) int64.

    Source: Black & Rogaway 2002, "Ciphers with Arbitrary Finite Domains" (a Feistel network, used again
    where it leaves the range). The round function is the end of SplitMix64 (Steele et al. 2014).
    """
    bits = np.uint64((size - 1).bit_length() + 1 >> 1)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    found = numbers.astype(np.uint64)
    outside = np.arange(len(found))
    while len(outside):
        left, right = found[outside] >> bits, found[outside] & mask
        for key in keys:
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        values = left << bits | right
        found[outside] = values
        outside = outside[values >= np.uint64(size)]
    return found.astype(np.int64)


def _mixed(words: np.ndarray) -> np.ndarray:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = words ^ (words >> np.uint64(31))
    return mixed


def share(numbers: np.ndarray) -> np.ndarray:
    """Random float64 in [0, 1) from 32-bit random numbers."""
    return numbers / 2.0**32
