"""How training perturbs backgrounds and withholds some: real ones are never pixel-perfect, or are missing.

A background may be moved a little, re-exposed, made noisy and compressed, or withheld. Parameters are drawn
as a record, then applied.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.augment.effects import add_noise, moved, on_rows
from training.augment.jpeg import draw_quality, jpeg
from training.augment.keyed import DrawnWithNoise, around, between, draw_noise_seed, keyed_generator
from training.batches.prepare import to_network
from training.resize import resize

MAX_SHIFT = 0.015
"""Largest shift as a share of the picture's side, each way."""
MAX_TURN = math.radians(0.5)
MAX_SCALE = 0.01
MAX_GAIN = 0.12
MAX_OFFSET = 0.06
MAX_NOISE = 0.06
"""Largest standard deviation; pictures span [-1, 1]."""
JPEG_SHARE = 0.5
"""Share of the perturbed backgrounds that are compressed."""


@dataclass(frozen=True, kw_only=True)
class BackgroundChange(DrawnWithNoise):
    """How each background of a batch is changed.

    Attributes:
        dropped: (B,) bool, withheld.
        jittered: (B,) bool, perturbed as the other attributes say.
        warp: (B, 2, 3) float, affine map of output to input coordinates in [-1, 1].
        gain: (B, 3) float, factors of each channel, near 1, of levels counted from black.
        offset: (B, 3) float, near 0.
        noise: (B,) float, standard deviations.
        quality: (B,) float, of JPEG; 0 is not compressed.
    """

    dropped: Tensor
    jittered: Tensor
    warp: Tensor
    gain: Tensor
    offset: Tensor
    noise: Tensor
    quality: Tensor


def draw_background_change(
    seed: int, batch: int, count: int, dropout: float, jitter: float
) -> BackgroundChange:
    """Draw the changes of one batch; a pure function of its arguments.

    Args:
        seed: of the run.
        batch: number of the batch since the run began.
        count: samples in the batch.
        dropout: share of backgrounds that are withheld.
        jitter: share of backgrounds that are perturbed; none of them is withheld.
    """
    generator = keyed_generator(seed, batch, stream=0)

    def near(size: float, *shape: int) -> Tensor:
        return around(size, generator, count, *shape)

    kind = torch.rand(count, generator=generator)
    turn, scale, shift = near(MAX_TURN), 1 + near(MAX_SCALE), near(2 * MAX_SHIFT, 2)
    cos, sin = scale * turn.cos(), scale * turn.sin()
    warp = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    return BackgroundChange(
        dropped=kind < dropout,
        jittered=(kind >= dropout) & (kind < dropout + jitter),
        warp=warp,
        # One exposure for all channels, and a small colour cast.
        gain=1 + near(MAX_GAIN)[:, None] + near(MAX_GAIN / 4, 3),
        offset=near(MAX_OFFSET)[:, None] + near(MAX_OFFSET / 4, 3),
        noise=between(0, MAX_NOISE, generator, count),
        quality=draw_quality(JPEG_SHARE, generator, count),
        noise_seed=draw_noise_seed(generator),
    )


def jitter_backgrounds(bg: Tensor, levels: Tensor, change: BackgroundChange) -> Tensor:
    """Perturb some backgrounds, as if taken again by a camera that has moved a little.

    They are perturbed at twice the size of the network's input, or at the dataset's size if that is smaller,
    and then scaled: a shift by parts of a pixel at the final size would blur them, which no camera does.

    Args:
        bg: (B, 3, h, w) float in [-1, 1], all backgrounds at the network's size.
        levels: (B, H, W, 3) uint8, the same backgrounds at the dataset's size, on the same device.
        change: of each background.
    """
    generator = torch.Generator(bg.device).manual_seed(change.noise_seed)
    height, width = bg.shape[-2:]
    finer = min(2 * height, levels.shape[1]), min(2 * width, levels.shape[2])

    def jitter(
        some: Tensor, rows: Tensor, warp: Tensor, gain: Tensor, offset: Tensor, noise: Tensor, quality: Tensor
    ) -> Tensor:
        some = to_network(levels[moved(rows, levels.device)], finer)
        some = _expose(_warp(some, warp), gain, offset)
        return resize(jpeg(add_noise(some, noise, generator), quality), (height, width))

    rows = torch.arange(len(bg))
    parameters = (rows, change.warp, change.gain, change.offset, change.noise, change.quality)
    return on_rows(bg, change.jittered, jitter, *parameters)


def withhold_backgrounds(bg: Tensor, change: BackgroundChange) -> Tensor:
    """Replace the withheld ones of backgrounds (B, 3, h, w) by zeros."""
    return on_rows(bg, change.dropped, torch.zeros_like)


def _warp(pictures: Tensor, warp: Tensor) -> Tensor:
    grid = functional.affine_grid(moved(warp, pictures.device), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def _expose(pictures: Tensor, gain: Tensor, offset: Tensor) -> Tensor:
    """Multiply levels counted from black (-1) by gains, as a longer exposure does, and add offsets."""
    gain, offset = (moved(values, pictures.device)[..., None, None] for values in (gain, offset))
    return (pictures * gain).add_(gain - 1 + offset).clamp_(-1, 1)
