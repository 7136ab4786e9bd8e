import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from training.optim.schedules import cosine, one_cycle, rate_factor


@pytest.mark.parametrize(
    ("done", "share"), [(0.0, 1.0), (0.01, 0.01 + 0.99 * 0.9997533), (0.5, 0.505), (1.0, 0.01)]
)
def test_the_cosine_worked_out_by_hand(done: float, share: float) -> None:
    # At 0.01: (1 + cos(pi / 100)) / 2 = 0.9997533.
    assert cosine(done) == pytest.approx(share)


def test_one_cycle_is_that_of_torch() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    steps = 201
    theirs = OneCycleLR(optimizer, 0.5, total_steps=steps, cycle_momentum=False)
    for step in range(steps):
        # In torch the peak is at the step before 0.3 * 201 = 60.3, in ours at exactly 0.3.
        assert 0.5 * one_cycle(step / (steps - 1)) == pytest.approx(theirs.get_last_lr()[0], abs=0.01)
        optimizer.step()
        if step < steps - 1:
            theirs.step()


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_the_rate_warms_up_from_nothing(schedule: str) -> None:
    factors = [rate_factor(schedule, 0.0, step, warm_up=4) for step in range(6)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert rate_factor(schedule, 0.0, 0, warm_up=0) == 1.0


def test_one_cycle_has_a_rise_of_its_own() -> None:
    assert rate_factor("one-cycle", 0.0, 0, warm_up=100) == pytest.approx(1 / 25)
    assert rate_factor("one-cycle", 0.3, 0, warm_up=100) == pytest.approx(1)


def test_a_plateau_is_left_alone_after_the_warm_up() -> None:
    assert [rate_factor("plateau", done, 100, 100) for done in (0.0, 0.5, 1.0, 3.0)] == [1.0] * 4


def test_beyond_the_end_the_rate_stays() -> None:
    assert rate_factor("cosine", 1.7, 1000, 10) == pytest.approx(0.01)
