"""Sample numbers: which foreground, background, flip and position each number of a split means.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets.
"""

import math
from dataclasses import dataclass

import numpy as np

from generator.scene.random_bits import permuted, random_word_blocks, random_words, words_at

MOST_SORTED = 2**28
"""A split of more samples is not sorted by random words: the numbers of its samples are calculated."""

SORTED_BYTES = 4
"""The memory that each sample of a sorted split takes while a dataset is made."""

_ROUNDS = 8

# Sorted at once, so that sorting takes at most 16 bytes for each of these.
_AT_ONCE = 2**25
_BLOCK = 2**20


@dataclass(frozen=True)
class SplitPlan:
    """The samples of one split, numbered but not yet drawn.

    Attributes:
        name: train, val or test.
        fgs: (f,) int64, the split's foregrounds as numbers in the bank.
        bgs: (b,) int64, the split's backgrounds as numbers in the bank.
        flips: 1 or 2.
        positions: positions per foreground, background and flip.
    """

    name: str
    fgs: np.ndarray
    bgs: np.ndarray
    flips: int
    positions: int

    def __len__(self) -> int:
        return len(self.fgs) * len(self.bgs) * self.flips * self.positions

    @property
    def is_sorted(self) -> bool:
        """Whether the order comes from sorting; otherwise `numbers_at` calculates any part of it alone."""
        return len(self) <= MOST_SORTED

    def order(self, seed: int, count: int) -> np.ndarray:
        """The first `count` numbers in the order of the shards, a random permutation: (count,) uint32.

        Only for a split that is sorted.
        """
        return _sorted_by_words(seed, self._stream, len(self), count)

    def numbers_at(self, seed: int, places: range) -> np.ndarray:
        """The numbers at some places of the order of the shards: (n,) int64.

        Only for a split that is not sorted.
        """
        keys = random_words(seed, self._stream, _ROUNDS)
        return permuted(np.arange(places.start, places.stop), len(self), keys)

    @property
    def _stream(self) -> str:
        return f"order/{self.name}"


def _sorted_by_words(seed: int, stream: str, size: int, count: int) -> np.ndarray:
    """The first `count` of the numbers 0 ... size - 1 in the order of their random words: (count,) uint32.

    Numbers with equal words keep their order. Words are made again for each range of them that is sorted.
    """
    order = np.empty(count, np.uint32)
    filled, low = 0, 0
    while filled < count:
        # Some more than are missing, so that a few are rarely missing at the end.
        missing = count - filled
        span = -(-min(missing + 8 * math.isqrt(missing) + 64, _AT_ONCE) * 2**64 // size)
        span = min(span, 2**64 - low)
        some = _numbers_in_range(seed, stream, size, low, span)[:missing]
        order[filled : filled + len(some)] = some
        filled, low = filled + len(some), low + span
    return order


def _numbers_in_range(seed: int, stream: str, size: int, low: int, span: int) -> np.ndarray:
    """The numbers whose words are in low ... low + span - 1, in the order of their words: (n,) uint64."""
    bits = np.uint64(max(1, (size - 1).bit_length()))
    number_bits = (np.uint64(1) << bits) - np.uint64(1)
    parts, first = [], 0
    for words in random_word_blocks(seed, stream, size, _BLOCK):
        inside = np.flatnonzero(words - np.uint64(low) <= np.uint64(span - 1))
        # One integer for both, the upper bits of the word and the number, is sorted in half of the time.
        parts.append((words[inside] & ~number_bits) | (inside + first).astype(np.uint64))
        first += len(words)
    keys = np.concatenate(parts)
    del parts
    keys.sort()
    alike = _alike_but_for(number_bits, keys)
    keys &= number_bits
    if len(alike):
        # Their words differ only in their lower bits, or not at all.
        places = np.union1d(alike, alike + 1)
        numbers = keys[places]
        keys[places] = numbers[np.lexsort((numbers, words_at(seed, stream, numbers)))]
    return keys


def _alike_but_for(bits: np.uint64, keys: np.ndarray) -> np.ndarray:
    """The places of keys (n,) that differ from the next one in no other bits: (k,) int64."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(keys) - 1, _BLOCK):
        some = keys[start : start + _BLOCK + 1]
        found.append(np.flatnonzero((some[1:] ^ some[:-1]) <= bits) + start)
    return np.concatenate(found)
