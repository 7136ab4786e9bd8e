"""Options that several commands share, defined once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from fgbg.config_file import fill_defaults
from fgbg.value_types import FILE, FOLDER, PATH, CanvasSize, OneOf, Whole
from generator.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    type=FILE,
    callback=fill_defaults,
    is_eager=True,
    expose_value=False,
    help="TOML file with defaults, a table per command; flags win.",
)
debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the whole traceback when something fails.",
)


def common_options(command: Command) -> Command:
    """The options that every command has, which mean the same before and behind its name."""
    return config_option(debug_option(command))


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line itself."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def named_dataset(ctx: click.Context, dataset: Path | None, data: Path) -> Path:
    """The dataset of a command that takes it as DATASET or as --data, which TOML may hold.

    Raises:
        UsageError: the command line has both.
    """
    if dataset is None:
        return data
    if is_given(ctx, "data"):
        raise UsageError("--data", "one dataset", f"{dataset} beside it", "leave one of them out")
    return dataset


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what an earlier call made there.")
seed_option = click.option(
    "--seed", type=Whole(0, 2**63 - 1), default=0, show_default=True, help="Of all randomness."
)
data_option = click.option(
    "--data",
    type=FOLDER,
    default=Path("data/shards"),
    show_default=True,
    help="Folder of the dataset.",
)
subset_option = click.option(
    "--subset",
    type=OneOf(["train", "val", "test"]),
    default="train",
    show_default=True,
    help="Split of the dataset.",
)
device_option = click.option(
    "--device",
    type=OneOf(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the network runs; auto is the best there is.",
)
checkpoint_option = click.option(
    "--checkpoint",
    type=PATH,
    default=Path("outputs"),
    show_default="outputs/best.pt, else outputs/last.pt",
    help="The network: a checkpoint, or a run's folder (best.pt there, else last.pt).",
)

mirror_option = click.option(
    "--mirror/--no-mirror",
    default=True,
    show_default=True,
    help="Look at each picture's mirror image too: better, in twice the time.",
)


workers_option = click.option(
    "--workers",
    type=Whole(1, 10_000, also="auto"),
    default="auto",
    show_default=True,
    help="Processes; auto is as many as the cores and the work have use for.",
)


fg_option = click.option(
    "--fg", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of cut-outs (RGBA)."
)
bg_option = click.option(
    "--bg", type=FOLDER, default=Path("data/bg"), show_default=True, help="Folder of backgrounds."
)
size_option = click.option(
    "--size", type=CanvasSize(), default="192", show_default=True, help="Canvas in pixels."
)
fg_size_option = click.option(
    "--fg-size",
    type=Whole(1),
    show_default="half the canvas",
    help="Longer side of a pasted foreground in pixels; never enlarged more than 2 times.",
)
