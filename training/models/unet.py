"""The classic U-Net with one encoder, one decoder and two heads.

Source: Ronneberger, Fischer & Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
with same-padded convolutions and batch normalisation (Ioffe & Szegedy 2015).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_CHANNELS = 6


class Prediction(NamedTuple):
    """What every network answers, by name.

    Attributes:
        mask_logits: (B, 1, H, W) float; the sigmoid is the mask.
        depth: (B, 1, H, W) float in [0, 1], relative inverse depth, 1 nearest.
    """

    mask_logits: Tensor
    depth: Tensor


class UNet(nn.Module):
    """U-Net of two 3x3 conv-BN-ReLU a level.

    Args:
        widths: channels of each level, from the full resolution down; 64,128,256,512,1024 is the
            original's size.

    Shapes:
        (B, 6, H, W) in [-1, 1], channels 0-2 bg, 3-5 fg_bg -> Prediction. Any H and W: the picture is
        padded to the stride (its edge repeated) and the answer cropped back.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.stride = 2 ** (len(widths) - 1)
        encoder_inputs = [INPUT_CHANNELS, *widths[:-1]]
        upward = list(reversed(widths))
        self.encoder = nn.ModuleList(map(_double_conv, encoder_inputs, widths))
        self.upsample = nn.ModuleList(
            nn.ConvTranspose2d(below, here, kernel_size=2, stride=2) for below, here in pairwise(upward)
        )
        self.decoder = nn.ModuleList(_double_conv(2 * here, here) for here in upward[1:])
        self.mask_head = nn.Conv2d(widths[0], 1, kernel_size=1)
        self.depth_head = nn.Conv2d(widths[0], 1, kernel_size=1)

    def forward(self, picture: Tensor) -> Prediction:
        height, width = picture.shape[-2:]
        x = functional.pad(picture, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for upsample, block in zip(self.upsample, self.decoder, strict=True):
            x = block(torch.cat([upsample(x), skips.pop()], dim=1))
        x = x[..., :height, :width]
        return Prediction(self.mask_head(x), self.depth_head(x).sigmoid())


def _double_conv(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
