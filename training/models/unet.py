"""The classic U-Net with one encoder, one decoder and two heads.

Source: Ronneberger, Fischer & Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
with same-padded convolutions and batch normalisation (Ioffe & Szegedy 2015).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.network import Network


class UNet(Network):
    """U-Net with two 3x3 conv-BN-ReLU in each level.

    Args:
        widths: channels of each level, from the full resolution down; 64,128,256,512,1024 is the size of
            the original.
        inputs, classes, depth: see `Architecture`.
    """

    def __init__(self, widths: Sequence[int], inputs: int = 6, classes: int = 1, depth: bool = True) -> None:
        super().__init__(inputs, stride=2 ** (len(widths) - 1))
        encoder_inputs = [inputs, *widths[:-1]]
        upward = list(reversed(widths))
        self.encoder = nn.ModuleList(map(_double_conv, encoder_inputs, widths))
        self.upsample = nn.ModuleList(
            nn.ConvTranspose2d(below, here, kernel_size=2, stride=2) for below, here in pairwise(upward)
        )
        self.decoder = nn.ModuleList(_double_conv(2 * here, here) for here in upward[1:])
        self.add_heads(widths[0], classes, depth)

    def features(self, picture: Tensor) -> Tensor:
        x = picture
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for upsample, block in zip(self.upsample, self.decoder, strict=True):
            x = block(torch.cat([upsample(x), skips.pop()], dim=1))
        return x


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution that keeps the size, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _double_conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(*conv(inputs, outputs), *conv(outputs, outputs))
