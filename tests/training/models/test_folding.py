import torch
from torch import nn

from training.models.folding import fold_normalisation

from .conftest import Make


def test_the_answers_stay(make: Make) -> None:
    """Of networks of all kinds, with statistics and factors that are not the first ones."""
    network = make()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight, module.bias, module.running_mean, module.running_var):
                assert values is not None
                values.data.uniform_(0.5, 1.5)
    network.eval()
    inputs = torch.rand(2, network.inputs, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        before = network(inputs)
        fold_normalisation(network)
        after = network(inputs)
    assert torch.allclose(before.mask_logits, after.mask_logits, atol=1e-4, rtol=1e-4)
    assert before.depth is not None and torch.allclose(before.depth, after.depth, atol=1e-4)


def test_what_follows_a_convolution_is_folded() -> None:
    layers = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.ReLU(), nn.BatchNorm2d(3)).eval()
    fold_normalisation(layers)
    assert [type(layer) for layer in layers] == [nn.Conv2d, nn.Identity, nn.ReLU, nn.BatchNorm2d]
