import pytest
import torch
from torch import nn
from torch.nn import functional

from training.models import Prediction, UNet


@pytest.fixture(scope="module")
def network() -> UNet:
    """A network of stride 4 whose batch statistics have changed from their initial values."""
    torch.manual_seed(0)
    network = UNet((4, 6, 8))
    for _ in range(3):
        network(torch.rand(4, 6, 16, 16) * 2 - 1)
    return network.eval()


def pictures(count: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(count, 6, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7), (4, 4), (8, 12), (9, 3), (1, 30)])
@torch.no_grad()
def test_answers_have_the_size_of_the_picture(network: UNet, height: int, width: int) -> None:
    prediction = network(pictures(2, height, width))
    assert prediction.mask_logits.shape == prediction.depth.shape == (2, 1, height, width)


@torch.no_grad()
def test_heads_are_named_and_only_depth_is_squashed(network: UNet) -> None:
    prediction = network(pictures(2, 8, 8) * 1000)
    assert isinstance(prediction, Prediction)
    assert prediction._fields == ("mask_logits", "depth")
    assert prediction.depth.min() >= 0 and prediction.depth.max() <= 1
    assert prediction.mask_logits.min() < 0 or prediction.mask_logits.max() > 1


@torch.no_grad()
def test_each_head_answers_by_its_own_weights(network: UNet) -> None:
    picture = pictures(1, 8, 8)
    for head, untouched in (("mask_head", "depth"), ("depth_head", "mask_logits")):
        before = network(picture)
        bias = network.get_submodule(head).bias
        assert isinstance(bias, nn.Parameter)
        bias += 1
        after = network(picture)
        bias -= 1
        changed = [
            name
            for name in Prediction._fields
            if not torch.equal(getattr(before, name), getattr(after, name))
        ]
        assert changed == [name for name in Prediction._fields if name != untouched]


@pytest.mark.parametrize(("height", "width"), [(5, 7), (8, 6), (7, 8)])
@torch.no_grad()
def test_other_sizes_are_padded_with_their_edge_and_cropped_back(
    network: UNet, height: int, width: int
) -> None:
    picture = pictures(1, height, width)
    padded = functional.pad(picture, (0, 8 - width, 0, 8 - height), mode="replicate")
    for answer, expected in zip(network(picture), network(padded), strict=True):
        assert torch.allclose(answer, expected[..., :height, :width], atol=1e-6)


@torch.no_grad()
def test_a_fitting_size_is_not_padded(network: UNet) -> None:
    seen = []
    hook = network.encoder[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    picture = pictures(1, 8, 12)
    network(picture)
    hook.remove()
    assert torch.equal(seen[0], picture)


@torch.no_grad()
def test_a_sample_is_answered_alike_in_any_company(network: UNet) -> None:
    batch, order = pictures(4, 8, 8), torch.tensor([2, 0, 3, 1])
    for straight, mixed in zip(network(batch), network(batch[order]), strict=True):
        assert torch.allclose(straight[order], mixed, atol=1e-6)
        assert not torch.allclose(straight, mixed, atol=1e-4)
    assert torch.allclose(network(batch).depth[1:2], network(batch[1:2]).depth, atol=1e-6)


@torch.no_grad()
def test_every_input_channel_counts(network: UNet) -> None:
    picture = pictures(1, 8, 8)
    for channel in range(6):
        other = picture.clone()
        other[:, channel] *= -1
        assert not torch.equal(network(picture).mask_logits, network(other).mask_logits)


def test_every_weight_gets_a_gradient() -> None:
    network = UNet((4, 6, 8))
    prediction = network(pictures(2, 8, 8))
    (prediction.mask_logits.square().sum() + prediction.depth.sum()).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_the_original_widths_give_31_million_parameters() -> None:
    with torch.device("meta"):
        network = UNet((64, 128, 256, 512, 1024))
    # A U-Net of one input channel and one class has 31,030,593 weights, with biases in its 18 convolutions
    # of 3 x 3 and without normalisation. Ours has 2 * 5,888 weights of normalisation instead of 5,888
    # biases, 5 more inputs (5 * 64 * 9 weights), and the depth head (64 + 1).
    assert sum(weight.numel() for weight in network.parameters()) == 31_030_593 + 5_888 + 2_880 + 65
    assert network.stride == 16
