"""Sample numbering, randomness, and the records of what is pasted where.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets. Sample n owns 64 random words at its own counter, so any one can be drawn alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

WORDS_PER_SAMPLE: Final = 64
_WORDS_PER_COUNT = 4

# Streams of random words under one seed. Each split's samples and its order have one of their own.
_STREAMS: Final = {
    name: number
    for number, name in enumerate(
        [
            *("samples/train", "samples/val", "samples/test"),
            *("order/train", "order/val", "order/test"),
            *("fg", "bg", "variants"),
        ]
    )
}


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
        """The sample numbers in the order in which they stand in shards: (n,) int64, a permutation."""
        words = random_words(seed, f"order/{self.name}", len(self))
        return np.argsort(words, kind="stable")


def random_words(seed: int, stream: str, count: int) -> np.ndarray:
    """The first `count` words of a stream: (count,) uint64.

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox), in NumPy.
    """
    return np.random.Philox(key=seed, counter=[0, _STREAMS[stream], 0, 0]).random_raw(count)


def sample_words(seed: int, split: str, sample_ids: np.ndarray, count: int) -> np.ndarray:
    """The first `count` (at most 64) of the words that each sample owns: (n, count) uint64."""
    generator = np.random.Philox(key=seed, counter=[0, _STREAMS[f"samples/{split}"], 0, 0])
    # Setting the counter costs 2 microseconds, a new generator 20.
    state = generator.state
    counter = state["state"]["counter"]
    words = np.empty((len(sample_ids), count), np.uint64)
    for row, sample_id in enumerate(sample_ids.tolist()):
        counter[0] = sample_id * (WORDS_PER_SAMPLE // _WORDS_PER_COUNT)
        generator.state = state
        words[row] = generator.random_raw(count)
    return words
