import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from generator.errors import ConfigError
from generator.format.manifest import ClassMask
from training.config import (
    DEFAULT_AUGMENT,
    FIXED_FIELDS,
    PLACE_FIELDS,
    STRANGERS,
    TrainConfig,
    read_identity,
    resolve_config,
)
from training.models import Architecture

CLASSES = ClassMask(names=["sky", "car"], colours=[[0, 0, 200], [200, 0, 0]])


def test_given_goes_over_earlier_and_that_over_the_default() -> None:
    earlier = TrainConfig(lr=1e-4, clip=2.0).identity()
    resolved = resolve_config({"lr": 5e-4}, earlier)
    assert resolved == TrainConfig(lr=5e-4, clip=2.0)
    assert resolved.ema == TrainConfig().ema


def test_without_an_earlier_run_the_rest_is_default() -> None:
    assert resolve_config({"batch_size": 3}) == TrainConfig(batch_size=3)


def test_a_config_comes_back_from_json_all_but_its_paths() -> None:
    config = TrainConfig(
        data=Path("a"), out=Path("b"), widths=(4, 8), mask_loss={"bce": 2.0}, epoch_samples=9
    )
    identity = json.loads(json.dumps(config.identity()))
    assert "data" not in identity and "out" not in identity
    assert TrainConfig(data=Path("a"), out=Path("b"), **identity) == config


def test_a_checkpoint_says_nothing_of_places_and_machines() -> None:
    there = {"data": "a", "out": "b", "device": "cuda", "devices": 10**6, "nodes": 99, "precision": "16"}
    config = TrainConfig(**(there | {"compile": True}))
    identity = config.identity()
    assert not set(identity) & set(PLACE_FIELDS)
    # Earlier releases wrote all of these fields.
    assert read_identity(identity | there | {"compile": True}) == TrainConfig(optimizer=config.optimizer)
    assert resolve_config({"devices": 2}, identity | there) == TrainConfig(devices=2)


def test_where_encoder_weights_lay_is_not_kept() -> None:
    fields = {"encoder": "resnet18", "encoder_weights": "/home/me/resnet18.pth"}
    identity = TrainConfig(**fields).identity()
    assert identity["encoder_weights"] == "file"
    for again in ({}, fields, {"encoder_weights": "moved/resnet18.pth"}):
        assert resolve_config(again, identity).identity() == identity
        assert resolve_config(again, identity | fields).identity() == identity
    with pytest.raises(ConfigError, match="`encoder_weights`: expected file, as in the run to be resumed"):
        resolve_config({"encoder_weights": "imagenet"}, identity)


@pytest.mark.parametrize(
    ("field", "option"),
    [
        ("batch_size", "`batch_size`"),
        ("accumulate", "`accumulate`"),
        ("epoch_samples", "`epoch_samples`"),
        ("val_samples", "`val_samples`"),
        ("warm_up", "`warm_up`"),
        ("early_stop", "`early_stop`"),
    ],
)
def test_numbers_beyond_reason_are_refused_in_few_words(field: str, option: str) -> None:
    for value in (10**13, 10**5000):
        with pytest.raises(ConfigError, match=rf"^{option}: ") as error:
            resolve_config({field: value})
        assert len(str(error.value)) < 300


@pytest.mark.parametrize("widths", [(8, 8193), (4,) * 11, (0, 8)])
def test_networks_beyond_reason_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"^`widths`: "):
        resolve_config({"widths": widths})


@pytest.mark.parametrize(
    ("field", "earlier", "given"),
    [
        ("model", "other", "unet"),
        ("widths", (16, 32), (16, 64)),
        ("seed", 1, 2),
        ("encoder", "resnet18", "resnet34"),
        ("depth_head", True, False),
        ("inputs", 6, 3),
        ("optimizer", "adamw", "muon"),
    ],
)
def test_what_a_resumed_run_cannot_change_is_refused_with_both_values(
    field: str, earlier: Any, given: Any
) -> None:
    assert field in FIXED_FIELDS
    with pytest.raises(ConfigError) as error:
        resolve_config({field: given}, TrainConfig(**{field: earlier}).identity())
    assert error.value.where == f"`{field}`"
    for value in (earlier, given):
        assert str(value).strip("()") in str(error.value)


