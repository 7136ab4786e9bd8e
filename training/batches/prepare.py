"""Scaling and converting whole batches of integers for the network, on their device."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN
from generator.resize import scaled_size
from training.batches.batch import IntegerBatch
from training.models import Truth
from training.resize import resize_levels
from training.target import Target


@dataclass(frozen=True)
class Prepared:
    """A batch at the training resolution: bg and fg_bg (B, 3, h, w) float in [-1, 1], and the truth.

    `bg` is None in a batch without backgrounds.
    """

    bg: Tensor | None
    fg_bg: Tensor
    truth: Truth


def prepare(batch: IntegerBatch, target: Target, res: int) -> Prepared:
    """Scale and convert a batch.

    Args:
        batch: on the device.
        target: scales the mask.
        res: longer side in pixels; the aspect is kept.
    """
    height, width = batch.mask.shape[1:]
    size = scaled_size(height, width, res)
    truth = Truth(target.scale(batch.mask, size), *to_depth(batch.depth, size))
    bg = None if batch.bg is None else to_network(batch.bg, size)
    return Prepared(bg, to_network(batch.fg_bg, size), truth)


def to_depth(integers: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Depth (B, H, W) int16 that holds the bits of uint16 -> depth and known as `Truth` has them."""
    # Nearest: no depth lies between two surfaces, and unknown pixels must not spread.
    levels = (integers[:, None].int() & 0xFFFF).float()
    if levels.shape[2:] != size:
        levels = functional.interpolate(levels, size, mode="nearest-exact")
    known = levels != UNKNOWN
    return levels.sub_(FARTHEST).clamp_(min=0).div_(NEAREST - FARTHEST), known


def to_network(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, h, w) float in [-1, 1]."""
    return resize_levels(pictures, size).div_(127.5).sub_(1)


def join(bg: Tensor | None, fg_bg: Tensor, inputs: int = 6) -> Tensor:
    """The network's input (B, 6, h, w): the background first, zeros if there is none.

    With 3 inputs it is fg_bg alone, (B, 3, h, w).
    """
    if inputs == 3:
        return fg_bg
    return torch.cat([torch.zeros_like(fg_bg) if bg is None else bg, fg_bg], dim=1)
