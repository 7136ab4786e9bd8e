"""`fgbg generate`."""

from pathlib import Path
from typing import Any

import click

from fgbg.options import FOLDER, CanvasSize, SplitShares, common_options, overwrite_option, seed_option


@click.command("generate")
@click.option(
    "--fg", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of cut-outs (RGBA)."
)
@click.option("--bg", type=FOLDER, default=Path("data/bg"), show_default=True, help="Folder of backgrounds.")
@click.option(
    "--out", type=FOLDER, default=Path("data/shards"), show_default=True, help="Folder of the dataset."
)
@click.option(
    "--positions",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Positions per foreground, background and flip.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    show_default="all",
    help="Keep only so many samples, split shares kept.",
)
@click.option("--size", type=CanvasSize(), default="192", show_default=True, help="Canvas in pixels.")
@click.option(
    "--fg-size",
    type=click.IntRange(1),
    show_default="half the canvas",
    help="Longer side of a pasted foreground in pixels; never enlarged more than 2 times.",
)
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
    "--depth",
    type=click.Choice(["auto", "files", "plane"]),
    default="auto",
    show_default=True,
    help="Depth of backgrounds: NAME.depth.png or .npy beside them, a plane that comes nearer downward,"
    " or files where there are any.",
)
@click.option(
    "--depth-convention",
    type=click.Choice(["inverse", "metric"]),
    default="inverse",
    show_default=True,
    help="What .npy files hold: larger is nearer, or larger is farther.",
)
@click.option(
    "--render/--no-render",
    default=True,
    show_default=True,
    help="Write pixels, or only what is needed to render them while reading (about 40 bytes a sample).",
)
@click.option(
    "--shard-samples",
    type=click.IntRange(1, 2**20),
    default=1024,
    show_default=True,
    help="Samples per shard.",
)
@overwrite_option
@common_options
def command(overwrite: bool, **fields: Any) -> None:
    """Composite foregrounds onto backgrounds into a dataset.

    Every foreground comes on every background of its split at --positions places, mirrored too, with mask
    and depth. The same options give the same bytes. Stopped, it continues when called again.
    """
    from generator.config import GenerateConfig
    from generator.pipeline import generate
    from generator.plan import format_bytes

    config = GenerateConfig(**fields)
    outcome = generate(config, overwrite)
    manifest = outcome.manifest
    counts = ", ".join(f"{name} {split.samples:,}" for name, split in manifest.splits.items())
    total = sum(split.samples for split in manifest.splits.values())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        click.echo(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    done = f"{total:,} samples ({counts}), {manifest.storage}, {format_bytes(outcome.bytes)}"
    click.echo(f"{config.out}: {'' if outcome.written else 'already complete: '}{done}")
