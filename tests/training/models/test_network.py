"""Rules that every network follows."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from generator.errors import ConfigError
from training.models import (
    MODELS,
    Architecture,
    ConvDeconv,
    EncoderUNet,
    Network,
    Prediction,
    UNet,
    UNetELU,
    build_model,
    default_widths,
)

Make = Callable[..., Network]


def pictures(count: int, channels: int, height: int, width: int) -> torch.Tensor:
    shape = count, channels, height, width
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@torch.no_grad()
def test_answers_have_the_size_of_any_picture(make: Make) -> None:
    network = make().eval()
    for height, width in ((1, 1), (5, 7), (32, 64), (33, 3), (1, 70)):
        prediction = network(pictures(2, 6, height, width))
        assert prediction.depth is not None
        assert prediction.mask_logits.shape == prediction.depth.shape == (2, 1, height, width)


@torch.no_grad()
def test_other_sizes_are_padded_with_their_edge(make: Make) -> None:
    network = make().eval()
    picture = pictures(1, 6, network.stride + 1, network.stride - 1)
    padded = functional.pad(picture, (0, 1, 0, network.stride - 1), mode="replicate")
    for answer, expected in zip(network(picture), network(padded), strict=True):
        assert torch.allclose(answer, expected[..., : network.stride + 1, : network.stride - 1], atol=1e-6)


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("depth", [True, False])
@pytest.mark.parametrize("inputs", [6, 3])
def test_heads_and_inputs_are_as_asked_and_every_weight_learns(
    make: Make, classes: int, depth: bool, inputs: int
) -> None:
    network = make(classes=classes, depth=depth, inputs=inputs)
    assert network.inputs == inputs
    prediction = network(pictures(2, inputs, 64, 40))
    assert prediction.mask_logits.shape == (2, classes, 64, 40)
    loss = prediction.mask_logits.square().sum()
    if depth:
        assert prediction.depth is not None and prediction.depth.shape == (2, 1, 64, 40)
        assert prediction.depth.min() >= 0 and prediction.depth.max() <= 1
        loss = loss + prediction.depth.square().sum()
    else:
        assert prediction.depth is None
        assert not any("depth" in name for name in network.state_dict())
    loss.backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []
    still = [
        name
        for name, weight in network.named_parameters()
        if weight.grad is not None and not weight.grad.any()
    ]
    assert still == []


@torch.no_grad()
def test_every_input_channel_counts(make: Make) -> None:
    network = make().eval()
    picture = pictures(1, 6, 32, 32)
    for channel in range(6):
        other = picture.clone()
        other[:, channel] *= -1
        assert not torch.equal(network(picture).mask_logits, network(other).mask_logits)


def test_a_change_of_each_part_leaves_out_the_depth_that_is_not_there() -> None:
    ones = torch.ones(1, 1, 2, 2)
    doubled = Prediction(ones, 3 * ones).each(lambda part: 2 * part)
    assert doubled.mask_logits.unique() == 2 and doubled.depth is not None and doubled.depth.unique() == 6
    assert Prediction(ones, None).each(lambda part: -part).depth is None


@pytest.mark.parametrize(
    ("fields", "kind", "stride"),
    [
        ({"model": "unet"}, UNet, 16),
        ({"model": "unet-elu"}, UNetELU, 16),
        ({"model": "conv-deconv"}, ConvDeconv, 4),
        ({"model": "unet", "encoder": "mobilenet_v2"}, EncoderUNet, 32),
    ],
)
def test_networks_are_built_by_name_with_their_own_widths(
    fields: dict[str, str], kind: type[Network], stride: int
) -> None:
    widths = default_widths(fields["model"], fields.get("encoder"))
    network = build_model(Architecture(widths=widths, **fields))
    assert type(network) is kind and network.stride == stride
    assert network.mask_head.in_channels == widths[0]


def test_an_unknown_network_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=rf"`model`: expected one of {', '.join(MODELS)}, found resunet"):
        build_model(Architecture("resunet", (4, 8)))
