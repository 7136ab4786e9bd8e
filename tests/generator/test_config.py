from pathlib import Path
from typing import Any

import pytest

from generator.config import GenerateConfig
from generator.errors import ConfigError
from generator.presets import PRESETS


def test_fg_size_is_half_the_shorter_side_unless_given() -> None:
    assert GenerateConfig().fg_size == 96
    assert GenerateConfig(size=(200, 120)).fg_size == 60
    assert GenerateConfig(size=(200, 120), fg_size=120).fg_size == 120


def test_a_foreground_larger_than_the_canvas_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="`fg_size`: expected at most the canvas's shorter side, 120, found 121"
    ):
        GenerateConfig(size=(200, 120), fg_size=121)


@pytest.mark.parametrize("split", [(0, 50, 50), (-1, 1, 1), (80, -10, 30)])
def test_impossible_shares_are_refused(split: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="`split`"):
        GenerateConfig(split=split)


@pytest.mark.parametrize("size", [(7, 100), (100, 9000)])
def test_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="`size`"):
        GenerateConfig(size=size)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ConfigError, match="`colour`: expected the name of a field"):
        GenerateConfig(colour="red")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("positions", 2.7),
        ("positions", True),
        ("positions", 10**400),
        ("flip", 0),
        ("rotate", float("nan")),
        ("rotate", True),
        ("scale", (1, float("inf"))),
        ("split", (float("nan"), 1, 1)),
        ("split", (80, 20)),
        ("size", "192"),
        ("size", 192),
        ("grid", 5),
        ("workers", 2.0),
        ("seed", -1),
        ("objects", (1, True)),
    ],
)
def test_values_of_another_type_are_refused_and_never_rounded(field: str, value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        GenerateConfig(**{field: value})
    assert error.value.where == f"`{field}`" and len(str(error.value)) < 200


def test_a_request_reads_what_it_writes() -> None:
    config = GenerateConfig(split=[80, 10, 10], rotate=5, scale=[1, 1], workers=2)
    assert GenerateConfig(**config.model_dump(mode="json")) == config


def test_paths_are_no_part_of_the_identity() -> None:
    assert GenerateConfig(fg="a", bg="b", out="c").identity() == GenerateConfig().identity()
    assert GenerateConfig(seed=1).identity() != GenerateConfig().identity()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"scale": (0.0, 1.0)}, r"`scale`: expected a range within 0 to 4 .*found 0\.0-1\.0"),
        ({"scale": (1.0, 0.5)}, r"`scale`"),
        ({"scale": (1.0, 3.0)}, r"`scale`, `rotate`: expected foregrounds within .* 192, found up to 288"),
        ({"variants": 3}, r"`variants`: expected 1, because all variants would be alike"),
        ({"objects": (0, 2)}, r"`objects`: expected 1 to 8"),
        ({"objects": (3, 2)}, r"`objects`"),
        ({"objects": (1, 9)}, r"`objects`"),
        ({"perspective": True}, r"`perspective`: expected variants of several sizes"),
        ({"grid": (5, 4), "positions": 10}, r"`positions`: expected 20, as in `grid=5x4`, found 10"),
        ({"workers": 0}, r"`workers`: expected a value greater than or equal to 1, found 0"),
    ],
)
def test_scenes_that_cannot_be_are_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        GenerateConfig(**fields)


def test_the_smallest_sprite_has_a_pixel() -> None:
    assert GenerateConfig(fg_size=1, scale=(0.1, 0.5)).sprite_side == 1


def test_defaults_that_hang_on_other_fields() -> None:
    assert (GenerateConfig().variants, GenerateConfig().positions) == (1, 20)
    assert GenerateConfig(rotate=5.0).variants == 8
    assert GenerateConfig(rotate=5.0, variants=2).variants == 2
    assert GenerateConfig(grid=(3, 2)).positions == 6
    assert not GenerateConfig().has_instances and GenerateConfig(objects=(1, 2)).has_instances


def test_who_does_the_work_is_no_part_of_a_request() -> None:
    assert GenerateConfig(workers=3, depth_cache=Path("x")).identity() == GenerateConfig().identity()


def test_auto_takes_the_convention_of_depth_files_and_keeps_the_identity_of_before() -> None:
    identity = GenerateConfig().identity()
    assert identity["depth_convention"] == "inverse" and "depth_invalid" not in identity
    assert GenerateConfig(depth_convention="inverse").identity() == identity
    assert GenerateConfig.defaults() == identity | {"depth_invalid": [0.0]}


def test_0_is_always_unknown_unless_nothing_is() -> None:
    assert GenerateConfig(depth_invalid=(65535, -1)).depth_invalid == (-1, 0, 65535)
    assert GenerateConfig(depth_invalid=()).identity()["depth_invalid"] == []
    with pytest.raises(ConfigError, match="`depth_invalid`: expected a finite number, found nan"):
        GenerateConfig(depth_invalid=(float("nan"),))


def test_fields_replace_those_of_a_preset() -> None:
    photo = PRESETS["photo"]
    assert GenerateConfig.preset("photo") == GenerateConfig(**photo)
    changed = GenerateConfig.preset("photo", scale=(0.5, 1.0), seed=3)
    assert changed == GenerateConfig(**photo | {"scale": (0.5, 1.0)}, seed=3)


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"the preset: expected photo, found 'photos'"):
        GenerateConfig.preset("photos")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_of_a_preset_differs_from_the_default(preset: str) -> None:
    plain = GenerateConfig()
    assert not [name for name, value in PRESETS[preset].items() if value == getattr(plain, name)]
