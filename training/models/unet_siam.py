"""A U-Net that sees the background and the picture with the same eyes, and their difference.

Source: Daudt, Le Saux & Boulch 2018, "Fully convolutional Siamese networks for change detection". There the
whole encoder is shared and doubles the time of a step; here the first layer is, and then both are joined.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.models.network import PICTURE_CHANNELS
from training.models.unet import UNet, conv

_LEAST_STEM = 16


class UNetSiam(UNet):
    """U-Net whose first layer is the same for background and picture; the next gets both and how they differ.

    A background that is zero everywhere is absent, and does not differ. With 3 inputs there is none at all.

    Args:
        widths: channels of each level, from the full resolution down.
        inputs, classes, depth: see `Architecture`.
    """

    def __init__(self, widths: Sequence[int], inputs: int = 6, classes: int = 1, depth: bool = True) -> None:
        super().__init__(widths, inputs, classes, depth)
        channels = max(_LEAST_STEM, widths[0] // 2)
        self.stem = conv(PICTURE_CHANNELS, channels)
        self.encoder[0] = conv(channels if inputs == PICTURE_CHANNELS else 3 * channels, widths[0])

    def features(self, picture: Tensor) -> Tensor:
        if self.inputs == PICTURE_CHANNELS:
            return super().features(self.stem(picture))
        bg, fg_bg = picture.chunk(2, dim=1)
        is_there = (bg != 0).flatten(1).any(dim=1)[:, None, None, None]
        pair = torch.cat([bg, fg_bg]).contiguous(memory_format=torch.channels_last)
        of_bg, of_fg_bg = self.stem(pair).unflatten(0, (2, -1))
        is_there = is_there.to(of_bg.dtype)
        joined = [of_bg * is_there, of_fg_bg, (of_fg_bg - of_bg).abs() * is_there]
        return super().features(torch.cat(joined, dim=1))
