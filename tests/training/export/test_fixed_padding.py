import pytest
import torch
from segmentation_models_pytorch.encoders._efficientnet import Conv2dDynamicSamePadding
from timm.layers import Conv2dSame
from torch import nn

from training.export.fixed_padding import fix_padding


@pytest.mark.parametrize("kind", [Conv2dSame, Conv2dDynamicSamePadding])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 2), (1, 2), (4, 4), (2, 1)])
def test_it_computes_the_same(kind: type[nn.Conv2d], kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Sequential(kind(2, 3, kernel, stride=stride)), nn.ReLU())
    pictures = [
        torch.randn(1, 2, rows * stride, columns * stride) for rows, columns in ((1, 1), (2, 5), (4, 3))
    ]
    before = [network(picture) for picture in pictures]
    fix_padding(network)
    assert not any(isinstance(part, kind) for part in network[0].children())
    for picture, wanted in zip(pictures, before, strict=True):
        torch.testing.assert_close(network(picture), wanted)
