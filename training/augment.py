"""What happens to samples in training, so that the network learns things and not these pictures.

A whole sample may be mirrored and seen in another light. Its background alone may be perturbed, because it
is never pixel-perfect outside the lab, or withheld. Parameters are drawn as a record from a keyed generator,
then applied.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.prepare import Prepared, Truth

MAX_LIGHT = 0.3
"""Of a whole sample: how far exposure and contrast go from 1, each way."""
MAX_CAST = 0.15
"""Of a whole sample: how far each channel's share goes from the others."""
MAX_SATURATION = 0.6
MAX_HUE = math.radians(45)

MAX_SHIFT = 0.015
"""Of the picture's side, each way."""
MAX_TURN = math.radians(0.5)
MAX_SCALE = 0.01
MAX_GAIN = 0.12
MAX_OFFSET = 0.06
MAX_NOISE = 0.06
"""Standard deviation; pictures span [-1, 1]."""


@dataclass(frozen=True)
class View:
    """How each whole sample of a batch is seen.

    Attributes:
        mirrored: (B,) bool.
        colour: (B, 3, 3) float, maps the channels of a picture in [-1, 1].
        offset: (B, 3) float, added to them.
    """

    mirrored: Tensor
    colour: Tensor
    offset: Tensor


def draw_view(seed: int, step: int, count: int) -> View:
    """Draw for one batch; a pure function of its arguments, as `draw_background_change`."""
    generator = _generator(seed, step, stream=1)
    mirrored = torch.rand(count, generator=generator) < 0.5
    contrast = 1 + _between(MAX_LIGHT, generator, count)
    gain = contrast[:, None] * (1 + _between(MAX_CAST, generator, count, 3))
    saturation = 1 + _between(MAX_SATURATION, generator, count)
    # Saturation moves colours away from or towards their grey, the mean of the channels; hue turns them
    # about it.
    grey = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = _between(MAX_HUE, generator, count)[:, None, None]
    turned = hue.cos() * (torch.eye(3) - grey) + hue.sin() * cross
    mix = grey + saturation[:, None, None] * turned
    return View(mirrored, gain[:, :, None] * mix, _between(MAX_LIGHT, generator, count)[:, None].repeat(1, 3))


def apply_view(batch: Prepared, view: View) -> Prepared:
    """Mirror whole samples and relight bg and fg_bg alike; mask and depth follow exactly."""
    device = batch.bg.device
    mirrored = view.mirrored.to(device)[:, None, None, None]
    colour, offset = view.colour.to(device), view.offset.to(device)[:, :, None, None]

    def mirror(tensor: Tensor) -> Tensor:
        return torch.where(mirrored, tensor.flip(-1), tensor)

    def relight(picture: Tensor) -> Tensor:
        return (torch.einsum("bij,bjhw->bihw", colour, mirror(picture)) + offset).clamp(-1, 1)

    truth = batch.truth
    return Prepared(
        relight(batch.bg),
        relight(batch.fg_bg),
        Truth(mirror(truth.mask), mirror(truth.depth), mirror(truth.known)),
    )


@dataclass(frozen=True)
class BackgroundChange:
    """What happens to each background of a batch.

    Attributes:
        dropped: (B,) bool, withheld altogether.
        warp: (B, 2, 3) float, affine map of output to input coordinates in [-1, 1].
        gain: (B, 3) float factors per channel, about 1.
        offset: (B, 3) float, about 0.
        noise: (B,) float standard deviations.
        noise_seed: of the noise itself.
    """

    dropped: Tensor
    warp: Tensor
    gain: Tensor
    offset: Tensor
    noise: Tensor
    noise_seed: int


def draw_background_change(
    seed: int, step: int, count: int, dropout: float, jitter: float
) -> BackgroundChange:
    """Draw for one batch; a pure function of its arguments.

    Args:
        seed: of the run.
        step: number of the batch since the run began.
        count: samples in the batch.
        dropout: share of backgrounds withheld.
        jitter: share of backgrounds perturbed.
    """
    generator = _generator(seed, step, stream=0)

    def between(size: float, *shape: int) -> Tensor:
        return _between(size, generator, count, *shape)

    kind = torch.rand(count, generator=generator)
    jittered = (kind >= dropout) & (kind < dropout + jitter)
    turn, scale, shift = between(MAX_TURN), 1 + between(MAX_SCALE), between(2 * MAX_SHIFT, 2)
    cos, sin = scale * turn.cos(), scale * turn.sin()
    warp = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    # One exposure for all channels, and a little colour cast.
    gain = 1 + between(MAX_GAIN)[:, None] + between(MAX_GAIN / 4, 3)
    offset = between(MAX_OFFSET)[:, None] + between(MAX_OFFSET / 4, 3)
    noise = torch.rand(count, generator=generator) * MAX_NOISE
    still = ~jittered
    warp[still] = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    gain[still], offset[still], noise[still] = 1.0, 0.0, 0.0
    noise_seed = int(torch.randint(2**62, (), generator=generator))
    return BackgroundChange(kind < dropout, warp, gain, offset, noise, noise_seed)


def change_backgrounds(bg: Tensor, change: BackgroundChange) -> Tensor:
    """Apply a change to backgrounds (B, 3, h, w) in [-1, 1]; a withheld one becomes zeros."""
    device = bg.device
    changed = change.noise > 0
    if changed.any():
        rows = changed.nonzero()[:, 0].to(device)
        some = bg[rows]
        grid = functional.affine_grid(change.warp[changed].to(device), list(some.shape), align_corners=False)
        some = functional.grid_sample(some, grid, padding_mode="reflection", align_corners=False)
        some = some * change.gain[changed].to(device)[..., None, None]
        some = some + change.offset[changed].to(device)[..., None, None]
        generator = torch.Generator(device).manual_seed(change.noise_seed)
        noise = torch.randn(some.shape, generator=generator, device=device)
        some = some + noise * change.noise[changed].to(device)[:, None, None, None]
        bg = bg.index_copy(0, rows, some.clamp(-1, 1).to(bg.dtype))
    return bg * (~change.dropped).to(device, bg.dtype)[:, None, None, None]


def _generator(seed: int, step: int, stream: int) -> torch.Generator:
    """A generator of its own for every (seed, step, stream)."""
    word = np.random.Philox(key=seed, counter=[0, 1 + stream, step, 0]).random_raw()
    return torch.Generator().manual_seed(int(word) % 2**63)


def _between(size: float, generator: torch.Generator, *shape: int) -> Tensor:
    """Uniform in [-size, size)."""
    return (torch.rand(shape, generator=generator) * 2 - 1) * size
