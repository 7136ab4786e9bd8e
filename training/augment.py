"""What happens to backgrounds in training: they are never pixel-perfect outside the lab, and may be absent.

Parameters are drawn as a record from a keyed generator, then applied.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

MAX_SHIFT = 0.03
"""Of the picture's side, each way."""
MAX_TURN = math.radians(1.0)
MAX_SCALE = 0.02
MAX_GAIN = 0.15
MAX_OFFSET = 0.06
MAX_NOISE = 0.08
"""Standard deviation; pictures span [-1, 1]."""


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
    generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)

    def between(size: float, *shape: int) -> Tensor:
        return (torch.rand(count, *shape, generator=generator) * 2 - 1) * size

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
