import logging
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import mobilenet_v2, resnet18

from generator.errors import ConfigError
from training.models import EncoderUNet, UNet, load_encoder_weights

WIDTHS = (4, 4, 4, 8, 8)


@pytest.fixture(scope="module")
def rgb() -> nn.Module:
    """The complete ResNet-18 of torchvision, with its classifier, random weights and batch statistics."""
    torch.manual_seed(3)
    network = resnet18(weights=None)
    network(torch.rand(4, 3, 32, 32))
    return network.eval()


@pytest.fixture(scope="module")
def file(rgb: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(rgb.state_dict(), path)
    return path


@cache
def random_network(name: str, inputs: int) -> EncoderUNet:
    """A network with random weights, which take long to draw. Tests must not change it."""
    torch.manual_seed(0)
    return EncoderUNet(name, WIDTHS, inputs=inputs).eval()


def made(name: str = "resnet18", inputs: int = 6) -> EncoderUNet:
    """A network that a test may change."""
    return deepcopy(random_network(name, inputs))


def loaded(source: Path, name: str = "resnet18", inputs: int = 6) -> EncoderUNet:
    network = made(name, inputs)
    load_encoder_weights(network, str(source))
    return network


@torch.no_grad()
def test_two_equal_pictures_give_what_one_gave(rgb: Any, file: Path) -> None:
    encoder = loaded(file).encoder
    picture, other = torch.rand(2, 1, 3, 64, 64)
    stem = rgb.conv1(picture)
    assert torch.allclose(encoder.conv1(torch.cat([picture, picture], dim=1)), stem, atol=1e-5)
    mixed = encoder.conv1(torch.cat([other, picture], dim=1))
    assert torch.allclose(mixed, (stem + rgb.conv1(other)) / 2, atol=1e-5)
    # The same is true at the end of the encoder.
    deepest = rgb.layer4(rgb.layer3(rgb.layer2(rgb.layer1(rgb.maxpool(rgb.bn1(stem).relu())))))
    assert torch.allclose(encoder(torch.cat([picture, picture], dim=1))[-1], deepest, atol=1e-4)


@torch.no_grad()
def test_one_picture_needs_no_change(rgb: Any, file: Path) -> None:
    network = loaded(file, inputs=3)
    assert torch.equal(network.encoder.conv1.weight, rgb.conv1.weight)


@pytest.mark.parametrize(
    "wrap", [lambda w: {"state_dict": w}, lambda w: {f"module.{k}": v for k, v in w.items()}]
)
def test_wrapped_weights_are_found(rgb: Any, tmp_path: Path, wrap: Any) -> None:
    torch.save(wrap(rgb.state_dict()), tmp_path / "a.pt")
    assert torch.equal(loaded(tmp_path / "a.pt").encoder.layer4[1].bn2.weight, rgb.layer4[1].bn2.weight)


def test_safetensors_and_another_network(tmp_path: Path) -> None:
    torch.manual_seed(4)
    whole = mobilenet_v2(weights=None)
    save_file(whole.state_dict(), tmp_path / "a.safetensors")
    encoder = loaded(tmp_path / "a.safetensors", "mobilenet_v2").encoder
    assert torch.equal(encoder.features[18][0].weight, whole.features[18][0].weight)


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "convnext_atto"])
@torch.no_grad()
def test_a_network_of_timm_is_known_by_its_own_names(tmp_path: Path, name: str) -> None:
    torch.manual_seed(5)
    whole = timm.create_model(name).eval()
    torch.save(whole.state_dict(), tmp_path / "a.pt")
    encoder = loaded(tmp_path / "a.pt", name).encoder
    picture = torch.rand(1, 3, 64, 64)
    expected = timm.create_model(name, features_only=True).eval()
    expected.load_state_dict(dict(zip(expected.state_dict(), whole.state_dict().values(), strict=False)))
    answers = zip(encoder(torch.cat([picture, picture], dim=1))[-3:], expected(picture)[-3:], strict=True)
    assert all(torch.allclose(one, other, atol=1e-4) for one, other in answers)


def test_none_leaves_every_network_as_it_is() -> None:
    for network in (made(), UNet((4, 8))):
        before = {name: value.clone() for name, value in network.state_dict().items()}
        load_encoder_weights(network, "none")
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer1.0.conv1.weight": None}, r"expected layer1\.0\.conv1\.weight, found none of that name in "),
        (
            {"layer1.2.conv1.weight": torch.zeros(1)},
            r"expected only weights that the encoder has, found layer1\.2\.conv1\.weight in ",
        ),
        (
            {"bn1.weight": torch.zeros(5)},
            r"expected bn1\.weight of 64, found 5 in .*; give weights of the network `encoder` names",
        ),
        (
            {"conv1.weight": torch.zeros(64, 4, 7, 7)},
            "expected conv1.weight of 64 x 6 x 7 x 7, found 64 x 4 x 7",
        ),
        ({"bn1.weight": "text"}, r"bn1\.weight is no tensor"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    rgb: nn.Module, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    weights = {key: value for key, value in (rgb.state_dict() | change).items() if value is not None}
    torch.save(weights, tmp_path / "a.pt")
    network = made()
    before = network.encoder.get_parameter("layer4.1.conv2.weight").clone()
    with pytest.raises(ConfigError, match=f"`encoder_weights`: .*{message}"):
        load_encoder_weights(network, str(tmp_path / "a.pt"))
    assert torch.equal(network.encoder.get_parameter("layer4.1.conv2.weight"), before)


def test_older_files_without_counts_of_batches_fit(rgb: nn.Module, tmp_path: Path) -> None:
    weights = {key: value for key, value in rgb.state_dict().items() if "num_batches" not in key}
    torch.save(weights, tmp_path / "a.pt")
    loaded(tmp_path / "a.pt")


def test_files_that_are_no_weights_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no weights")
    torch.save(nn.Linear(1, 1), tmp_path / "code.pt")
    for name in ("missing.pt", "text.pt", "code.pt"):
        with pytest.raises(ConfigError, match=f"`encoder_weights`: expected .*{name}") as error:
            loaded(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_download_that_fails_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        logging.getLogger("huggingface_hub.utils").warning("Retrying in 1s [Retry 1/5].")
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    monkeypatch.setattr("timm.create_model", fail)
    for name, where in (
        ("resnet18", "smp-hub/resnet18.imagenet"),
        ("tu-convnext_atto", "timm/convnext_atto"),
    ):
        network = made()
        network.encoder_name = name
        with pytest.raises(
            ConfigError,
            match=r"\(no route to host\)\. Download model\.safetensors elsewhere and give the file",
        ) as error:
            load_encoder_weights(network, "imagenet")
        assert "\n" not in str(error.value) and f"huggingface.co/{where}" in str(error.value)
    assert not caplog.records


def test_what_was_downloaded_is_put_in(rgb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def fetch(repository: str, name: str, revision: str) -> str:
        asked.append((repository, name))
        save_file(rgb.state_dict(), tmp_path / name)
        return str(tmp_path / name)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fetch)
    network = made()
    load_encoder_weights(network, "imagenet")
    assert asked == [("smp-hub/resnet18.imagenet", "model.safetensors")]
    assert torch.equal(network.encoder.get_parameter("bn1.weight"), rgb.bn1.weight)


def test_an_encoder_without_published_weights_says_so() -> None:
    network = made()
    network.encoder_name = "resnext101_32x16d"
    with pytest.raises(ConfigError, match=r"expected published weights of resnext101_32x16d, found none on"):
        load_encoder_weights(network, "imagenet")
