"""`fgbg export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import overwrite_option, takes_dataset, workers_option
from fgbg.terminal import say
from fgbg.value_types import FOLDER, OneOf, Whole

if TYPE_CHECKING:
    from generator.export.formats import FormatName
    from generator.export.samples import PictureFormat
    from generator.splits import SplitName


@fgbg_command("export")
@takes_dataset
@option(
    "--format",
    "format_name",
    type=OneOf(["folder", "coco", "webdataset"]),
    show_default="none; required",
    help="Format to write: pictures in folders, pictures with COCO annotations, or WebDataset tar archives.",
)
@option(
    "--subset",
    type=OneOf(["train", "val", "test", "all"]),
    default="all",
    show_default=True,
    help="Split of the dataset to write.",
)
@option(
    "--out",
    type=FOLDER,
    show_default="outputs/export/FORMAT",
    help="Folder of the export.",
)
@option(
    "--samples",
    type=Whole(1),
    show_default="all",
    help="Write only this many samples; each split keeps its share of them.",
)
@option(
    "--picture-format",
    type=OneOf(["png", "jpg"]),
    default="png",
    show_default=True,
    help="Format of bg and fg_bg. Mask, depth and instances are always PNG.",
)
@option("--quality", type=Whole(1, 100), show_default="95", help="JPEG quality, with --picture-format jpg.")
@workers_option
@overwrite_option
def command(
    data: Path,
    format_name: "FormatName | None",
    subset: "SplitName | Literal['all']",
    out: Path | None,
    samples: int | None,
    picture_format: "PictureFormat",
    quality: int | None,
    workers: "int | Literal['auto']",
    overwrite: bool,
) -> None:
    """Write a dataset as pictures, COCO or WebDataset.

    DATA is the folder of the dataset, the same as --data. The same options always write the same bytes. You
    can stop the export and run the same command again: it continues.
    """
    from generator.errors import UsageError
    from generator.export.config import ExportConfig
    from generator.export.pipeline import export_dataset
    from generator.numerals import format_bytes

    if format_name is None:
        raise UsageError("--format", "", "is missing", "choose folder, coco or webdataset")
    folder = out or Path("outputs/export") / format_name
    config = ExportConfig(
        data=data,
        out=folder,
        format=format_name,
        subset=subset,
        samples=samples,
        picture_format=picture_format,
        quality=quality,
        workers=workers,
    )
    outcome = export_dataset(config, overwrite)
    counts = ", ".join(f"{name} {count:,}" for name, count in outcome.samples.items())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    done = (
        f"{sum(outcome.samples.values()):,} samples ({counts}), {format_name}, {format_bytes(outcome.bytes)}"
    )
    say(f"{folder}: {'' if outcome.written else 'already complete: '}{done}")
