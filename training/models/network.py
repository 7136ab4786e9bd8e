"""What all networks share: the answer and its truth by name, the two heads, and any input size."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

PICTURE_CHANNELS = 3
"""Of the background, and of the picture, in the input of a network."""


class Prediction(NamedTuple):
    """The answer of every network, by name.

    Attributes:
        mask_logits: (B, C, H, W) float, which `training.target` reads.
        depth: (B, 1, H, W) float in [0, 1], relative inverse depth, 1 nearest; None without a depth head.
    """

    mask_logits: Tensor
    depth: Tensor | None

    def each(self, change: Callable[[Tensor], Tensor]) -> "Prediction":
        """The same change applied to every part that there is."""
        return Prediction(change(self.mask_logits), None if self.depth is None else change(self.depth))


@dataclass(frozen=True)
class Truth:
    """What a network should answer.

    Attributes:
        mask: as `training.target` scales it: (B, 1, h, w) float for alpha, (B, h, w) int64 for classes.
        depth: (B, 1, h, w) float in [0, 1], relative inverse depth; 0 where unknown.
        known: (B, 1, h, w) bool, where depth is known.
    """

    mask: Tensor
    depth: Tensor
    known: Tensor


class Network(nn.Module, ABC):
    """From pictures to a Prediction of the same size; subclasses compute the features for the heads.

    Args:
        inputs: channels of the input: 6, or 3 for a network that takes no background.
        stride: the sides of pictures given to `features` are multiples of it.

    Shapes:
        (B, inputs, H, W) in [-1, 1], channels 0-2 bg, 3-5 fg_bg (or 0-2 fg_bg) -> Prediction. Any H and W:
        the picture is padded to the stride (its edge repeated) and the answer cropped back.
    """

    depth_head: nn.Conv2d | None

    def __init__(self, inputs: int, stride: int) -> None:
        super().__init__()
        self.inputs, self.stride = inputs, stride

    def add_heads(self, channels: int, classes: int, depth: bool) -> None:
        """Add heads for features with this number of channels; the last step of making a network."""
        self.mask_head = nn.Conv2d(channels, classes, kernel_size=1)
        self.depth_head = nn.Conv2d(channels, 1, kernel_size=1) if depth else None

    @abstractmethod
    def features(self, picture: Tensor) -> Tensor:
        """(B, inputs, H, W) with H and W multiples of the stride -> (B, channels, H, W)."""

    def forward(self, picture: Tensor) -> Prediction:
        height, width = picture.shape[-2:]
        right, below = -width % self.stride, -height % self.stride
        x = self.features(functional.pad(picture, (0, right, 0, below), mode="replicate"))
        x = x[..., :height, :width]
        mask_logits = self.mask_head(x)
        return Prediction(mask_logits, None if self.depth_head is None else self.depth_head(x).sigmoid())
