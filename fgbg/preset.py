"""`--preset`: sets of values that are the defaults of other options."""

from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import option
from fgbg.value_types import OneOf
from generator.presets import PRESETS

if TYPE_CHECKING:
    from generator.config import GenerateConfig


def fill_preset(ctx: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """Make the values of a preset the defaults of options that no TOML file sets."""
    if name is not None:
        values = {field: _spelled(value) for field, value in PRESETS[name].items()}
        ctx.default_map = {**values, **(ctx.default_map or {})}
    return name


def preset_values(name: str, config: "GenerateConfig") -> str:
    """The values of a config that a preset sets, unless something else set them."""
    return ", ".join(f"{field} {_spelled(getattr(config, field))}" for field in PRESETS[name])


def _spelled(value: Any) -> Any:
    """A value of a preset as an option shows it: ranges are written 0.5-2."""
    return "-".join(f"{bound:g}" for bound in value) if isinstance(value, tuple) else value


preset_option = option(
    "--preset",
    type=OneOf(PRESETS),
    is_eager=True,  # --help shows its values
    callback=fill_preset,
    show_default="none",
    help="Other defaults for the options below. photo: for networks that will see real photos, with objects"
    " of more sizes, and up to three in a sample.",
)
