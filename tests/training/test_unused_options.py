from typing import Any

import pytest

from training.config import TrainConfig
from training.stages import Stage
from training.unused_options import changed_on_resuming, idle_in_range_test, idle_in_run, idle_on_resuming

STAGES = (Stage(res=16, epochs=1), Stage(res=32, epochs=1))


@pytest.mark.parametrize(
    ("given", "more", "line"),
    [
        ({"plateau_patience": 0}, {"schedule": "cosine"}, "`plateau_patience` has no effect with `sch"),
        ({"plateau_factor": 0.5}, {"schedule": "one-cycle"}, "`plateau_factor` has no effect with `sch"),
        ({"warm_up": 9}, {"schedule": "one-cycle"}, "`warm_up` has no effect with `schedule=one-cycle`"),
        ({"scale_batch": True}, {}, "`scale_batch` has no effect with one stage"),
        ({"shuffle_window": 50}, {}, "`shuffle_window` has no effect with 50 samples in train"),
    ],
)
def test_what_has_no_effect_is_said(given: dict[str, Any], more: dict[str, Any], line: str) -> None:
    (said,) = idle_in_run(given, TrainConfig(**given, **more), 50, 10)
    assert said.startswith(line)


def test_what_has_an_effect_is_not_spoken_of() -> None:
    given: dict[str, Any] = {
        "plateau_patience": 2,
        "warm_up": 9,
        "scale_batch": True,
        "shuffle_window": 49,
        "val_samples": 5,
    }
    config = TrainConfig(stages=STAGES, **given)
    assert idle_in_run(given, config, 50, 10) == []
    assert idle_in_run({}, TrainConfig(schedule="cosine"), 50, 0) == []
    assert idle_in_run(given, config, 50, 0) == ["`val_samples` has no effect without a val split"]
    assert idle_on_resuming({"lr": 0.1, "batch_size": 4}) == []
    assert idle_in_range_test({"widths": (4, 8), "batch_size": 4}) == []


def test_a_run_that_goes_on_keeps_what_auto_found() -> None:
    said = idle_on_resuming({"lr": "auto", "batch_size": "auto"})
    assert [line.partition(" has")[0] for line in said] == ["`lr=auto`", "`batch_size=auto`"]


def test_what_the_machine_did_before_and_does_now_is_said() -> None:
    recorded = {"device": "cpu", "devices": 4, "precision": "bf16", "nodes": None}
    config = TrainConfig(device="cpu")
    assert [line.partition(" in this")[0] for line in changed_on_resuming({}, recorded, config)] == [
        "`devices` was 4",
        "`precision` was bf16",
    ]
    assert changed_on_resuming({"devices": 1, "precision": "auto"}, recorded, config) == []
    assert changed_on_resuming({}, {}, config) == []
    assert changed_on_resuming({}, {"device": "auto", "precision": "auto"}, config) == []  # earlier releases


def test_a_range_test_says_what_it_has_no_use_for() -> None:
    said = idle_in_range_test({"schedule": "cosine", "lr": 0.1, "widths": (4, 8)})
    assert [line.partition(" has no effect in a range test")[0] for line in said] == ["`schedule`", "`lr`"]
