"""`fgbg import`."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from fgbg.command_class import Function, option, section
from fgbg.command_class import command as fgbg_command
from fgbg.options import out_option, overwrite_option, seed_option, size_option, workers_option
from fgbg.terminal import say
from fgbg.value_types import FILE, PATH, Names, Numbers, OneOf, SplitShares, Text, Whole


def _pattern(name: str, of: str, default: str) -> Callable[[Function], Function]:
    kind = Text("PATTERN", "a pattern")
    return option(name, type=kind, show_default=default, help=f"Pattern of the {of}.")


@fgbg_command("import")
@click.argument("format", metavar="FORMAT")
@click.argument("source", metavar="SRC", type=PATH)
@section(
    "Folders",
    out_option("data/shards", "Folder of the dataset."),
    overwrite_option,
    option(
        "--strict",
        is_flag=True,
        help="Stop if something cannot be used. Without this option it is left out, and listed in"
        " problems.csv in the folder of the dataset.",
    ),
)
@section(
    "Samples",
    size_option,
    option(
        "--fit",
        type=OneOf(["pad", "crop", "stretch"]),
        default="pad",
        help="How pictures come to --size. pad: the whole picture, with a border that counts nowhere; crop:"
        " the middle of the picture; stretch: the whole picture, with another aspect ratio.",
    ),
    option(
        "--split",
        type=SplitShares(auto=True),
        default="auto",
        help="Shares of train, val and test, like 75/25 or 80/10/10. Near-duplicates stay in one split."
        " 'auto' takes the splits of the data set, and 75/25 where it has none; 'none' puts all in train.",
    ),
    seed_option,
)
@section(
    "Masks",
    option(
        "--mask",
        type=OneOf(["alpha", "classes"]),
        show_default="by the format",
        help="Whether masks show one kind of object (alpha), or the class of each pixel.",
    ),
    option(
        "--foreground",
        type=Names(),
        show_default="all but the background",
        help="Names of the classes that are the object, with --mask alpha, like cat,dog.",
    ),
    option(
        "--labels",
        type=FILE,
        show_default="what the data set says",
        help="File with the names, and maybe colours, of the classes.",
    ),
    option("--road", "variant", flag_value="road", help="The road is the object (kitti-road; default)."),
    option("--lane", "variant", flag_value="lane", help="The own lane is the object (kitti-road)."),
)
@section(
    "Files of the format 'folder'",
    _pattern("--images", "pictures below SRC, like 'image_2/{a}_{id}.png'", "all pictures of SRC"),
    _pattern("--masks", "masks, like 'gt_image_2/{a}_road_{id}.png'", "the name of the picture"),
    _pattern("--bg", "backgrounds", "none"),
    _pattern("--depth", "depth files", "none"),
    option(
        "--pairs",
        type=FILE,
        show_default="none",
        help="CSV file with a picture and its mask in each row, instead of patterns.",
    ),
    option(
        "--depth-convention",
        type=OneOf(["inverse", "metric"]),
        default="inverse",
        help="Meaning of the numbers in depth files. inverse: larger is nearer; metric: larger is farther.",
    ),
    option(
        "--depth-invalid",
        type=Numbers(),
        show_default="0, except in pictures of 8 bits",
        help="Numbers in depth files that mean unknown, like 0,65535. 'none' makes every number valid.",
    ),
)
@section(
    "Storage and speed",
    option(
        "--shard-samples",
        type=Whole(1, 2**20),
        show_default="1024, fewer for few pictures",
        help="Number of samples in one file (shard).",
    ),
    workers_option,
)
def command(format: str, source: Path, overwrite: bool, strict: bool, **fields: Any) -> None:
    """Make a dataset of pictures that people have labelled.

    FORMAT is the format of the data set, SRC its folder or file. The same options always give the same bytes.
    You can stop the command and run it again: it continues.
    """
    from generator.importing.config import ImportConfig
    from generator.importing.pipeline import import_labelled
    from generator.numerals import format_bytes

    fields["foreground"] = fields["foreground"] or ()
    config = ImportConfig(format=format, source=source, **fields)
    outcome = import_labelled(config, overwrite, strict, say)
    manifest = outcome.manifest
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    counts = ", ".join(f"{name} {split.samples:,}" for name, split in manifest.splits.items())
    total = manifest.source.samples
    kind = "alpha" if manifest.mask.kind == "alpha" else f"{len(manifest.mask.names)} classes"
    left_out = f", {manifest.source.left_out:,} left out" if manifest.source.left_out else ""
    done = f"{total:,} samples ({counts}), {kind}{left_out}, {format_bytes(outcome.bytes)}"
    say(f"{config.out}: {'' if outcome.written else 'already complete: '}{done}")


def _formats() -> Iterable[tuple[str, str]]:
    from generator.label_formats.formats import FORMATS

    return FORMATS.items()


command.lists["Formats"] = _formats
