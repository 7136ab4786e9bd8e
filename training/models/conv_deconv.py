"""The small baseline: strided convolutions down, transposed convolutions up, no skip connections.

Source: Zeiler et al. 2010, "Deconvolutional Networks"; kernels of 4 at a stride of 2, which overlap evenly
(Odena, Dumoulin & Olah 2016).
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from training.models.network import Network


class ConvDeconv(Network):
    """2 N - 1 layers for N widths: a convolution, N - 1 strided and N - 1 transposed convolutions.

    Args:
        widths: channels of each level, from the full resolution down; three widths make five layers.
        inputs, classes, depth: see `Architecture`.
    """

    def __init__(self, widths: Sequence[int], inputs: int = 6, classes: int = 1, depth: bool = True) -> None:
        super().__init__(inputs, stride=2 ** (len(widths) - 1))
        down = [nn.Conv2d(inputs, widths[0], kernel_size=3, padding=1, bias=False)]
        down += [
            nn.Conv2d(here, below, kernel_size=3, stride=2, padding=1, bias=False)
            for here, below in pairwise(widths)
        ]
        up = [
            nn.ConvTranspose2d(below, here, kernel_size=4, stride=2, padding=1, bias=False)
            for below, here in pairwise(reversed(widths))
        ]
        self.down = nn.ModuleList(map(_activated, down))
        self.up = nn.ModuleList(map(_activated, up))
        self.add_heads(widths[0], classes, depth)

    def features(self, picture: Tensor) -> Tensor:
        x = picture
        for layer in (*self.down, *self.up):
            x = layer(x)
        return x


def _activated(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True))
