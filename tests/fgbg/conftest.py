"""Networks after a moment of training: good enough to predict with."""

from pathlib import Path
from typing import Any

import pytest

from training.config import TrainConfig
from training.export.config import NetworkExportConfig
from training.export.pipeline import export_network
from training.run import train

TINY: dict[str, Any] = {
    "stages": [(32, 1)],
    "seed": 1,  # with this seed the predicted mask is not the same everywhere
    "widths": (4, 8),
    "epoch_samples": 8,
    "val_samples": 8,
    "batch_size": 4,
    "device": "cpu",
    "precision": "32",
}


@pytest.fixture(scope="session", autouse=True)
def small_work_takes_one_thread(one_torch_thread: None) -> None:
    """Every test here does."""


@pytest.fixture(scope="session")
def trained_for_masks(unrendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run: no depth head, inputs=3 (no background). Tests must not change it."""
    out = tmp_path_factory.mktemp("masks")
    train(TrainConfig(data=unrendered, out=out, depth_head=False, inputs=3, **TINY))
    return out


@pytest.fixture(scope="session")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network of `trained` as an ONNX file. Tests must not change it."""
    config = NetworkExportConfig(
        checkpoint=trained, format="onnx", out=tmp_path_factory.mktemp("onnx") / "best.onnx"
    )
    return export_network(config).path


@pytest.fixture(scope="session")
def trained(unrendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run. Tests must not change it."""
    out = tmp_path_factory.mktemp("run")
    train(TrainConfig(data=unrendered, out=out, **TINY))
    return out
