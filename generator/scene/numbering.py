"""Sample numbers: which foreground, background, flip and position each number of a split means.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets.
"""

from dataclasses import dataclass

import numpy as np

from generator.scene.random_bits import permuted, random_words

MOST_SORTED = 2**28
"""A split of more samples is not sorted by random words, which would take 16 bytes for each of them."""

_ROUNDS = 8
_BLOCK = 2**18


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

    def order(self, seed: int, count: int) -> np.ndarray:
        """The first `count` numbers in the order of the shards, a random permutation: (count,) int64."""
        stream = f"order/{self.name}"
        if len(self) <= MOST_SORTED:
            return np.argsort(random_words(seed, stream, len(self)), kind="stable")[:count]
        numbers, keys = np.arange(count), random_words(seed, stream, _ROUNDS)
        for first in range(0, count, _BLOCK):
            some = slice(first, first + _BLOCK)
            numbers[some] = permuted(numbers[some], len(self), keys)
        return numbers
