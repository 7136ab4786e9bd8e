"""Sums over pixels, from which a dataset's mean and standard deviation per channel come."""

import cv2
import numpy as np

from generator.bank import Bank
from generator.composite import render
from generator.depth import FARTHEST, NEAREST, UNKNOWN
from generator.manifest import Sums
from generator.shards import empty_pixels


def shard_sums(bank: Bank, samples: np.ndarray, placements: np.ndarray) -> dict[str, Sums]:
    """Sums of `bg`, `fg_bg`, `mask` and `depth` over samples, in units of [0, 1].

    Args:
        bank: sprites and backgrounds.
        samples: (n,) of dtype SAMPLE.
        placements: (m,) of dtype PLACEMENT, the rows that `samples` speak of.
    """
    height, width = bank.bg.shape[1:3]
    totals: dict[str, Sums] = {}
    fg_bg, mask, depth = empty_pixels(1, (width, height))
    for row in range(len(samples)):
        render(bank, samples[row : row + 1], placements, fg_bg, mask, depth)
        sums = {
            "bg": _sums(bank.bg[samples["bg"][row]], 255),
            "fg_bg": _sums(fg_bg[0], 255),
            "mask": _sums(mask[0], 255),
            "depth": _depth_sums(depth[0]),
        }
        totals = {name: totals[name] + part if totals else part for name, part in sums.items()}
    return totals


def _depth_sums(depth: np.ndarray) -> Sums:
    """Of known depth as (v - 1) / 65534, so that the mean of the integers falls by 1."""
    sums = _sums(depth, 1, depth != UNKNOWN)
    scale = NEAREST - FARTHEST
    total, squares = sums.sum[0], sums.squares[0]
    return Sums(
        sum=[(total - sums.count * FARTHEST) / scale],
        squares=[(squares - 2 * FARTHEST * total + sums.count * FARTHEST**2) / scale**2],
        count=sums.count,
    )


def _sums(pixels: np.ndarray, scale: int, where: np.ndarray | None = None) -> Sums:
    """Of (H, W) or (H, W, channels) integers divided by `scale`."""
    mask = None if where is None else where.view(np.uint8)
    count = pixels.shape[0] * pixels.shape[1] if where is None else int(np.count_nonzero(where))
    mean, std = (moment[:, 0] for moment in cv2.meanStdDev(pixels, mask=mask))
    return Sums(
        sum=(mean * count / scale).tolist(),
        squares=((std**2 + mean**2) * count / scale**2).tolist(),
        count=count,
    )
