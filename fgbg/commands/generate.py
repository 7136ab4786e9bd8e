"""`fgbg generate`."""

from collections.abc import Callable
from typing import Any

import click

from fgbg.command_class import Function, option, section
from fgbg.command_class import command as fgbg_command
from fgbg.options import (
    bg_option,
    dataset_out_option,
    depth_convention_option,
    depth_invalid_option,
    fg_option,
    fg_size_option,
    is_given,
    overwrite_option,
    ray_address_option,
    runner_option,
    seed_option,
    size_option,
    workers_option,
)
from fgbg.preset import preset_option, preset_values
from fgbg.terminal import note, say
from fgbg.value_types import FOLDER, SHARE, Grid, Number, OneOf, Span, SplitShares, Text, Whole


def _change_option(of: str) -> Callable[[Function], Function]:
    about = f"Largest random change of {of}, up and down: 0 none, 1 full."
    return option(f"--{of}", type=SHARE, default=0.0, help=about)


@fgbg_command("generate")
@section(
    "Folders",
    fg_option,
    bg_option,
    dataset_out_option,
    overwrite_option,
    option(
        "--skip-bad",
        is_flag=True,
        help="Leave out pictures that cannot be used, and list them. Without this option they are listed too,"
        " but no dataset is made.",
    ),
)
@section(
    "Samples",
    option(
        "--positions",
        type=Whole(1),
        show_default="20; with --grid its places",
        help="Number of positions of each foreground on each background. Mirrored foregrounds get as many"
        " more.",
    ),
    option(
        "--grid",
        type=Grid(),
        show_default="none; positions are random",
        help="Put the first object on a grid of columns x rows, like 5x4, instead of at random positions.",
    ),
    option(
        "--samples",
        type=Whole(1),
        show_default="all",
        help="Keep only this many samples; each split keeps its share of them.",
    ),
    size_option,
    option(
        "--split",
        type=SplitShares(),
        default="80/10/10",
        help="Shares of train, val and test. Every foreground and every background is in one split only."
        " 'none' puts all in train.",
    ),
    seed_option,
)
@section(
    "Look of the objects",
    preset_option,
    fg_size_option,
    option("--flip/--no-flip", default=True, help="Paste mirrored foregrounds too."),
    option(
        "--variants",
        type=Whole(1, 4096),
        show_default="8 if sizes, rotation or colours vary, else 1",
        help="Number of random variants of each foreground. Each needs memory.",
    ),
    option(
        "--scale",
        type=Span(),
        default="1",
        help="Range of random sizes, as factors of --fg-size, like 0.5-1 (at most 4).",
    ),
    option(
        "--rotate",
        type=Number(0, 180),
        default=0.0,
        help="Largest random rotation in degrees, in both directions.",
    ),
    _change_option("brightness"),
    _change_option("contrast"),
    _change_option("saturation"),
    option(
        "--blend",
        type=OneOf(["alpha", "feather", "mixed"]),
        default="alpha",
        help="Edges of objects. alpha: as in the cut-out; feather: softened inwards; mixed: both.",
    ),
)
@section(
    "Scenes",
    option(
        "--objects",
        type=Span(whole=True),
        default="1",
        help="Number of objects in a sample, like 2 or 1-3 (at most 8). With more than one, samples have an"
        " instance map.",
    ),
    option(
        "--overlap",
        type=SHARE,
        default=0.5,
        help="Largest share of an object's box that another object may cover, 0 to 1.",
    ),
    option(
        "--truncate",
        type=Number(0, 0.9),
        default=0.0,
        help="Largest share of an object that the border of the picture may cut off, 0 to 0.9.",
    ),
    option(
        "--empty",
        type=Number(0, 1, below=True),
        default=0.0,
        help="Share of samples without any object, below 1.",
    ),
    option(
        "--shadow",
        type=SHARE,
        default=0.0,
        help="Share of objects with a shadow on the ground, 0 to 1.",
    ),
    option(
        "--harmonise",
        type=SHARE,
        default=0.0,
        help="Largest colour shift of an object towards its background's mean colour: 0 none, 1 full.",
    ),
    option(
        "--perspective/--no-perspective",
        default=False,
        help="Make objects larger where the ground is nearer. Needs a range of --scale.",
    ),
)
@section(
    "Depth",
    option(
        "--depth",
        type=Text("auto|files|plane|onnx:PATH|hf:MODEL", "auto, files, plane, onnx:PATH or hf:MODEL"),
        default="auto",
        help="Source of the backgrounds' depth. files: NAME.depth.png (16-bit), .npy, .npz, .tif, .pfm or"
        " .exr beside each background; plane: a ground plane that comes nearer towards the bottom; auto:"
        " the file, or the plane if there is none; onnx, hf: a depth network, from an ONNX file or from"
        " Hugging Face.",
    ),
    depth_convention_option,
    depth_invalid_option,
    option(
        "--depth-per",
        type=OneOf(["background", "composite"]),
        default="background",
        help="Run the depth network once on each background, or on each finished sample.",
    ),
    option(
        "--depth-cache",
        type=FOLDER,
        show_default="the user's cache folder",
        help="Folder that keeps the results of depth networks.",
    ),
)
@section(
    "Storage and speed",
    option(
        "--render/--no-render",
        default=True,
        help="Store the pixels of the samples. --no-render stores only placements, about 40 bytes a sample,"
        " and pixels are made when the dataset is read.",
    ),
    option(
        "--shard-samples",
        type=Whole(1, 2**20),
        default=1024,
        help="Number of samples in one file (shard).",
    ),
    workers_option,
    runner_option,
    ray_address_option,
)
@click.pass_context
def command(
    ctx: click.Context, /, overwrite: bool, skip_bad: bool, preset: str | None, **fields: Any
) -> None:
    """Paste foregrounds onto backgrounds and write a dataset.

    Each foreground is pasted onto each background of its split at --positions random places, and mirrored
    at as many more. Each sample has a mask and a depth map. The same options always give the same bytes.
    You can stop the command and run it again: it continues.
    """
    from generator.config import GenerateConfig
    from generator.numerals import format_bytes
    from generator.pipeline import generate

    config = GenerateConfig(**fields)
    if preset is not None:
        say(f"preset {preset}: {preset_values(preset, config)}")
    if is_given(ctx, "overlap") and not config.has_instances:
        note("--overlap has no effect with one object in a sample (--objects)")
    outcome = generate(config, overwrite, say, skip_bad)
    manifest = outcome.manifest
    counts = ", ".join(f"{name} {split.samples:,}" for name, split in manifest.splits.items())
    total = sum(split.samples for split in manifest.splits.values())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    stored = "with pixels" if manifest.storage == "rendered" else "without pixels"
    done = f"{total:,} samples ({counts}), {stored}, {format_bytes(outcome.bytes)}"
    say(f"{config.out}: {'' if outcome.written else 'already complete: '}{done}")
