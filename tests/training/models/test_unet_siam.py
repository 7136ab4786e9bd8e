import pytest
import torch

from training.models import Architecture, Network, build_model


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return build_model(Architecture("unet-siam", (4, 8))).eval()


def drawn(seed: int) -> torch.Tensor:
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def joined(network: Network, bg: torch.Tensor, fg_bg: torch.Tensor) -> torch.Tensor:
    """What the second layer gets, (2, 3, 16, 16, 16): of the background, of the picture, how they differ."""
    seen: list[torch.Tensor] = []
    handle = network.encoder[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(torch.cat([bg, fg_bg], dim=1))
    handle.remove()
    return seen[0].unflatten(1, (3, -1))


def test_background_and_picture_pass_the_same_layer(network: Network) -> None:
    one, other = drawn(1), drawn(2)
    there, back = joined(network, one, other), joined(network, other, one)
    assert torch.equal(there[:, 0], back[:, 1]) and torch.equal(there[:, 1], back[:, 0])
    assert torch.equal(there[:, 2], (there[:, 1] - there[:, 0]).abs()) and there[:, 2].any()
    assert not joined(network, one, one)[:, 2].any()


def test_what_is_absent_differs_nowhere(network: Network) -> None:
    bg = drawn(1)
    bg[1] = 0
    parts = joined(network, bg, drawn(2))
    assert parts[0, 0].any() and parts[0, 2].any()
    assert not parts[1, 0].any() and not parts[1, 2].any() and parts[1, 1].any()


def test_without_channels_for_a_background_it_sees_the_picture_alone() -> None:
    alone = build_model(Architecture("unet-siam", (4, 8), inputs=3))
    assert alone(drawn(1)).mask_logits.shape == (2, 1, 16, 16)
    assert alone.encoder[0][0].weight.shape[1] == alone.stem[0].weight.shape[0]
