"""Every kind of network: train it, save it, load it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from generator.errors import ConfigError
from training.checkpoint import load_checkpoint, model_of
from training.models import UNet, UNetSiam
from training.run import describe_network
from training.stages import Stage

Run = Callable[..., Any]
Differences = Callable[[Any, Any], list[str]]

ENCODER: dict[str, Any] = {"encoder": "test_efficientnet", "widths": (4, 4, 4, 8, 8)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the weights of an RGB encoder."""
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / "encoder.pt"
    torch.save(timm.create_model(ENCODER["encoder"]).state_dict(), path)
    return path


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "unet-elu"},
        {"model": "conv-deconv"},
        ENCODER | {"encoder_weights": "none"},
        {"inputs": 3},
        {"depth_head": False},
        {"model": "unet-elu", "inputs": 3, "depth_head": False},
    ],
)
def test_resumed_equals_uninterrupted_to_the_bit(
    run: Run, tmp_path: Path, differences: Differences, fields: dict[str, Any]
) -> None:
    run(tmp_path / "whole", "32:2", **fields)
    run(tmp_path / "parts", "32:1", **fields)
    run(tmp_path / "parts", "32:2", resume=True, **fields)
    whole, parts = (load_checkpoint(tmp_path / name / "last.pt") for name in ("whole", "parts"))
    for part in ("model", "ema", "optimizer", "metrics"):
        assert differences(getattr(parts, part), getattr(whole, part)) == []
    network = model_of(tmp_path / "whole" / "last.pt", whole)
    inputs = fields.get("inputs", 6)
    with torch.no_grad():
        prediction = network(torch.rand(1, inputs, 20, 33))
    has_depth = fields.get("depth_head", True)
    assert prediction.mask_logits.shape == (1, 1, 20, 33) and (prediction.depth is not None) is has_depth
    assert ("val_depth_rmse" in whole.metrics) is has_depth and (
        "train_loss/l1" in whole.metrics
    ) is has_depth
    assert ("val_iou_without_bg" in whole.metrics) is (inputs == 6)


def test_of_three_inputs_the_background_is_never_looked_at(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    features = UNet.features

    def note(network: UNet, picture: torch.Tensor) -> torch.Tensor:
        seen.append(int(picture.shape[1]))  # it is a tensor while the graph is traced
        return features(network, picture)

    monkeypatch.setattr(UNet, "features", note)
    run(tmp_path, inputs=3)
    assert set(seen) == {3}


def test_an_encoder_begins_with_the_weights_given_and_stays_so_while_frozen(
    run: Run, tmp_path: Path, weights: Path
) -> None:
    given = torch.load(weights, weights_only=True)
    fields = ENCODER | {"encoder_weights": str(weights), "freeze_encoder": True}
    run(tmp_path, "32:1", **fields)
    begun = load_checkpoint(tmp_path / "last.pt")
    for states in (begun.model, begun.ema):
        for key in ("blocks.0.0.conv.weight", "bn1.running_mean", "blocks.4.0.bn1.weight"):
            assert torch.equal(states[f"encoder.model.{key}"], given[key])
    # To resume, the file is not needed any more, and the encoder may be trained from now on.
    weights.unlink()
    run(tmp_path, "32:2", resume=True, widths=fields["widths"], freeze_encoder=False)
    freed = load_checkpoint(tmp_path / "last.pt")
    for key in ("encoder.model.blocks.0.0.conv.weight", "encoder.model.bn1.running_mean"):
        assert not torch.equal(freed.model[key], begun.model[key])
    model_of(tmp_path / "last.pt", freed)
    with pytest.raises(ConfigError, match=r"`encoder_weights`: expected .*, as in the run to be resumed"):
        run(tmp_path, "32:3", resume=True, **ENCODER, encoder_weights="none")


def test_weights_that_cannot_be_had_leave_the_former_run(run: Run, tmp_path: Path) -> None:
    run(tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    with pytest.raises(ConfigError, match="`encoder_weights`"):
        run(tmp_path, overwrite=True, **ENCODER, encoder_weights=str(tmp_path / "missing.pt"))
    assert (tmp_path / "last.pt").read_bytes() == before


def test_the_network_is_described_from_the_options_alone(run: Run, tmp_path: Path) -> None:
    given = {"out": tmp_path, "widths": (4, 8), "stages": [Stage(res=16), Stage(res=32)]}
    summary = describe_network(given, resume=True)
    assert summary.title == "unet-siam on 6 x 32 x 32"
    assert summary.parameters == sum(weight.numel() for weight in UNetSiam((4, 8)).parameters())
    assert list(tmp_path.iterdir()) == []
    run(tmp_path, "16:1", widths=(4, 6))
    resumed = describe_network({"out": tmp_path}, resume=True)
    assert resumed.title == "unet-siam on 6 x 16 x 16"
    assert resumed.parameters == sum(weight.numel() for weight in UNetSiam((4, 6)).parameters())
