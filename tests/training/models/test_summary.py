import torch

from training.models import Architecture, build_model
from training.models.summary import summarise


def test_layers_come_as_they_are_called_with_shapes_and_parameters() -> None:
    summary = summarise(Architecture("conv-deconv", (4, 8)), 16)
    found = [(layer.name, layer.output, layer.parameters) for layer in summary.layers]
    assert found == [
        ("down.0", (4, 16, 16), 6 * 4 * 9 + 8),
        ("down.1", (8, 8, 8), 4 * 8 * 9 + 16),
        ("up.0", (4, 16, 16), 8 * 4 * 16 + 8),
        ("mask_head", (1, 16, 16), 5),
        ("depth_head", (1, 16, 16), 5),
    ]
    # A convolution uses each of its weights once per output position.
    multiplications = 256 * 6 * 4 * 9 + 64 * 4 * 8 * 9 + 64 * 8 * 4 * 16 + 2 * 256 * 4
    assert summary.flops == 2 * multiplications


def test_the_original_network_is_told_with_its_31_million_parameters() -> None:
    table = summarise(Architecture("unet", (64, 128, 256, 512, 1024)), 96).table()
    assert table.splitlines()[0] == "unet on 6 x 96 x 96"
    assert "31,039,426 parameters, 31,039,426 of them trained" in table
    assert [line.split() for line in table.splitlines() if line.startswith("encoder.4")] == [
        ["encoder.4", "1024", "x", "6", "x", "6", "14,159,872"]
    ]


def test_of_a_frozen_encoder_what_trains_is_told() -> None:
    architecture = Architecture(
        "unet", (4, 4, 4, 8, 8), encoder="resnet18", freeze_encoder=True, classes=3, depth=False
    )
    summary = summarise(architecture, 40)
    torch.manual_seed(0)
    weights = dict(build_model(architecture).named_parameters())
    assert summary.parameters == sum(weight.numel() for weight in weights.values())
    frozen = [name for name in weights if name.startswith("encoder.") and name != "encoder.conv1.weight"]
    assert summary.trainable == summary.parameters - sum(weights[name].numel() for name in frozen)
    assert [layer.name for layer in summary.layers] == ["encoder", "decoder", "mask_head"]
    # 40 pixels are padded to 64 for the encoder and cropped back for the head.
    assert [layer.output for layer in summary.layers] == [(512, 2, 2), (4, 64, 64), (3, 40, 40)]
    assert summary.title == "unet over resnet18 on 6 x 40 x 40"
