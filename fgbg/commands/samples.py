"""`fgbg samples`."""

from pathlib import Path

import click

from fgbg.options import common_options, overwrite_option, seed_option
from fgbg.screen import say
from fgbg.value_types import FOLDER, Whole


@click.command("samples")
@click.argument("folder", type=FOLDER, default=Path("data"))
@click.option(
    "--count",
    type=Whole(1, 10_000),
    default=24,
    show_default=True,
    help="Foregrounds, and as many backgrounds.",
)
@click.option(
    "--size",
    type=Whole(32, 2048),
    default=192,
    show_default=True,
    help="Side of the backgrounds in pixels; foregrounds have half of it.",
)
@seed_option
@overwrite_option
@common_options
def command(folder: Path, count: int, size: int, seed: int, overwrite: bool) -> None:
    """Draw sample foregrounds and backgrounds with exact depth.

    Writes FOLDER/fg/*.png (RGBA) and FOLDER/bg/*.png with *.depth.png (16-bit); FOLDER is data by default.
    """
    from generator.drawing.write import write_samples
    from generator.progress import Progress

    with Progress("drawing", 2 * count, "pictures") as progress:
        drawn = write_samples(folder, count, size, seed, overwrite, progress.advance)
    say(f"{count} foregrounds in {drawn.fg}, {count} backgrounds with depth in {drawn.bg}")
