"""Options that several commands share, defined once."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fgbg.command_class import Function, option
from fgbg.value_types import FOLDER, PATH, PLACE, CanvasSize, Numbers, OneOf, Text, Whole
from generator.errors import UsageError
from generator.places import Place


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line itself."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def dataset_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command that has the option --data take its dataset as the argument DATA too, as `data`.

    An argument replaces a --data of a TOML file.

    Raises:
        UsageError: the command line has both, and they differ.
    """

    @functools.wraps(function)
    def with_dataset(*positional: Any, dataset: Place | None, data: Place | None, **others: Any) -> Any:
        if dataset is not None and dataset != data and is_given(click.get_current_context(), "data"):
            problem = f"is given twice, as {dataset} and as --data {data}"
            raise UsageError("the dataset", "", problem, "leave one of them out")
        return function(*positional, data=dataset or data, **others)

    return click.argument("dataset", metavar="[DATA]", required=False, type=PLACE)(with_dataset)


def takes_dataset(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take its dataset as the argument DATA or as --data (default: data/shards)."""
    data_option = option(
        "--data", type=PLACE, default=Path("data/shards"), help="Folder of the dataset, or its URL."
    )
    return dataset_argument(data_option(function))


def subset_option(
    default: str, about: str = "Split of the dataset to use."
) -> Callable[[Function], Function]:
    """The option --subset, with the split that a command uses by default."""
    return option("--subset", type=OneOf(["train", "val", "test"]), default=default, help=about)


def out_option(default: str, about: str = "Folder of the results.") -> Callable[[Function], Function]:
    """The option --out, with the folder that a command uses by default."""
    return option("--out", type=FOLDER, default=Path(default), help=about)


dataset_out_option = option(
    "--out",
    type=PLACE,
    default=Path("data/shards"),
    help="Folder of the dataset, or a URL such as s3://bucket/data.",
)


overwrite_option = option("--overwrite", is_flag=True, help="Replace results that exist already.")
depth_convention_option = option(
    "--depth-convention",
    type=OneOf(["auto", "inverse", "metric"]),
    default="auto",
    help="Meaning of the numbers in depth files or from a network. inverse: larger is nearer; metric:"
    " larger is farther, in any unit; auto: inverse for files, and for a network the meaning in its"
    " settings.",
)
depth_invalid_option = option(
    "--depth-invalid",
    type=Numbers(),
    default="0",
    help="Numbers in depth files that mean unknown, like 65535. 0 is always added; 'none' makes every"
    " number valid.",
)
seed_option = option(
    "--seed",
    type=Whole(0, 2**63 - 1),
    default=0,
    help="Seed of all randomness. The same seed gives the same result.",
)
device_option = option(
    "--device",
    type=OneOf(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    help="Device that runs the network. 'auto' takes a GPU if there is one.",
)
checkpoint_option = option(
    "--checkpoint",
    type=PATH,
    default=Path("outputs"),
    show_default="outputs/best.pt, else outputs/last.pt",
    help="The trained network: a checkpoint file, or the folder of a run (its best.pt, else its last.pt).",
)
mirror_option = option(
    "--mirror/--no-mirror",
    default=True,
    help="Also run the network on the mirrored picture and average both results: more accurate, half as"
    " fast.",
)
workers_option = option(
    "--workers",
    type=Whole(1, 10_000, also="auto"),
    default="auto",
    help="Number of processes. 'auto' chooses it by the CPU cores and the amount of work.",
)
runner_option = option(
    "--runner",
    type=OneOf(["local", "ray"]),
    default="local",
    help="Do the work on this machine (local), or on a Ray cluster whose machines share the folders.",
)
ray_address_option = option(
    "--ray-address",
    type=Text("HOST:PORT", "HOST:PORT of a Ray cluster"),
    show_default="RAY_ADDRESS, or the cluster of this machine",
    help="Address of the Ray cluster. This machine must belong to it. Without a cluster, Ray starts here.",
)
fg_option = option(
    "--fg",
    type=FOLDER,
    default=Path("data/fg"),
    help="Folder of foregrounds: cut-outs with transparency.",
)
bg_option = option("--bg", type=FOLDER, default=Path("data/bg"), help="Folder of backgrounds: photos.")
size_option = option(
    "--size",
    type=CanvasSize(),
    default="192",
    help="Size of the samples in pixels: one side, or width x height.",
)
fg_size_option = option(
    "--fg-size",
    type=Whole(1),
    show_default="half the shorter side of --size",
    help="Longer side of a pasted foreground in pixels. A foreground is never enlarged more than 2 times.",
)
