import torch
from torch import nn

from training.models import UNetELU


def test_the_weights_are_those_worked_out_by_hand() -> None:
    network = UNetELU((4, 8))
    stem = 6 * 4 * 9
    first = (2 * 4 + 4 * 4 * 9) + (2 * 4 + 4 * 4 * 9)  # normalisation has two weights per channel
    second = (2 * 4 + 4 * 8 * 9) + (2 * 8 + 8 * 8 * 9)
    back = (2 * 12 + 12 * 4 * 9) + (2 * 4 + 4 * 4 * 9)  # 8 upsampled channels and 4 from the encoder
    heads = 2 * 4 + 2 * (4 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == stem + first + second + back + heads


def test_it_normalises_and_activates_before_it_convolves() -> None:
    for block in (*UNetELU((4, 8)).encoder, *UNetELU((4, 8)).decoder):
        assert [type(layer) for layer in block.children()] == [nn.BatchNorm2d, nn.ELU, nn.Conv2d] * 2


@torch.no_grad()
def test_what_comes_from_below_is_repeated_and_what_comes_across_is_not() -> None:
    network = UNetELU((4, 8)).eval()
    seen: list[torch.Tensor] = []
    network.decoder[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    network(torch.rand(1, 6, 8, 8))
    below, across = seen[0][:, :8], seen[0][:, 8:]
    for part, repeats in ((below, True), (across, False)):
        corners = part[..., ::2, ::2].repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
        assert torch.equal(part, corners) is repeats
