from collections.abc import Sequence
from typing import Any

import pytest

from generator.errors import ConfigError
from training.config import TrainConfig
from training.stages import Stage, lay_over


def stages(*pairs: tuple[int, int]) -> tuple[Stage, ...]:
    return tuple(Stage(res=res, epochs=epochs) for res, epochs in pairs)


def test_a_stage_reads_as_it_is_written() -> None:
    assert str(Stage(res=96, epochs=4)) == "96:4"


@pytest.mark.parametrize("short", [(48, 4), [48, 4], {"res": 48, "epochs": 4}, Stage(res=48, epochs=4)])
def test_a_stage_is_read_from_a_pair(short: Any) -> None:
    assert TrainConfig(stages=[short]).stages == stages((48, 4))


def test_a_stage_knows_what_of_it_was_given() -> None:
    (stage,) = TrainConfig(stages=[96]).stages
    assert (stage, stage.model_fields_set) == (Stage(res=96, epochs=5), {"res"})


@pytest.mark.parametrize("wrong", [7, 8193, True, 96.0, "96", (96, 0), (96, 4, 1), (), None])
def test_what_is_no_stage_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"stages`?: expected "):
        TrainConfig(stages=[wrong])


@pytest.mark.parametrize("given", [[96, 96], [(96, 1), (96, 2)], [48, Stage(epochs=2)]])
def test_a_resolution_given_twice_is_refused(given: Any) -> None:
    asked = TrainConfig(stages=given).stages
    with pytest.raises(ConfigError, match=r"^`stages`: expected every resolution once, found (96|48), "):
        lay_over(stages((48, 4), (96, 4)), asked, current=0)


def test_a_new_run_takes_the_stages_given_or_the_default() -> None:
    assert lay_over([], [Stage(res=48, epochs=4), Stage(res=96)]) == stages((48, 4), (96, 5))
    assert lay_over([], [Stage(epochs=3)]) == stages((96, 3))
    assert lay_over([], []) == stages((96, 5))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [(48, 4), (96, 4)]),  # the unfinished stage continues
        ([Stage(res=96)], [(48, 4), (96, 4)]),
        ([Stage(res=96, epochs=9)], [(48, 4), (96, 9)]),  # more epochs
        ([Stage(epochs=9)], [(48, 4), (96, 9)]),  # without a resolution: the current one
        ([Stage(res=96, epochs=3)], [(48, 4), (96, 3)]),  # fewer epochs, but more than were trained
        ([Stage(res=96, epochs=1)], [(48, 4), (96, 2)]),  # not fewer than were trained
        ([Stage(res=192, epochs=8)], [(48, 4), (96, 4), (192, 8)]),  # a new resolution is appended
        ([Stage(res=192)], [(48, 4), (96, 4), (192, 5)]),  # with the default number of epochs
        ([Stage(res=48, epochs=9)], [(48, 4), (96, 4)]),  # a finished stage does not change
        (
            [Stage(res=48, epochs=1), Stage(res=96, epochs=6), Stage(res=24, epochs=2)],
            [(48, 4), (96, 6), (24, 2)],
        ),
    ],
)
def test_given_stages_are_laid_over_a_run_with_two_epochs_of_its_second_done(
    given: Sequence[Stage], expected: Sequence[tuple[int, int]]
) -> None:
    earlier = stages((48, 4), (96, 4))
    assert lay_over(earlier, given, current=1, done=2) == stages(*expected)


def test_stages_to_come_take_the_epochs_given() -> None:
    earlier = stages((48, 4), (96, 4))
    assert lay_over(earlier, [Stage(res=96, epochs=1)], current=0, done=3) == stages((48, 4), (96, 1))
