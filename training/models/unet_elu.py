"""A U-Net that normalises and activates before each convolution, and upsamples without weights.

Source: He et al. 2016, "Identity Mappings in Deep Residual Networks" (pre-activation, here without the
residuals); Clevert, Unterthiner & Hochreiter 2016 (ELU); Odena, Dumoulin & Olah 2016, "Deconvolution and
Checkerboard Artifacts" (nearest upsampling).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.network import Network


class UNetELU(Network):
    """U-Net with two BN-ELU-conv in each level, after a first convolution.

    Args:
        widths: channels of each level, from the full resolution down.
        inputs, classes, depth: see `Architecture`.
    """

    def __init__(self, widths: Sequence[int], inputs: int = 6, classes: int = 1, depth: bool = True) -> None:
        super().__init__(inputs, stride=2 ** (len(widths) - 1))
        self.stem = nn.Conv2d(inputs, widths[0], kernel_size=3, padding=1, bias=False)
        self.encoder = nn.ModuleList(map(_double_conv, [widths[0], *widths[:-1]], widths))
        self.decoder = nn.ModuleList(
            _double_conv(below + here, here) for below, here in pairwise(reversed(widths))
        )
        self.last = nn.Sequential(nn.BatchNorm2d(widths[0]), nn.ELU(inplace=True))
        self.add_heads(widths[0], classes, depth)

    def features(self, picture: Tensor) -> Tensor:
        x: Tensor = self.stem(picture)
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for block in self.decoder:
            x = block(torch.cat([functional.interpolate(x, scale_factor=2.0), skips.pop()], dim=1))
        features: Tensor = self.last(x)
        return features


def _double_conv(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.BatchNorm2d(channels),
            nn.ELU(inplace=True),
            nn.Conv2d(channels, outputs, kernel_size=3, padding=1, bias=False),
        ]
    return nn.Sequential(*layers)
