from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generator.reading.dataset import Dataset
from training.config import TrainConfig
from training.errors import RunError
from training.process.fabric import Fabric
from training.stages import Stage
from training.tuning import learning_rate
from training.tuning.learning_rate import LrRange, find_lr, plot_lr_range

Fields = dict[str, Any]


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def config(small: Fields, **fields: Any) -> TrainConfig:
    return TrainConfig(stages=(Stage(res=16, epochs=1), Stage(res=32, epochs=1)), **(small | fields))


def test_a_range_test_finds_a_rate_at_which_the_loss_falls(
    dataset: Dataset, small: Fields, fabric: Fabric
) -> None:
    # With Muon, such a small network would not diverge at these rates.
    asked = config(small, lr="auto", optimizer="adamw")
    found = find_lr(asked, fabric, dataset)
    assert np.all(np.diff(found.rates) > 0) and len(found.rates) == len(found.losses)
    # At the first rates nothing happens; at the last rates the network diverges.
    assert 1e-5 < found.suggested < found.rates[found.losses.argmin()]
    assert found.losses.min() < 0.95 * found.losses[0]
    again = find_lr(asked, fabric, dataset)
    assert again.suggested == found.suggested


def test_a_loss_that_never_falls_is_told(
    dataset: Dataset, small: Fields, fabric: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning_rate, "_LOWEST_LR", 1e3)
    monkeypatch.setattr(learning_rate, "_HIGHEST_LR", 1e9)
    with pytest.raises(RunError, match=r"`lr=auto`: expected a loss that falls .* give `lr` a number"):
        find_lr(config(small, lr="auto", seed=3), fabric, dataset)


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    rates = np.geomspace(1e-6, 1, 20)
    path = tmp_path / "log" / "range.png"
    plot_lr_range(LrRange(rates, 1 + np.cos(np.arange(20) / 5), 1e-3), path)
    assert np.asarray(Image.open(path).convert("L")).std() > 10
