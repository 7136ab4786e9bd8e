"""Sums over pixels, from which the mean and standard deviation of each channel are computed."""

import cv2
import numpy as np

from generator.format.manifest import Sums
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN, Pixels


def pixel_sums(bg: np.ndarray, pixels: Pixels) -> dict[str, Sums]:
    """Sums of `bg`, `fg_bg`, `mask` and `depth` over samples, of values scaled to [0, 1].

    Args:
        bg: (n, H, W, 3) uint8, the backgrounds of the samples.
        pixels: of the n samples.
    """
    return {
        "bg": _sums(bg, 255),
        "fg_bg": _sums(pixels.fg_bg, 255),
        "mask": _sums(pixels.mask[..., None], 255),
        "depth": _depth_sums(pixels.depth[..., None]),
    }


def _depth_sums(depth: np.ndarray) -> Sums:
    """Sums of known depth, scaled as (v - 1) / 65534."""
    sums = _sums(depth, 1, depth != UNKNOWN)
    scale = NEAREST - FARTHEST
    total, squares = sums.sum[0], sums.squares[0]
    return Sums(
        sum=[(total - sums.count * FARTHEST) / scale],
        squares=[(squares - 2 * FARTHEST * total + sums.count * FARTHEST**2) / scale**2],
        count=sums.count,
    )


def _sums(pixels: np.ndarray, scale: int, where: np.ndarray | None = None) -> Sums:
    """Sums of integers (n, H, W, channels) divided by `scale`, where `where` (n, H, W, 1) is True."""
    n, height, width, channels = pixels.shape
    # One tall picture, because OpenCV takes no batches.
    tall = pixels.reshape(n * height, width, channels)
    mask = None if where is None else where.reshape(n * height, width).view(np.uint8)
    count = tall.shape[0] * width if where is None else int(np.count_nonzero(where))
    mean, std = (moment[:, 0] for moment in cv2.meanStdDev(tall, mask=mask))
    return Sums(
        sum=(mean * count / scale).tolist(),
        squares=((std**2 + mean**2) * count / scale**2).tolist(),
        count=count,
    )
