"""Sample numbering, randomness and placements: what is pasted where, as records.

Within a split, sample n = ((fg * B + bg) * F + flip) * P + position, where fg and bg count the split's
own assets. Sample n owns 64 random words at its own counter, so any one can be drawn alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.bank import Bank

SAMPLE: Final = np.dtype([("sample_id", "<u8"), ("bg", "<u4"), ("first", "<u4"), ("count", "<u2")])
PLACEMENT: Final = np.dtype(
    [
        ("sprite", "<u4"),
        ("x", "<i2"),
        ("y", "<i2"),
        ("flip", "u1"),
        ("kind", "u1"),
        ("depth", "<u2"),
        ("gain", "<u2", (3,)),
    ]
)
OBJECT: Final = 0
SHADOW: Final = 1
PLAIN_GAIN: Final = 256

_WORDS_PER_SAMPLE = 64
_WORDS_PER_COUNT = 4

# Streams of random words under one seed. Each split's samples and its order have one of their own.
_STREAMS: Final = {
    name: number
    for number, name in enumerate(
        ["samples/train", "samples/val", "samples/test", "order/train", "order/val", "order/test", "fg", "bg"]
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
        counter[0] = sample_id * (_WORDS_PER_SAMPLE // _WORDS_PER_COUNT)
        generator.state = state
        words[row] = generator.random_raw(count)
    return words


def draw(plan: SplitPlan, bank: Bank, seed: int, sample_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples: each one foreground, wholly inside the canvas, standing at the depth of its ground.

    Args:
        plan: the split's numbering.
        bank: its sprites and backgrounds.
        seed: of the dataset.
        sample_ids: (n,) sample numbers, in any order.

    Returns:
        samples (n,) of dtype SAMPLE and placements (n,) of dtype PLACEMENT.
    """
    pair, flip = np.divmod(sample_ids // plan.positions, plan.flips)
    fg, bg = np.divmod(pair, len(plan.bgs))
    sprite, bg = plan.fgs[fg], plan.bgs[bg]
    words = sample_words(seed, plan.name, sample_ids, 2)
    height, width = bank.bg.shape[1:3]
    sprite_height, sprite_width = bank.sprite_size[sprite].astype(np.int64).T

    placements = np.zeros(len(sample_ids), PLACEMENT)
    placements["sprite"] = sprite
    placements["x"] = _below(words[:, 0], width - sprite_width + 1)
    placements["y"] = _below(words[:, 1], height - sprite_height + 1)
    placements["flip"] = flip
    placements["kind"] = OBJECT
    placements["gain"] = PLAIN_GAIN
    placements["depth"] = ground_depth(bank, bg, placements)

    samples = np.zeros(len(sample_ids), SAMPLE)
    samples["sample_id"] = sample_ids
    samples["bg"] = bg
    samples["first"] = np.arange(len(sample_ids))
    samples["count"] = 1
    return samples, placements


def ground_depth(bank: Bank, bg: np.ndarray, placements: np.ndarray) -> np.ndarray:
    """The depth of the ground an object stands on: (n,) uint16.

    It is the lower median of the background's known depth under the object's lowest opaque row, clamped
    to the canvas; 0 (unknown) where all of that is unknown.

    Args:
        bank: sprites and backgrounds.
        bg: (n,) the background of each placement.
        placements: (n,) of dtype PLACEMENT; `depth` is not read.
    """
    height, width = bank.bg_depth.shape[1:]
    foot = bank.foot(placements["sprite"])
    columns = np.where(
        placements["flip"][:, None] == 1,
        bank.sprite_size[placements["sprite"], 1].astype(np.int64)[:, None] - 1 - foot.columns,
        foot.columns,
    )
    columns = np.clip(columns + placements["x"][:, None], 0, width - 1)
    rows = np.clip(foot.row + placements["y"], 0, height - 1)
    under = bank.bg_depth[bg[:, None], rows[:, None], columns]
    # Unknown depth and the padding of shorter feet sort to the front and are left out.
    under[~foot.valid] = 0
    under.sort(axis=1)
    known = np.count_nonzero(under, axis=1)
    middle = under.shape[1] - known + (known - 1) // 2
    middle = np.minimum(middle, under.shape[1] - 1)
    depth: np.ndarray = under[np.arange(len(under)), middle]
    return depth


def _below(words: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Words as integers in [0, bound): the high half times the bound, as Lemire 2019 without rejection."""
    return ((words >> np.uint64(32)) * bound.astype(np.uint64)) >> np.uint64(32)
