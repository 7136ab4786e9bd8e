"""Sums over pixels, from which the mean and standard deviation of each channel are computed."""

from collections.abc import Mapping

import cv2
import numpy as np

from generator.format.labelled_shards import LabelledPixels
from generator.format.manifest import AlphaMask, MaskEntry
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN, Pixels
from generator.format.records import Sums


def pixel_sums(bg: np.ndarray, pixels: Pixels) -> dict[str, Sums]:
    """Sums of `bg`, `fg_bg`, `mask` and `depth` over samples, of values scaled to [0, 1].

    Args:
        bg: (n, H, W, 3) uint8, the backgrounds of the samples.
        pixels: of the n samples.
    """
    return array_sums({"bg": bg, **dict(pixels.items())}, AlphaMask())


def array_sums(arrays: Mapping[str, np.ndarray], mask: MaskEntry) -> dict[str, Sums]:
    """Sums of the arrays of samples, of values scaled to [0, 1], in the order bg, fg_bg, mask, depth.

    A mask of classes has a channel for each class, 1 where a pixel is of it. Void pixels of the mask and
    unknown depth are left out.

    Args:
        arrays: of n samples by name, `bg` and `depth` only if they are there; others are not summed.
        mask: what the values of the mask mean.
    """
    sums = {name: _sums(arrays[name], 255) for name in ("bg", "fg_bg") if name in arrays}
    sums["mask"] = _mask_sums(arrays["mask"][..., None], mask)
    if "depth" in arrays:
        sums["depth"] = _depth_sums(arrays["depth"][..., None])
    return sums


def labelled_sums(pixels: LabelledPixels, mask: MaskEntry) -> dict[str, Sums]:
    """`array_sums` of labelled samples.

    Args:
        pixels: of n samples.
        mask: what the values of the mask mean.
    """
    return array_sums(dict(pixels.items()), mask)


def _mask_sums(levels: np.ndarray, mask: MaskEntry) -> Sums:
    if mask.kind == "alpha":
        return _sums(levels, 255, None if mask.void is None else levels != mask.void)
    counts = np.bincount(levels.reshape(-1), minlength=256)[: len(mask.names)].tolist()
    return Sums(sum=counts, squares=counts, count=sum(counts))


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
