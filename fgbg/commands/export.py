"""`fgbg export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fgbg.options import common_options, overwrite_option, workers_option
from fgbg.screen import say
from fgbg.value_types import FOLDER, OneOf, Whole

if TYPE_CHECKING:
    from generator.export.formats import FormatName
    from generator.export.samples import PictureFormat
    from generator.splits import SplitName


@click.command("export")
@click.argument("dataset", type=FOLDER)
@click.option(
    "--format",
    "format_name",
    type=OneOf(["folder", "coco", "webdataset"]),
    show_default="none; needed for a dataset",
    help="Pictures in folders, pictures with COCO annotations, or tar archives.",
)
@click.option(
    "--subset",
    type=OneOf(["train", "val", "test", "all"]),
    default="all",
    show_default=True,
    help="Split of the dataset.",
)
@click.option(
    "--out",
    type=FOLDER,
    show_default="outputs/export/FORMAT",
    help="Folder of the export.",
)
@click.option("--samples", type=Whole(1), show_default="all", help="Only so many samples, split shares kept.")
@click.option(
    "--picture-format",
    type=OneOf(["png", "jpg"]),
    default="png",
    show_default=True,
    help="Of bg and fg_bg; mask, depth and instances are PNG.",
)
@click.option("--quality", type=Whole(1, 100), show_default="95", help="Of JPEG.")
@workers_option
@overwrite_option
@common_options
def command(
    dataset: Path,
    format_name: "FormatName | None",
    subset: "SplitName | Literal['all']",
    out: Path | None,
    samples: int | None,
    picture_format: "PictureFormat",
    quality: int | None,
    workers: "int | Literal['auto']",
    overwrite: bool,
) -> None:
    """Write a dataset as plain pictures, COCO or WebDataset.

    DATASET is its folder. The same options give the same bytes. Stopped, it continues when called again.
    """
    from generator.errors import UsageError
    from generator.export.blocks import ExportConfig
    from generator.export.pipeline import export_dataset
    from generator.numerals import format_bytes

    if format_name is None:
        raise UsageError("--format", "folder, coco or webdataset", "none", "say which")
    folder = out or Path("outputs/export") / format_name
    config = ExportConfig(dataset, folder, format_name, subset, samples, picture_format, quality, workers)
    outcome = export_dataset(config, overwrite)
    counts = ", ".join(f"{name} {count:,}" for name, count in outcome.samples.items())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    done = (
        f"{sum(outcome.samples.values()):,} samples ({counts}), {format_name}, {format_bytes(outcome.bytes)}"
    )
    say(f"{folder}: {'' if outcome.written else 'already complete: '}{done}")
