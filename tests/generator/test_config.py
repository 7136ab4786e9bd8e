import pytest
from pydantic import ValidationError

from generator.config import GenerateConfig
from generator.errors import ConfigError


def test_fg_size_is_half_the_shorter_side_unless_given() -> None:
    assert GenerateConfig().fg_size == 96
    assert GenerateConfig(size=(200, 120)).fg_size == 60
    assert GenerateConfig(size=(200, 120), fg_size=120).fg_size == 120


def test_a_foreground_larger_than_the_canvas_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="--fg-size: expected at most the canvas's shorter side, 120, found 121"
    ):
        GenerateConfig(size=(200, 120), fg_size=121)


@pytest.mark.parametrize("split", [(0, 50, 50), (-1, 1, 1), (80, -10, 30)])
def test_impossible_shares_are_refused(split: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="--split"):
        GenerateConfig(split=split)


@pytest.mark.parametrize("size", [(7, 100), (100, 9000)])
def test_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="--size"):
        GenerateConfig(size=size)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        GenerateConfig(colour="red")


def test_paths_are_no_part_of_the_identity() -> None:
    assert GenerateConfig(fg="a", bg="b", out="c").identity() == GenerateConfig().identity()
    assert GenerateConfig(seed=1).identity() != GenerateConfig().identity()
