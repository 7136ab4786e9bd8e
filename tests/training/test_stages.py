from collections.abc import Sequence

import pytest

from generator.errors import ConfigError
from training.stages import GivenStage, Stage, lay_over, parse_stages


def stages(*pairs: tuple[int, int]) -> tuple[Stage, ...]:
    return tuple(Stage(res=res, epochs=epochs) for res, epochs in pairs)


def test_a_stage_reads_as_it_is_written() -> None:
    assert str(Stage(res=96, epochs=4)) == "96:4"


def test_one_resolution_takes_the_epochs_given_beside_it() -> None:
    assert parse_stages("96", 7) == [GivenStage(96, 7)]
    assert parse_stages("96", None) == [GivenStage(96, None)]


def test_stages_keep_their_own_epochs_and_their_order() -> None:
    assert parse_stages("48:4, 192:8,96", 2) == [GivenStage(48, 4), GivenStage(192, 8), GivenStage(96, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "96:",
        "96:0",
        "96:-1",
        "96:x",
        "-96",
        "96.5",
        "7",
        "8193",
        ":4",
        "96,",
        "96 4",
        "96,96",
        "96:1,96:2",
    ],
)
def test_what_is_no_list_of_stages_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^`res`: expected ") as error:
        parse_stages(text, None)
    assert text in error.value.found


@pytest.mark.parametrize("text", ["9" * 5000, "96:" + "9" * 5000])
def test_digits_without_end_are_refused_in_few_words(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^`res`: expected ") as error:
        parse_stages(text, None)
    assert len(str(error.value)) < 300


def test_the_smallest_and_largest_resolution_pass() -> None:
    assert lay_over([], parse_stages("8,8192", 1), 0, 0, 5) == stages((8, 1), (8192, 1))


def test_a_new_run_takes_the_stages_given() -> None:
    assert lay_over([], [GivenStage(48, 4), GivenStage(96, None)], 0, 0, 5) == stages((48, 4), (96, 5))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [(48, 4), (96, 4)]),  # the unfinished stage is finished
        ([GivenStage(96, None)], [(48, 4), (96, 4)]),
        ([GivenStage(96, 9)], [(48, 4), (96, 9)]),  # raised
        ([GivenStage(96, 3)], [(48, 4), (96, 3)]),  # lowered, but more than are done
        ([GivenStage(96, 1)], [(48, 4), (96, 2)]),  # never fewer than are done
        ([GivenStage(192, 8)], [(48, 4), (96, 4), (192, 8)]),  # new: appended
        ([GivenStage(192, None)], [(48, 4), (96, 4), (192, 5)]),  # with the default
        ([GivenStage(48, 9)], [(48, 4), (96, 4)]),  # over: stays as it is
        ([GivenStage(48, 1), GivenStage(96, 6), GivenStage(24, 2)], [(48, 4), (96, 6), (24, 2)]),
    ],
)
def test_given_stages_are_laid_over_a_run_with_two_epochs_of_its_second_done(
    given: Sequence[GivenStage], expected: Sequence[tuple[int, int]]
) -> None:
    earlier = stages((48, 4), (96, 4))
    assert lay_over(earlier, given, current=1, done=2, default_epochs=5) == stages(*expected)


def test_stages_to_come_take_the_epochs_given() -> None:
    earlier = stages((48, 4), (96, 4))
    assert lay_over(earlier, [GivenStage(96, 1)], current=0, done=3, default_epochs=5) == stages(
        (48, 4), (96, 1)
    )
