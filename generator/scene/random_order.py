"""Random orders of numbers, made piece by piece: sorting the words of all of them takes too much memory."""

import math

import numpy as np

from generator.scene.random_bits import WordStream

AT_ONCE = 2**25
"""About the most numbers that are sorted at once; each takes 16 bytes while that is done."""

_BLOCK = 2**20


def first_in_order(stream: WordStream, size: int, count: int) -> np.ndarray:
    """The first `count` of the numbers 0 ... size - 1 in the order of their random words: (count,) uint32.

    Numbers with equal words keep their order. Words are made again for each range of them that is sorted.

    Args:
        stream: of the words.
        size: at most 2**32.
        count: at most `size`.
    """
    order = np.empty(count, np.uint32)
    filled, low = 0, 0
    while filled < count:
        # Some more than are missing, so that a few are rarely missing at the end.
        missing = count - filled
        span = -(-min(missing + 8 * math.isqrt(missing) + 64, AT_ONCE) * 2**64 // size)
        span = min(span, 2**64 - low)
        some = in_range(stream, size, low, span)[:missing]
        order[filled : filled + len(some)] = some
        filled, low = filled + len(some), low + span
    return order


def in_range(stream: WordStream, size: int, low: int, span: int) -> np.ndarray:
    """Those of the numbers 0 ... size - 1 whose words are low ... low + span - 1: (n,) uint64.

    They are in the order of their words. Numbers with equal words keep their order.
    """
    bits = np.uint64(max(1, (size - 1).bit_length()))
    number_bits = (np.uint64(1) << bits) - np.uint64(1)
    parts, first = [], 0
    for words in stream.blocks(size, _BLOCK):
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
        keys[places] = numbers[np.lexsort((numbers, stream.at(numbers)))]
    return keys


def _alike_but_for(bits: np.uint64, keys: np.ndarray) -> np.ndarray:
    """The places of keys (n,) that differ from the next one in no other bits: (k,) int64."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(keys) - 1, _BLOCK):
        some = keys[start : start + _BLOCK + 1]
        found.append(np.flatnonzero((some[1:] ^ some[:-1]) <= bits) + start)
    return np.concatenate(found)