def test_the_same_fixed_value_given_again_is_no_change() -> None:
    config = TrainConfig(widths=(4, 8), seed=3)
    assert resolve_config({"widths": (4, 8), "seed": 3}, config.identity()) == config


@pytest.mark.parametrize(
    ("field", "value", "option"),
    [
        ("batch_size", 0, "`batch_size`"),
        ("lr", -1.0, "`lr`"),
        ("optimizer", "sgd", "`optimizer`"),
        ("bg_dropout", 1.5, "`bg_dropout`"),
        ("ema", 1.0, "`ema`"),
        ("widths", (8,), "`widths`"),
        ("precision", "64", "`precision`"),
        ("epoch_samples", "many", "`epoch_samples`"),
        ("lr", float("nan"), "`lr`"),
        ("batch_size", True, "`batch_size`"),
        ("epoch_samples", 2.0, "`epoch_samples`"),
        ("compile", 1, "`compile`"),
    ],
)
def test_a_wrong_value_names_its_option_and_itself(field: str, value: Any, option: str) -> None:
    with pytest.raises(ConfigError) as error:
        resolve_config({field: value})
    assert error.value.where == option
    assert error.value.found == repr(value)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ConfigError, match="`no_such_field`: expected the name of a field"):
        resolve_config({"no_such_field": 1})


def test_the_optimiser_hangs_on_the_encoder_and_the_rate_on_the_optimiser() -> None:
    assert (TrainConfig().optimizer, TrainConfig().lr) == ("muon", 0.01)
    assert (TrainConfig(optimizer="adamw").lr, TrainConfig(optimizer="adamw", lr=0.5).lr) == (0.001, 0.5)
    over = TrainConfig(encoder="resnet18")
    assert (over.optimizer, over.lr) == ("adamw", 0.001)


def test_runs_from_before_there_was_a_choice_go_on_with_adamw() -> None:
    earlier = TrainConfig(optimizer="adamw", lr=0.002).identity()
    del earlier["optimizer"]
    assert resolve_config({}, earlier) == TrainConfig(optimizer="adamw", lr=0.002)
    with pytest.raises(ConfigError, match="expected adamw, as in the run to be resumed, found muon"):
        resolve_config({"optimizer": "muon"}, earlier)


def test_an_unknown_effect_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="flip, light, noise, jpeg, blur, cutout") as error:
        resolve_config({"augment": {"flip": 0.5, "fog": 0.1}})
    assert error.value.where == "`augment`" and error.value.found == "fog"


@pytest.mark.parametrize(("switch", "shares"), [(True, DEFAULT_AUGMENT), (False, {})])
def test_a_run_from_before_there_were_shares_goes_on(switch: bool, shares: dict[str, float]) -> None:
    earlier = TrainConfig().identity() | {"augment": switch}
    assert resolve_config({"lr": 1e-4}, earlier) == TrainConfig(lr=1e-4, augment=shares)


def test_shares_that_are_given_replace_all_that_were() -> None:
    earlier = TrainConfig(augment={"flip": 0.3, "blur": 0.2}).identity()
    assert resolve_config({}, earlier).augment == {"flip": 0.3, "blur": 0.2}
    assert resolve_config({"augment": {"light": 1.0}}, earlier).augment == {"light": 1.0}


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValidationError):
        TrainConfig().lr = 1.0


