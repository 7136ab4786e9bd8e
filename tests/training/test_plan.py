from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.batches.batches import shuffled
from training.config import TrainConfig
from training.optim.schedules import cosine
from training.plan import Plan, is_finished, next_epoch
from training.run_position import RunPosition
from training.stages import Stage


def config(**fields: Any) -> TrainConfig:
    stages = fields.pop("stages", ((16, 2), (32, 1)))
    return TrainConfig(stages=tuple(Stage(res=res, epochs=epochs) for res, epochs in stages), **fields)


@settings(max_examples=60, deadline=None)
@given(
    length=st.integers(1, 60),
    batch_size=st.integers(1, 7),
    accumulate=st.integers(1, 3),
    processes=st.integers(1, 4),
    epochs=st.integers(1, 3),
)
def test_all_processes_together_take_the_stream_once_and_epochs_carry_on_where_the_last_ended(
    length: int, batch_size: int, accumulate: int, processes: int, epochs: int
) -> None:
    run = config(batch_size=batch_size, accumulate=accumulate, seed=5)
    plans = [Plan(run, length, rank, processes) for rank in range(processes)]
    position, taken = RunPosition(), list[int]()
    for _ in range(epochs):
        steps = plans[0].steps_left(position)
        for batches in zip(*(plan.rows(position, steps) for plan in plans), strict=True):
            assert all(len(rows) == batch_size for rows in batches)
            taken += np.concatenate(batches).tolist()
        for _ in range(steps):
            position = plans[0].after_step(position)
        assert plans[0].steps_left(position) == 0
        position = replace(position, epoch_steps=0, epoch_consumed=0)
    assert position.consumed == len(taken)
    assert taken == shuffled(5, length, 0, len(taken)).tolist()


def test_an_epoch_goes_on_with_another_number_of_processes() -> None:
    run = config(batch_size=4, epoch_samples=32)
    alone, two = Plan(run, 144), Plan(run, 144, rank=1, processes=2)
    position = RunPosition()
    for _ in range(3):
        position = alone.after_step(position)
    assert (position.consumed, alone.steps_left(position), two.steps_left(position)) == (12, 5, 2)
    assert next(two.rows(position, 1)).tolist() == shuffled(0, 144, 16, 4).tolist()


def test_steps_and_pixels_to_the_end_of_the_run() -> None:
    # 2 epochs of 8 steps at 16 px, and one epoch of 8 steps at 32 px.
    plan = Plan(config(batch_size=4, epoch_samples=32), 144)
    position = RunPosition()
    assert plan.steps_to_go(position) == 24
    assert plan.pixels_to_go(position) == 64 * 16**2 + 32 * 32**2
    position = plan.after_step(position)
    assert plan.steps_to_go(position) == 23
    assert plan.pixels_to_go(position) == 60 * 16**2 + 32 * 32**2
    ended = RunPosition(stage_epochs=2, epoch=2, step=16, consumed=64)
    assert plan.steps_to_go(ended) == 8
    assert plan.steps_to_go(RunPosition(stage=1, stage_epochs=1, epoch=3, step=24, consumed=96)) == 0


def test_an_epoch_smaller_than_a_step_has_one_step() -> None:
    assert Plan(config(batch_size=64, epoch_samples=10), 144).steps_left(RunPosition()) == 1


@pytest.mark.parametrize(
    ("epoch_samples", "length", "expected"), [(None, 144, 144), (None, 10**6, 20_000), (7, 144, 7)]
)
def test_an_epoch_is_the_split_at_most_20000_samples_unless_asked_otherwise(
    epoch_samples: int | None, length: int, expected: int
) -> None:
    assert Plan(config(epoch_samples=epoch_samples), length).epoch_samples == expected


def test_scaled_batches_hold_as_many_pixels() -> None:
    run = config(batch_size=64, scale_batch=True, stages=((48, 1), (96, 1), (192, 1), (1024, 1)))
    assert [Plan(run, 999).batch_size(stage) for stage in range(4)] == [64, 16, 4, 1]
    plain = run.model_copy(update={"scale_batch": False})
    assert Plan(plain, 999).batch_size(2) == 64


@pytest.mark.parametrize(
    ("stage", "stage_epochs", "consumed", "done"),
    [
        (0, 0, 0, 0),
        (0, 1, 50, 1.5 / 6),  # the epoch of stage 2 has 4 times the pixels of one of stage 1
        (0, 2, 0, 2 / 6),
        (1, 0, 0, 2 / 6),
        (1, 0, 25, 3 / 6),
        (1, 1, 0, 1),
    ],
)
def test_the_rate_follows_the_part_of_all_pixels_that_is_done(
    stage: int, stage_epochs: int, consumed: int, done: float
) -> None:
    run = config(schedule="cosine", warm_up=0, epoch_samples=100)
    position = RunPosition(stage=stage, stage_epochs=stage_epochs, epoch_consumed=consumed)
    assert Plan(run, 144).rate_factor(position) == pytest.approx(cosine(done))


def test_a_stage_that_was_stopped_early_counts_as_done() -> None:
    run = config(schedule="cosine", warm_up=0, epoch_samples=100, early_stop=1)
    stopped = replace(RunPosition(stage_epochs=1, epoch=1, epoch_consumed=0), stale_epochs=1)
    moved = next_epoch(run, stopped)
    assert moved is not None
    assert Plan(run, 144).rate_factor(moved) == pytest.approx(cosine(2 / 6))


def test_a_stage_is_over_after_its_epochs_or_when_it_no_longer_helps() -> None:
    begun = RunPosition(stage_epochs=1, epoch=1, best_loss=0.5, stale_epochs=1)
    assert next_epoch(config(), begun) == begun
    moved = next_epoch(config(early_stop=1), begun)
    assert moved == RunPosition(stage=1, epoch=1)
    assert moved == next_epoch(config(), replace(begun, stage_epochs=2))
    assert next_epoch(config(early_stop=2), begun) == begun


@pytest.mark.parametrize(
    ("stage", "stage_epochs", "stale", "finished"),
    [(0, 2, 0, False), (1, 0, 0, False), (1, 1, 0, True), (0, 1, 3, False), (1, 0, 3, True)],
)
def test_a_run_is_finished_after_its_last_stage(
    stage: int, stage_epochs: int, stale: int, finished: bool
) -> None:
    position = RunPosition(stage=stage, stage_epochs=stage_epochs, stale_epochs=stale)
    assert is_finished(config(early_stop=3), position) is finished
