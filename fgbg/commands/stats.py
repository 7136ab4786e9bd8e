"""`fgbg stats`."""

from pathlib import Path
from typing import TYPE_CHECKING

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import out_option, overwrite_option, subset_option, takes_dataset
from fgbg.terminal import answer, say
from fgbg.value_types import Whole

if TYPE_CHECKING:
    from generator.look.stats import DatasetStats
    from generator.places import Place
    from generator.splits import SplitName


@fgbg_command("stats")
@takes_dataset
@subset_option("train")
@option(
    "--samples",
    type=Whole(1, also="all"),
    default=4096,
    help="Number of samples to measure, spread evenly over the split; or 'all'.",
)
@out_option("outputs/stats")
@overwrite_option
def command(data: "Place", subset: "SplitName", samples: int | str, out: Path, overwrite: bool) -> None:
    """Measure colours, coverage, positions, depth and classes of a dataset.

    DATA is the folder or URL of the dataset, the same as --data. Prints the mean and standard deviation of
    each field and channel, and how often each class is there. Writes stats.json and stats.png (histograms,
    and a heat map of positions or bars of classes).
    """
    from generator.look.stats import CHART_FILE, STATS_FILE, write_stats

    stats = write_stats(data, subset, None if samples == "all" else int(samples), out, overwrite)
    answer(*_table(stats))
    say(out / STATS_FILE, out / CHART_FILE)


def _table(stats: "DatasetStats") -> list[str]:
    from generator.errors import printable
    from generator.look.text_table import text_table

    width, height = stats.size
    lines = [f"{stats.subset}: {stats.samples:,} of {stats.total:,} samples, {width} x {height} pixels"]
    rows = [["field, channel", "mean", "std"]]
    for name, moments in stats.fields.items():
        if name == "mask" and stats.classes is not None:
            continue  # classes have a table of their own
        channels = (" red", " green", " blue") if len(moments.mean) == 3 else ("",)
        for channel, mean, std in zip(channels, moments.mean, moments.std, strict=True):
            rows.append([f"{name}{channel}", f"{mean:.4f}", f"{std:.4f}"])
    lines += text_table(rows)
    if stats.classes is not None:
        named = [[printable(one.name), f"{one.share:.2%}", f"{one.samples:,}"] for one in stats.classes]
        lines += text_table([["class", "pixels", "samples with it"], *named])
    if (objects := stats.objects) is not None:
        lines.append(f"objects in a sample: {objects.mean():.2f} ({objects.min()} to {objects.max()})")
    if (covered := stats.coverage) is not None:
        lines.append(
            f"part of the picture covered: {covered.mean():.1%} ({covered.min():.1%} to {covered.max():.1%})"
        )
    if stats.void:
        lines.append(f"void pixels: {stats.void:.1%}")
    without = "all" if stats.depth is None else f"{stats.unknown_depth:.1%}"
    lines.append(f"pixels without depth: {without}")
    if stats.visible is not None and len(stats.visible):
        hidden = (stats.visible == 0).mean()
        lines.append(
            f"visible part of objects: {stats.visible.mean():.1%} ({hidden:.1%} of objects fully hidden)"
        )
    return lines
