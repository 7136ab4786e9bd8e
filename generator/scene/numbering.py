"""Sample numbers: which foreground, background, flip and position each number of a split means.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets.
"""

from dataclasses import dataclass

import numpy as np

from generator.scene.random_bits import permuted, random_words, word_stream
from generator.scene.random_order import first_in_order

MOST_SORTED = 2**28
"""A split of more samples is not sorted by random words: the numbers of its samples are calculated."""

SORTED_BYTES = 4
"""The memory that each sample of a sorted split takes while a dataset is made."""

_ROUNDS = 8


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
        return first_in_order(word_stream(seed, self._stream), len(self), count)

    def numbers_at(self, seed: int, places: range) -> np.ndarray:
        """The numbers at some places of the order of the shards: (n,) int64.

        Only for a split that is not sorted.
        """
        keys = random_words(seed, self._stream, _ROUNDS)
        return permuted(np.arange(places.start, places.stop), len(self), keys)

    @property
    def _stream(self) -> str:
        return f"order/{self.name}"
