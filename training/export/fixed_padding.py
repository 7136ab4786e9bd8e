"""Convolutions that pad as TensorFlow does, changed to a fixed padding before a conversion.

Such encoders (efficientnet, tf_...) compute the padding of each layer from the size of its input. With free
sizes these formulas grow from layer to layer, until torch's conversion takes hours. But the padding is always
the same. The sides of the network's input are multiples of the network's stride, so the sides of each layer's
input are multiples of the layer's stride.
"""

from torch import Tensor, nn
from torch.nn import functional

_NAMES = {"Conv2dSame", "Conv2dDynamicSamePadding"}
"""Classes of timm and segmentation_models_pytorch; other layers stay as they are."""


class _FixedConvolution(nn.Module):
    """A convolution without padding of its own, after a fixed padding by zeros."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        self.padding: list[int] = []
        sides = zip(layer.kernel_size, layer.stride, layer.dilation, strict=True)
        for kernel, stride, dilation in reversed(list(sides)):  # functional.pad begins with the last side
            total = max((kernel - 1) * dilation + 1 - stride, 0)
            self.padding += [total // 2, total - total // 2]

    def forward(self, x: Tensor) -> Tensor:
        it = self.layer
        padded = functional.pad(x, self.padding) if any(self.padding) else x
        return functional.conv2d(padded, it.weight, it.bias, it.stride, 0, it.dilation, it.groups)


def fix_padding(network: nn.Module) -> None:
    """Replace the convolutions of a network that compute their padding; it changes the network."""
    for name, layer in list(network.named_modules()):
        if type(layer).__name__ in _NAMES and isinstance(layer, nn.Conv2d):
            parent, _, last = name.rpartition(".")
            setattr(network.get_submodule(parent), last, _FixedConvolution(layer))
