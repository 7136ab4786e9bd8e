"""`fgbg stats`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import common_options, data_option, named_dataset, overwrite_option, subset_option
from fgbg.screen import say
from fgbg.value_types import FOLDER, Whole

if TYPE_CHECKING:
    from generator.look.stats import DatasetStats
    from generator.splits import SplitName


@click.command("stats")
@click.argument("dataset", type=FOLDER, required=False)
@data_option
@subset_option
@click.option(
    "--samples",
    type=Whole(1, also="all"),
    default=4096,
    show_default=True,
    help="Samples to look at, spread evenly over the split, or all.",
)
@click.option(
    "--out", type=FOLDER, default=Path("outputs/stats"), show_default=True, help="Folder of the results."
)
@overwrite_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    dataset: Path | None,
    data: Path,
    subset: "SplitName",
    samples: int | str,
    out: Path,
    overwrite: bool,
) -> None:
    """Count what a dataset looks like: colours, coverage, positions, depth.

    DATASET is its folder, as --data. Prints mean and standard deviation per field and channel, and writes
    stats.json and stats.png (position heat map and histograms).
    """
    from generator.look.stats import CHART_FILE, STATS_FILE, write_stats

    folder = named_dataset(ctx, dataset, data)
    stats = write_stats(folder, subset, None if samples == "all" else int(samples), out, overwrite)
    say(*_table(stats), out / STATS_FILE, out / CHART_FILE)


def _table(stats: "DatasetStats") -> list[str]:
    width, height = stats.size
    lines = [f"{stats.subset}: {stats.samples:,} of {stats.total:,} samples, {width} x {height} pixels"]
    lines.append(f"{'field':8}{'channel':9}{'mean':>8}{'std':>9}")
    for name, moments in stats.fields.items():
        channels = ("red", "green", "blue") if len(moments.mean) == 3 else ("",)
        for channel, mean, std in zip(channels, moments.mean, moments.std, strict=True):
            lines.append(f"{name:8}{channel:9}{mean:8.4f}{std:9.4f}")
    coverage = stats.coverage
    lines.append(
        f"objects in a sample: {stats.objects.mean():.2f} ({stats.objects.min()} to {stats.objects.max()})"
    )
    lines.append(
        f"part of the picture covered: {coverage.mean():.1%} ({coverage.min():.1%} to {coverage.max():.1%})"
    )
    lines.append(f"pixels without depth: {stats.unknown_depth:.1%}")
    if stats.visible is not None and len(stats.visible):
        hidden = (stats.visible == 0).mean()
        lines.append(f"part of an object seen: {stats.visible.mean():.1%} ({hidden:.1%} wholly hidden)")
    return lines
