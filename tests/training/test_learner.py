from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generator.reading.dataset import Dataset
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.learner import Learner
from training.process.fabric import Fabric, MixedPrecision
from training.restore import restore_scaler

Fields = dict[str, Any]

PLAIN: Fields = {"augment": {}, "bg_dropout": 0.0, "bg_jitter": 0.0, "strangers": 0.0}


def learner(small: Fields, **fields: Any) -> Learner:
    return Learner(TrainConfig(**(small | fields)), Fabric(accelerator="cpu", devices=1))


@pytest.fixture
def batch(dataset: Dataset) -> IntegerBatch:
    return next(read_batches(dataset["train"], [np.arange(4)], torch.device("cpu")))


def weights(one: Learner) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in one.network.parameters()])


def test_accumulated_batches_count_as_their_mean(small: Fields, batch: IntegerBatch) -> None:
    """Two accumulated copies of a batch change the weights like one."""
    once, twice = learner(small, **PLAIN), learner(small, **PLAIN, accumulate=2)
    before = weights(once)
    assert torch.equal(before, weights(twice))
    terms = [one.step(repeat(batch), 16, 0, 1.0)["loss"] for one in (once, twice)]
    assert not torch.equal(before, weights(once))
    assert torch.allclose(weights(once), weights(twice), atol=1e-7)
    assert torch.allclose(*terms)


def test_every_accumulated_batch_is_drawn_for_by_itself(small: Fields, batch: IntegerBatch) -> None:
    one = learner(small, accumulate=2, bg_dropout=0.5, bg_jitter=0.0)
    seen = [one.see(batch, 16, number)[0] for number in (0, 1, 0)]
    assert torch.equal(seen[0], seen[2]) and not torch.equal(seen[0], seen[1])


def test_the_factor_scales_one_step_and_leaves_the_rate(small: Fields, batch: IntegerBatch) -> None:
    fields: Fields = {**PLAIN, "weight_decay": 0.0, "optimizer": "adamw"}
    still, whole = learner(small, **fields), learner(small, **fields)
    before = weights(still)
    still.step(repeat(batch), 16, 0, 0.0)
    assert torch.equal(weights(still), before)
    whole.step(repeat(batch), 16, 0, 0.5)
    # In the first step of AdamW, each weight changes by the learning rate, up or down.
    assert float((weights(whole) - before).abs().max()) == pytest.approx(0.5 * small["lr"], rel=1e-3)
    assert whole.rate == still.rate == small["lr"]


def test_the_first_bad_step_is_remembered(small: Fields, batch: IntegerBatch) -> None:
    one = learner(small, **PLAIN)
    one.step(repeat(batch), 16, 0, 1.0)
    assert one.bad_step is None and one.weights_are_finite()
    next(one.network.parameters()).data[0] = torch.nan
    for number in (1, 2):
        one.step(repeat(batch), 16, number, 1.0)
    assert one.bad_step == 1 and not one.weights_are_finite()


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_half_precision_scales_losses_and_clips(small: Fields, batch: IntegerBatch, optimizer: str) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    one = Learner(TrainConfig(**(small | {**PLAIN, "optimizer": optimizer, "clip": 0.1})), fabric)
    before = weights(one)
    for number in range(2):
        terms = one.step(repeat(batch), 16, number, 1.0)
    assert terms["loss"].isfinite() and one.weights_are_finite() and not torch.equal(weights(one), before)
    norm = sum(float(weight.grad.square().sum()) for weight in one.network.parameters()) ** 0.5
    assert norm == pytest.approx(0.1, rel=1e-3), "clipped after they were divided by the scale"
    state = one.state()
    assert state["scaler"]["scale"] == 1024.0 and state["scaler"]["_growth_tracker"] == 2
    again = torch.amp.GradScaler("cpu")
    restore_scaler(Path("last.pt"), again, state["scaler"])
    assert again.state_dict() == state["scaler"]


def test_a_bad_step_of_one_process_is_one_of_all(small: Fields, monkeypatch: pytest.MonkeyPatch) -> None:
    one = learner(small)
    one.share_bad_step()
    assert one.bad_step is None
    asked: list[str] = []

    def over_processes(fabric: Fabric, value: torch.Tensor, operation: str) -> torch.Tensor:
        asked.append(operation)
        return value.clamp(max=5)  # the value of another process

    monkeypatch.setattr("training.learner.over_processes", over_processes)
    one.share_bad_step()
    assert one.bad_step == 5 and asked == ["min"]


def test_a_compiled_network_keeps_the_names_of_its_weights(small: Fields) -> None:
    assert list(learner(small, compile=True).state()["model"]) == list(learner(small).state()["model"])
