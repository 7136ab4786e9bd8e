"""A batch as it is read: tensors of integers."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class IntegerBatch:
    """Samples as tensors, still integers.

    Attributes:
        bg: (B, H, W, 3) uint8.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8.
        depth: (B, H, W) int16 that holds the bits of uint16 (which torch computes little with).
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All of them."""
        return self.bg, self.fg_bg, self.mask, self.depth

    def to(self, device: torch.device) -> "IntegerBatch":
        """The same batch on a device; itself where it is there already."""
        return IntegerBatch(*(tensor.to(device) for tensor in self.tensors()))