@pytest.mark.parametrize(
    ("fields", "option"),
    [
        ({"bg_dropout": 0.6, "bg_jitter": 0.5}, "`bg_dropout`, `bg_jitter`"),
        ({"mask_loss": {}}, "`mask_loss`"),
        ({"depth_loss": {"l1": float("nan")}}, "`depth_loss`"),
        ({"mask_loss": {"dice": -1.0}}, "`mask_loss`"),
        ({"widths": (0, 4)}, "`widths`"),
        ({"augment": {"flip": 1.5}}, "`augment`"),
        ({"augment": {"light": float("nan")}}, "`augment`"),
        ({"augment": {"flip": "often"}}, "`augment`"),
        ({"model": "conv-deconv", "encoder": "resnet18"}, "`encoder`"),
        ({"encoder_weights": "imagenet"}, "`encoder_weights`"),
        ({"freeze_encoder": True}, "`freeze_encoder`"),
        ({"encoder": "resnet18", "encoder_weights": "none", "freeze_encoder": True}, "`freeze_encoder`"),
        ({"depth_head": False, "depth_loss": {"l1": 1.0}}, "`depth_loss`"),
        ({"inputs": 3, "bg_dropout": 0.5}, "`bg_dropout`"),
        ({"inputs": 3, "bg_jitter": 0.5}, "`bg_jitter`"),
        ({"inputs": 3, "strangers": 0.5}, "`strangers`"),
        ({"mask": CLASSES, "strangers": 0.5}, "`strangers`"),
    ],
)
def test_options_that_cannot_be_together_are_refused(fields: dict[str, object], option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        resolve_config(fields)


def test_a_run_of_an_earlier_release_has_no_strangers() -> None:
    identity = TrainConfig().identity()
    del identity["strangers"]
    assert read_identity(identity).strangers == 0
    assert resolve_config({"strangers": 0.25}, identity).strangers == 0.25


def test_defaults_follow_the_network() -> None:
    plain = TrainConfig()
    assert (plain.widths, plain.encoder_weights) == ((16, 16, 32, 64, 128), "none")
    assert (plain.bg_dropout, plain.bg_jitter, set(plain.depth_loss)) == (0.55, 0.25, {"ssim", "l1"})
    assert [TrainConfig(**fields).model for fields in ({}, {"inputs": 3}, {"mask": CLASSES})] == [
        "unet-siam",
        "unet",
        "unet",
    ]
    assert TrainConfig(model="conv-deconv").widths == (16, 32, 64)
    over_encoder = TrainConfig(encoder="resnet18")
    assert (over_encoder.model, over_encoder.widths) == ("unet", (16, 32, 64, 128, 256))
    assert over_encoder.encoder_weights == "imagenet"
    alone = TrainConfig(inputs=3, depth_head=False)
    assert (alone.bg_dropout, alone.bg_jitter, alone.depth_loss, alone.strangers) == (0, 0, {}, 0)
    assert (plain.strangers, TrainConfig(mask=CLASSES).strangers) == (STRANGERS, 0)


@pytest.mark.parametrize(
    ("epoch_samples", "expected"), [(None, 1024), (20_000, 1024), (2150, 537), (100, 256)]
)
def test_a_validation_is_short_beside_its_epoch(epoch_samples: int | None, expected: int) -> None:
    assert TrainConfig(epoch_samples=epoch_samples).val_samples == expected


def test_the_architecture_is_what_was_asked_for() -> None:
    config = TrainConfig(
        encoder="resnet18", freeze_encoder=True, depth_head=False, inputs=3, widths=(1, 2, 3, 4, 5)
    )
    assert config.architecture == Architecture(
        "unet", (1, 2, 3, 4, 5), encoder="resnet18", freeze_encoder=True, inputs=3, classes=1, depth=False
    )


def test_a_run_from_before_there_was_a_choice_is_held_to_what_it_had() -> None:
    fields = ("encoder", "encoder_weights", "freeze_encoder", "depth_head", "inputs")
    earlier = {name: value for name, value in TrainConfig().identity().items() if name not in fields}
    assert resolve_config({}, earlier) == TrainConfig()
    with pytest.raises(ConfigError, match=r"`inputs`: expected 6, as in the run to be resumed, found 3"):
        resolve_config({"inputs": 3}, earlier)


def test_a_resumed_run_may_let_its_encoder_go() -> None:
    earlier = TrainConfig(encoder="resnet18", freeze_encoder=True).identity()
    assert not resolve_config({"freeze_encoder": False}, earlier).freeze_encoder


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data": b"x"}, "`data`: expected a path, found b'x'"),
        ({"stages": []}, r"`stages`: expected 1 or more values, found \[\]"),
        ({"stages": "48:1"}, "`stages`: expected a list, found '48:1'"),
        (
            {"stages": ["48:1"]},
            r"`stages`: expected resolutions like 96, or pairs with epochs like \(96, 4\)",
        ),
        ({"stages": [{"re": 48}]}, "`stages`: expected the name of a field, found 're'"),
        ({"augment": 3}, "`augment`: expected names with values, found 3"),
    ],
)
def test_a_value_of_another_kind_is_told_in_plain_words(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainConfig(**fields)
