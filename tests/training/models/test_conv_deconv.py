import torch
from torch import nn

from training.models import ConvDeconv, default_widths


def test_the_weights_are_those_worked_out_by_hand() -> None:
    network = ConvDeconv((4, 8, 16))
    down = (6 * 4 + 4 * 8 + 8 * 16) * 9
    up = (16 * 8 + 8 * 4) * 16
    norms = 2 * (4 + 8 + 16 + 8 + 4)
    heads = 2 * (4 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == down + up + norms + heads


def test_by_default_it_has_five_layers_and_two_heads() -> None:
    network = ConvDeconv(default_widths("conv-deconv", None))
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(layers) == 5 + 2


@torch.no_grad()
def test_nothing_goes_across() -> None:
    network = ConvDeconv((4, 8, 16)).eval()
    network.down[-1].register_forward_hook(lambda *_: torch.zeros(1, 16, 4, 4))
    one, other = (network(torch.rand(1, 6, 16, 16)).mask_logits for _ in range(2))
    assert torch.equal(one, other)
