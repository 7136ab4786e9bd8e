"""`fgbg import`."""

from pathlib import Path
from typing import Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.label_options import (
    FormatName,
    import_split_option,
    label_formats,
    mask_options,
    pattern_option,
    place_options,
)
from fgbg.options import dataset_out_option, overwrite_option, seed_option, size_option, workers_option
from fgbg.terminal import say
from fgbg.value_types import PATH, Numbers, OneOf, Whole


@fgbg_command("import")
@click.argument("format", metavar="FORMAT", type=FormatName())
@click.argument("source", metavar="SRC", type=PATH)
@section(
    "Folders",
    dataset_out_option,
    overwrite_option,
    option(
        "--strict",
        is_flag=True,
        help="Stop if something cannot be used. Without this option it is left out, and listed in"
        " problems.csv in the folder of the dataset.",
    ),
    option(
        "--download",
        is_flag=True,
        help="Download the data set to SRC first, from the address of its authors: cub200 (1.2 GB) and"
        " oxford-pet (0.8 GB). What is there already is not downloaded again.",
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
    import_split_option,
    seed_option,
)
@section("Masks", *mask_options)
@section(
    "Files of the format 'folder'",
    *place_options,
    pattern_option("--bg", "backgrounds", "none"),
    pattern_option("--depth", "depth files", "none"),
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
def command(format: str, source: Path, overwrite: bool, strict: bool, download: bool, **fields: Any) -> None:
    """Make a dataset of pictures that people have labelled.

    FORMAT is the format of the data set, SRC its folder, file or archive (zip, tar, tar.gz, tar.bz2, tar.xz).
    The same options always give the same bytes. You can stop the command and run it again: it continues.
    """
    from generator.importing.config import ImportConfig
    from generator.importing.download import download as fetch_data_set
    from generator.importing.pipeline import import_labelled
    from generator.numerals import format_bytes

    config = ImportConfig(format=format, source=source, **fields)
    if download:
        fetch_data_set(format, source, say)
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


command.lists["Formats"] = label_formats
