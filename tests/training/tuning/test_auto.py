from pathlib import Path
from typing import Any

import pytest

from generator.reading.dataset import Dataset
from training.config import TrainConfig
from training.process.fabric import Fabric
from training.stages import Stage
from training.tuning import batch_size, learning_rate
from training.tuning.auto import resolve_auto

Fields = dict[str, Any]


def test_what_is_auto_becomes_a_number_that_is_said(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock would sometimes choose large batches, and their range test takes a minute.
    monkeypatch.setattr(batch_size, "_LARGEST_BATCH", 8)
    monkeypatch.setattr(learning_rate, "_LR_STEPS", 25)
    fabric = Fabric(accelerator="cpu", devices=1)
    stages = (Stage(res=16, epochs=1), Stage(res=32, epochs=1))
    said: list[str] = []
    asked = TrainConfig(stages=stages, **(small | {"lr": "auto", "batch_size": "auto", "out": tmp_path}))
    resolved = resolve_auto(asked, fabric, dataset, said.append)
    assert isinstance(resolved.lr, float) and isinstance(resolved.batch_size, int)
    assert said == [f"`batch_size=auto`: {resolved.batch_size}", f"`lr=auto`: {resolved.lr:.2g}"]
    assert (tmp_path / "log" / "lr-range.png").exists()
    plain = TrainConfig(stages=stages, **small)
    assert resolve_auto(plain, fabric, dataset, said.append) is plain
