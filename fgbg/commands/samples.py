"""`fgbg samples`."""

from pathlib import Path

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import overwrite_option, seed_option
from fgbg.terminal import say
from fgbg.value_types import FOLDER, CanvasSize, OneOf, Whole

LAYOUTS = ("drone", "oxford-pet", "cub200", "voc", "kitti-road", "camvid", "cityscapes", "ade20k")
"""As in `generator.drawing.layouts`, which is slow to import."""


@fgbg_command("samples")
@click.argument("folder", type=FOLDER, default=Path("data"))
@option(
    "--count",
    type=Whole(1, 10_000),
    default=24,
    help="Number of foregrounds, and of backgrounds; of pictures with --labelled.",
)
@option(
    "--size",
    type=CanvasSize(),
    default=192,
    help="Side of the backgrounds in pixels, 32 to 2048. Foregrounds are half as large. With --labelled, size"
    " of the pictures, up to 8192.",
)
@option(
    "--labelled",
    type=Whole(2, 250),
    default=None,
    show_default="foregrounds and backgrounds",
    help="Draw a labelled data set with this number of classes instead, for fgbg import.",
)
@option(
    "--layout",
    type=OneOf(LAYOUTS),
    default=None,
    show_default="drone",
    help="Layout of the labelled data set: the format to import it with.",
)
@seed_option
@overwrite_option
def command(
    folder: Path,
    count: int,
    size: tuple[int, int],
    labelled: int | None,
    layout: str | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Draw sample foregrounds and backgrounds with exact depth, or a labelled data set.

    Writes FOLDER/fg/*.png (RGBA) and FOLDER/bg/*.png, each background with a *.depth.png (16-bit). The
    default FOLDER is data. With --labelled, FOLDER becomes a data set in the layout of a known one.
    """
    from generator.errors import ConfigError

    if labelled is not None:
        from generator.drawing.write_labelled import write_labelled_samples

        layout = layout or LAYOUTS[0]
        write_labelled_samples(folder, labelled, layout, count, size, seed, overwrite)
        say(f"{count} labelled pictures in {folder}; import them with 'fgbg import {layout} {folder}'")
        return
    from generator.drawing.write import write_samples

    if layout is not None:
        raise ConfigError("`layout`", "", "is for labelled data sets", "add `labelled=23`, or leave it out")
    side, height = size
    if height != side:
        raise ConfigError("`size`", "one side, as backgrounds are square", f"{side}x{height}", f"use {side}")
    drawn = write_samples(folder, count, side, seed, overwrite)
    say(f"{count} foregrounds in {drawn.fg}, {count} backgrounds with depth in {drawn.bg}")
