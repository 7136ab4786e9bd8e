from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generator.errors import ConfigError
from generator.reading.dataset import Dataset
from training.augment import augment_batch
from training.batches.prepare import Prepared
from training.config import TrainConfig
from training.errors import RunError
from training.failures import (
    check_memory,
    diverging_loss,
    explain_batch_errors,
    explain_lost_processes,
    nonfinite_step,
    nonfinite_weights,
)
from training.learner import Learner
from training.process.fabric import Fabric


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes",
    ],
)
def test_a_lack_of_memory_says_what_to_lower(words: str) -> None:
    with (
        pytest.raises(
            RunError,
            match=r"has too little memory for batches of 16 at 96 px\. Lower `batch_size` .*`widths`",
        ),
        explain_batch_errors(TrainConfig()),
    ):
        raise RuntimeError(words)


def test_a_batch_of_one_pixel_says_what_to_raise() -> None:
    normalise = torch.nn.BatchNorm2d(3)
    with (
        pytest.raises(RunError, match=r"`batch_size` is too small: batches of 1 at 96 px .* Raise it, or"),
        explain_batch_errors(TrainConfig(batch_size=1)),
    ):
        normalise(torch.ones(1, 3, 1, 1))
    with pytest.raises(ValueError, match="another"), explain_batch_errors(TrainConfig()):
        raise ValueError("another")


def test_what_no_memory_holds_is_refused_before_it_is_taken(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.failures.physical_memory", lambda: 10**9)
    check_memory(TrainConfig(), dataset)
    # 3 x 9 bytes per pixel of 32 x 32.
    with pytest.raises(ConfigError, match=r"^`batch_size`: expected 2 GB of memory for batches of 60,000"):
        check_memory(TrainConfig(batch_size=60_000), dataset)
    with pytest.raises(ConfigError, match=r"^`widths`: expected 10 GB of memory for this network"):
        check_memory(TrainConfig(widths=(64, 8192)), dataset)
    monkeypatch.setattr("training.failures.physical_memory", lambda: None)
    check_memory(TrainConfig(batch_size=60_000), dataset)


def test_other_errors_pass() -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    with (
        pytest.raises(RuntimeError, match="something else"),
        explain_batch_errors(TrainConfig()),
        explain_lost_processes(TrainConfig(), fabric),
    ):
        raise RuntimeError("something else")


def test_a_sample_that_is_not_finite_is_named(
    dataset: Dataset, small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    config = TrainConfig(**small)
    learner = Learner(config, fabric)
    plain = augment_batch.prepare
    split = dataset["train"]
    spoilt_bg = int(split.samples["bg"][77])

    def prepare(integers: Any, target: Any, res: int) -> Prepared:
        batch = plain(integers, target, res)
        batch.fg_bg[1, 0, 3, 3] = torch.nan
        return batch

    rows = [np.array([5, 77])]
    fine = nonfinite_step(config, learner, fabric, dataset, 16, 3, rows)
    assert "expected a finite loss, found NaN or infinity at step 3" in str(fine)
    monkeypatch.setattr(augment_batch, "prepare", prepare)
    told = str(nonfinite_step(config, learner, fabric, dataset, 16, 3, rows))
    name = dataset.manifest.assets["bg"][spoilt_bg].name
    assert f"NaN or infinity in sample 77 of train (on {name})" in told and "sample 5" not in told


def test_the_message_names_the_last_good_checkpoint() -> None:
    config = TrainConfig(out=Path("runs"))
    for error in (diverging_loss(config, 9.0, 0.5, 7), nonfinite_weights(config, 7)):
        assert str(error).startswith("runs: ") and "step 7" in str(error)
        assert "last.pt and best.pt hold the last good weights" in str(error)
