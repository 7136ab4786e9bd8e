"""A batch as it is read: tensors of integers."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class IntegerBatch:
    """Samples as tensors, still integers.

    Attributes:
        bg: (B, H, W, 3) uint8; None where the dataset has none, or the network does not need it.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8.
        depth: (B, H, W) int16 that holds the bits of uint16, for which torch has few operations.
    """

    bg: Tensor | None
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    def tensors(self) -> list[Tensor]:
        """All tensors that there are."""
        return [tensor for tensor in (self.bg, self.fg_bg, self.mask, self.depth) if tensor is not None]

    def to(self, device: torch.device) -> "IntegerBatch":
        """The same batch on a device; not a copy where it is there already."""
        bg = None if self.bg is None else self.bg.to(device)
        return IntegerBatch(bg, self.fg_bg.to(device), self.mask.to(device), self.depth.to(device))

    def without_bg(self) -> "IntegerBatch":
        """The same batch without backgrounds."""
        return replace(self, bg=None)
