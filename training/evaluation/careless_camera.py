"""How evaluation perturbs backgrounds: always in the same way, so that figures can be compared.

Training draws from wider ranges (`training.augment.backgrounds`).
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.augment.jpeg import jpeg
from training.augment.keyed import keyed_generator

SHIFT = 2
"""Pixels at the dataset's own size, whatever resolution is evaluated."""
GAIN = 1.1
NOISE = 5.0
"""Standard deviation, in levels of 0 to 255."""
QUALITY = 75
"""JPEG quality."""

_SEED = 0
_STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""(down, right): where a pixel comes from, in shifts."""


def perturb_backgrounds(bg: Tensor, rows: np.ndarray) -> Tensor:
    """Change backgrounds as a careless camera would.

    Each is shifted by 2 px right, left, down or up (its edge repeated), exposed 1.1 times as long, made noisy
    (sigma 5 of 255) and compressed as JPEG of quality 75, in this order. Direction and noise depend only on
    the number of the sample, not on its batch or the device.

    Args:
        bg: (B, 3, h, w) float in [-1, 1], on any device.
        rows: (B,) integers, the samples' numbers in their split.

    Returns:
        (B, 3, h, w) float in [-1, 1].
    """
    height, width = bg.shape[-2:]
    padded = functional.pad(bg, (SHIFT,) * 4, "replicate")
    shifted, noise = torch.empty_like(bg), torch.empty(bg.shape)
    for place, row in enumerate(rows.tolist()):
        generator = keyed_generator(_SEED, row, stream=0)
        down, right = _STEPS[int(torch.randint(len(_STEPS), (), generator=generator))]
        top, left = SHIFT * (1 + down), SHIFT * (1 + right)
        shifted[place] = padded[place, :, top : top + height, left : left + width]
        noise[place] = torch.randn(noise.shape[1:], generator=generator)
    levels = (shifted + 1) * (GAIN * 127.5)
    levels = levels.clamp_(max=255) + noise.to(bg.device) * NOISE
    return jpeg((levels / 127.5 - 1).clamp_(-1, 1), torch.full((len(bg),), float(QUALITY)))
