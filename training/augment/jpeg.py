"""JPEG compression without the file: chroma at half the resolution, 8 x 8 blocks of rounded cosine terms.

It leaves out only the lossless coding, and works on whole batches and any device. Kornia's version is made
for gradients: it rounds softly, so its pictures differ more from files, and takes several times as long on a
CPU.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from training.augment.effects import moved, on_rows
from training.augment.keyed import between, chosen

QUALITIES = (30, 95)
"""Lowest and highest quality that are drawn: from a picture forwarded many times to one from a camera."""

_CHROMA_ROW = [99.0] * 4
_LUMA_STEPS = torch.tensor(
    [
        [16.0, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_CHROMA_STEPS = torch.tensor(
    [
        [17.0, 18, 24, 47, *_CHROMA_ROW],
        [18, 21, 26, 66, *_CHROMA_ROW],
        [24, 26, 56, 99, *_CHROMA_ROW],
        [47, 66, 99, 99, *_CHROMA_ROW],
        *[[99.0] * 8] * 4,
    ]
)
_TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_TO_RGB = torch.tensor([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]])
_PLACE = torch.arange(8.0)
_COSINES = torch.cos((2 * _PLACE + 1) * _PLACE[:, None] * (math.pi / 16)) / 2
_COSINES[0] /= math.sqrt(2)
_TERMS = torch.kron(_COSINES, _COSINES)
"""(64, 64): the orthonormal cosine transform of a block's 64 pixels, a row per term."""


def draw_quality(share: float, generator: torch.Generator, count: int) -> Tensor:
    """Draw (count,) float: whole numbers within QUALITIES for a share of them, 0 for the others."""
    low, high = QUALITIES
    return chosen(share, generator, count) * between(low, high + 1, generator, count).floor()


def jpeg(pictures: Tensor, quality: Tensor) -> Tensor:
    """Compress pictures as JPEG and decompress them.

    Args:
        pictures: (B, 3, h, w) float in [-1, 1].
        quality: (B,) float on the CPU, from 1 to 100 as in libjpeg; at 0 a picture stays as it was.

    Source: ITU-T T.81 (its example tables, scaled as libjpeg does), chroma subsampling 4:2:0.
    """
    return on_rows(pictures, quality > 0, _compress, quality)


def _compress(pictures: Tensor, quality: Tensor) -> Tensor:
    device, dtype = pictures.device, pictures.dtype
    height, width = pictures.shape[-2:]
    # The standard transforms levels of 8 bits, 0 to 255, minus 128.
    levels = torch.einsum("ij,bjhw->bihw", moved(_TO_YCC, device), pictures.float() * 127.5 - 0.5)
    levels = functional.pad(levels, (0, -width % 16, 0, -height % 16), "replicate")
    luma = _round_terms(levels[:, :1], _steps(_LUMA_STEPS, quality))
    chroma = _round_terms(functional.avg_pool2d(levels[:, 1:], 2), _steps(_CHROMA_STEPS, quality))
    chroma = functional.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    levels = torch.cat([luma, chroma], dim=1)[..., :height, :width]
    levels = torch.einsum("ij,bjhw->bihw", moved(_TO_RGB, device), levels)
    return levels.add_(0.5).div_(127.5).clamp_(-1, 1).to(dtype)


def _steps(base: Tensor, quality: Tensor) -> Tensor:
    """The quantisation tables (B, 8, 8) of whole numbers, 1 to 255, that libjpeg makes for each quality."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor()
    return ((base * percent[:, None, None] + 50) / 100).floor().clamp(1, 255)


def _round_terms(planes: Tensor, steps: Tensor) -> Tensor:
    """Round the cosine terms of every 8 x 8 block of planes (B, C, H, W) to multiples of steps (B, 8, 8)."""
    steps = moved(steps.flatten(1), planes.device)[:, None, None, None]
    to_terms = moved(_TERMS, planes.device)
    count, channels, height, width = planes.shape
    blocks = planes.reshape(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    terms = blocks.flatten(-2) @ to_terms.T
    terms = (terms / steps).round() * steps
    blocks = (terms @ to_terms).view(blocks.shape)
    return blocks.transpose(3, 4).reshape(planes.shape)
