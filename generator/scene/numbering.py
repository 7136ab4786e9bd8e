"""Sample numbers: which foreground, background, flip and position each number of a split means.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets.
"""

from dataclasses import dataclass

import numpy as np

from generator.scene.random_bits import random_words


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

    def order(self, seed: int) -> np.ndarray:
        """The sample numbers in the order of the shards: (n,) int64, a random permutation."""
        words = random_words(seed, f"order/{self.name}", len(self))
        return np.argsort(words, kind="stable")
