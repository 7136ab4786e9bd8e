"""`fgbg generate`."""

from pathlib import Path
from typing import Any

import click

from fgbg.options import (
    bg_option,
    common_options,
    fg_option,
    fg_size_option,
    is_given,
    overwrite_option,
    seed_option,
    size_option,
    workers_option,
)
from fgbg.screen import say, warn
from fgbg.value_types import FOLDER, SHARE, Grid, Number, Numbers, OneOf, Span, SplitShares, Text, Whole


@click.command("generate")
@fg_option
@bg_option
@click.option(
    "--out", type=FOLDER, default=Path("data/shards"), show_default=True, help="Folder of the dataset."
)
@click.option(
    "--positions",
    type=Whole(1),
    show_default="20, or those of --grid",
    help="Positions per foreground, background and flip.",
)
@click.option(
    "--grid",
    type=Grid(),
    show_default="positions are drawn",
    help="Fixed places for the first object: columns x rows, like 5x4.",
)
@click.option(
    "--samples",
    type=Whole(1),
    show_default="all",
    help="Keep only so many samples, split shares kept.",
)
@size_option
@fg_size_option
@click.option("--flip/--no-flip", default=True, show_default=True, help="Paste mirrored foregrounds too.")
@click.option(
    "--split",
    type=SplitShares(),
    default="80/10/10",
    show_default=True,
    help="Shares of train/val/test among foregrounds and among backgrounds, or none: all in train.",
)
@seed_option
@click.option(
    "--variants",
    type=Whole(1, 4096),
    show_default="8 where appearances vary, else 1",
    help="Appearances drawn of each foreground; each takes memory in the bank.",
)
@click.option(
    "--scale",
    type=Span(),
    default="1",
    show_default=True,
    help="Range of sizes, 0 to 4, in parts of --fg-size.",
)
@click.option(
    "--rotate",
    type=Number(0, 180),
    default=0.0,
    show_default=True,
    help="Largest turn each way, in degrees.",
)
@click.option(
    "--brightness", type=SHARE, default=0.0, show_default=True, help="Largest change each way, 0 to 1."
)
@click.option(
    "--contrast", type=SHARE, default=0.0, show_default=True, help="Largest change each way, 0 to 1."
)
@click.option(
    "--saturation", type=SHARE, default=0.0, show_default=True, help="Largest change each way, 0 to 1."
)
@click.option(
    "--blend",
    type=OneOf(["alpha", "feather", "mixed"]),
    default="alpha",
    show_default=True,
    help="Edges: as cut out, softened inwards, or every appearance with both.",
)
@click.option(
    "--objects",
    type=Span(whole=True),
    default="1",
    show_default=True,
    help="Objects in a sample, like 1-3 (at most 8); more than one gives an instance map.",
)
@click.option(
    "--overlap",
    type=SHARE,
    default=0.5,
    show_default=True,
    help="Largest share of an object's box that another one's may cover, 0 to 1.",
)
@click.option(
    "--truncate",
    type=Number(0, 0.9),
    default=0.0,
    show_default=True,
    help="Largest share of an object that the border may cut off, 0 to 0.9.",
)
@click.option(
    "--empty",
    type=Number(0, 1, below=True),
    default=0.0,
    show_default=True,
    help="Share of samples without any object, below 1.",
)
@click.option(
    "--shadow",
    type=SHARE,
    default=0.0,
    show_default=True,
    help="Share of objects with a contact shadow, 0 to 1.",
)
@click.option(
    "--harmonise",
    type=SHARE,
    default=0.0,
    show_default=True,
    help="How far at most objects take on the mean colour of their background, 0 to 1.",
)
@click.option(
    "--perspective/--no-perspective",
    default=False,
    show_default=True,
    help="Show a larger variant where the ground is nearer; needs --scale with a range.",
)
@click.option(
    "--depth",
    type=Text("auto|files|plane|onnx:PATH|hf:MODEL", "auto, files, plane, onnx:PATH or hf:MODEL"),
    default="auto",
    show_default=True,
    help="Depth of backgrounds. files: NAME.depth.png (16-bit), .npy, .npz, .tif, .pfm or .exr beside them;"
    " plane: a plane that comes nearer downward; auto: files, and the plane where there is none; or a"
    " network, in an ONNX file or of Hugging Face.",
)
@click.option(
    "--depth-convention",
    type=OneOf(["auto", "inverse", "metric"]),
    default="auto",
    show_default=True,
    help="Numbers in depth files or of a network. inverse: larger is nearer; metric: larger is farther, in"
    " any unit; auto: inverse for files, and what a network says of itself.",
)
@click.option(
    "--depth-invalid",
    type=Numbers(),
    default="0",
    show_default=True,
    help="Numbers in depth files that mean unknown, like 65535; 0 always does, except with none.",
)
@click.option(
    "--depth-per",
    type=OneOf(["background", "composite"]),
    default="background",
    show_default=True,
    help="Run a depth network once per background, or on every finished sample.",
)
@click.option(
    "--depth-cache",
    type=FOLDER,
    show_default="the user's cache",
    help="Folder where depths that networks gave are kept.",
)
@click.option(
    "--render/--no-render",
    default=True,
    show_default=True,
    help="Write pixels, or only what is needed to render them while reading (about 40 bytes a sample).",
)
@click.option(
    "--shard-samples",
    type=Whole(1, 2**20),
    default=1024,
    show_default=True,
    help="Samples per shard.",
)
@click.option(
    "--skip-bad",
    is_flag=True,
    help="Leave out pictures that cannot be used, with a line for each."
    " Otherwise every one is named, and nothing is made.",
)
@workers_option
@overwrite_option
@common_options
@click.pass_context
def command(ctx: click.Context, /, overwrite: bool, skip_bad: bool, **fields: Any) -> None:
    """Composite foregrounds onto backgrounds into a dataset.

    Every foreground comes on every background of its split at --positions places, mirrored too, with mask
    and depth. The same options give the same bytes. Stopped, it continues when called again.
    """
    from generator.config import GenerateConfig
    from generator.numerals import format_bytes
    from generator.pipeline import generate

    config = GenerateConfig(**fields)
    if is_given(ctx, "overlap") and not config.has_instances:
        warn("--overlap has no effect with one object in a sample; see --objects")
    outcome = generate(config, overwrite, say, skip_bad)
    manifest = outcome.manifest
    counts = ", ".join(f"{name} {split.samples:,}" for name, split in manifest.splits.items())
    total = sum(split.samples for split in manifest.splits.values())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    done = f"{total:,} samples ({counts}), {manifest.storage}, {format_bytes(outcome.bytes)}"
    say(f"{config.out}: {'' if outcome.written else 'already complete: '}{done}")
