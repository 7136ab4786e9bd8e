import pytest
import torch
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn

from generator.errors import ConfigError
from training.models import EncoderUNet
from training.models.encoders import encoder_name, normalisation

WIDTHS = (4, 4, 4, 8, 8)


def test_names_of_both_libraries_are_known() -> None:
    assert encoder_name("resnet34") == "resnet34"
    assert encoder_name("convnext_tiny") == encoder_name("tu-convnext_tiny") == "tu-convnext_tiny"


@pytest.mark.parametrize(
    ("name", "close"), [("resnet43", "resnet34"), ("timm-efficientnet-b0", "efficientnet_b0")]
)
def test_an_unknown_name_is_refused_with_close_ones(name: str, close: str) -> None:
    with pytest.raises(ConfigError, match=rf"`encoder`: .* found {name}; there is .*{close}"):
        encoder_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("swin_tiny_patch4_window7_224", r"doesn't match"), ("vit_tiny_patch16_224", "downsampling")],
)
def test_an_encoder_of_one_size_or_one_scale_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"for pictures of any size, found {name}: .*{reason}"):
        EncoderUNet(name, WIDTHS)


def test_as_many_widths_as_the_encoder_halves() -> None:
    with pytest.raises(ConfigError, match="`widths`: expected 5 widths with `encoder`, found 4,8"):
        EncoderUNet("resnet18", (4, 8))


def test_the_encoder_keeps_its_size_and_gets_no_weights_it_never_uses() -> None:
    # ResNet-18 has 11,689,512 weights, 512 * 1000 + 1000 of them in the classifier. Here: 3 more inputs.
    encoder = EncoderUNet("resnet18", WIDTHS).encoder
    assert sum(weight.numel() for weight in encoder.parameters()) == 11_689_512 - 513_000 + 3 * 64 * 49
    network = EncoderUNet("efficientnet-b0", WIDTHS)
    prediction = network(torch.rand(2, 6, 32, 32))
    (prediction.mask_logits.sum() + prediction.depth.sum()).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@torch.no_grad()
def test_the_encoder_sees_the_pictures_as_it_was_trained_on_them() -> None:
    network = EncoderUNet("mobilenet_v2", WIDTHS).eval()
    seen: list[torch.Tensor] = []
    network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    colours = torch.tensor([0.0, 128.0, 255.0, 124.0, 116.0, 104.0]).view(1, 6, 1, 1).expand(1, 6, 32, 32)
    network(colours / 127.5 - 1)
    mean, std = torch.tensor([0.485, 0.456, 0.406] * 2), torch.tensor([0.229, 0.224, 0.225] * 2)
    assert torch.allclose(seen[0][0, :, 0, 0], (colours[0, :, 0, 0] / 255 - mean) / std, atol=1e-5)


def test_each_encoder_has_the_normalisation_of_its_own_weights() -> None:
    assert normalisation("tu-inception_v4") == normalisation("inceptionv4") == ((0.5,) * 3, (0.5,) * 3)
    for own, timm in (("dpn68", "tu-dpn68"), ("resnet18", "tu-resnet18")):
        assert torch.allclose(torch.tensor(normalisation(own)), torch.tensor(normalisation(timm)))


def moving(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "inputs", "learning"),
    [
        ("mobilenet_v2", 6, {"encoder.features.0.0.weight"}),
        ("mobilenet_v2", 3, set()),
        ("test_resnet", 6, {"encoder.model.conv1.0.weight"}),
    ],
)
def test_a_frozen_encoder_stays_as_it_is_but_for_what_sees_the_background(
    name: str, inputs: int, learning: set[str]
) -> None:
    network = EncoderUNet(name, WIDTHS, freeze=True, inputs=inputs).train()
    before = moving(network)
    optimizer = torch.optim.AdamW(network.parameters(), 0.1)
    prediction = network(torch.rand(2, inputs, 32, 32))
    (prediction.mask_logits.square().sum() + prediction.depth.sum()).backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {name for name in changed if name.startswith("encoder.")} == learning
    assert "decoder.blocks.0.conv1.1.running_mean" in changed and "mask_head.weight" in changed
    assert network.decoder.training and not network.encoder.training
    assert not network.eval().decoder.training


def test_an_encoder_that_is_not_frozen_learns() -> None:
    network = EncoderUNet("mobilenet_v2", WIDTHS).train()
    before = moving(network)
    network(torch.rand(2, 6, 32, 32))
    statistics = "encoder.features.0.1.running_mean"
    assert not torch.equal(network.state_dict()[statistics], before[statistics])
    assert all(weight.requires_grad for weight in network.parameters())


def test_the_weights_that_see_the_picture_are_the_first_convolution() -> None:
    network = EncoderUNet("mobilenet_v2", WIDTHS)
    (weight,) = network.first_weights()
    assert weight is network.encoder.get_parameter("features.0.0.weight")
    rgb = get_encoder("mobilenet_v2", in_channels=3, weights=None)
    assert weight.shape[1] == 6 and rgb.features[0][0].weight.shape[1] == 3
