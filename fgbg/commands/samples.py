"""`fgbg samples`."""

from pathlib import Path

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import overwrite_option, seed_option
from fgbg.terminal import say
from fgbg.value_types import FOLDER, Whole


@fgbg_command("samples")
@click.argument("folder", type=FOLDER, default=Path("data"))
@option(
    "--count",
    type=Whole(1, 10_000),
    default=24,
    help="Number of foregrounds, and of backgrounds.",
)
@option(
    "--size",
    type=Whole(32, 2048),
    default=192,
    help="Side of the backgrounds in pixels. Foregrounds are half as large.",
)
@seed_option
@overwrite_option
def command(folder: Path, count: int, size: int, seed: int, overwrite: bool) -> None:
    """Draw sample foregrounds and backgrounds with exact depth.

    Writes FOLDER/fg/*.png (RGBA) and FOLDER/bg/*.png, each background with a *.depth.png (16-bit). The
    default FOLDER is data.
    """
    from generator.drawing.write import write_samples

    drawn = write_samples(folder, count, size, seed, overwrite)
    say(f"{count} foregrounds in {drawn.fg}, {count} backgrounds with depth in {drawn.bg}")
