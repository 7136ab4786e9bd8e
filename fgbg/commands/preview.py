"""`fgbg preview`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import common_options, data_option, named_dataset, overwrite_option, subset_option
from fgbg.screen import say
from fgbg.value_types import FILE, FOLDER, Whole

if TYPE_CHECKING:
    from generator.splits import SplitName


@click.command("preview")
@click.argument("dataset", type=FOLDER, required=False)
@data_option
@subset_option
@click.option("--count", type=Whole(1, 1000), default=16, show_default=True, help="Samples on the sheet.")
@click.option(
    "--out", type=FILE, default=Path("outputs/preview.png"), show_default=True, help="PNG file to write."
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
    count: int,
    out: Path,
    overwrite: bool,
) -> None:
    """Draw a contact sheet of a dataset to look at.

    DATASET is its folder, as --data. Samples are spread evenly over the split; each shows its background, the
    composite with boxes around its objects, mask, depth, and instances where it may have several objects.
    """
    from generator.look.preview import write_preview

    shown, total = write_preview(named_dataset(ctx, dataset, data), subset, count, out, overwrite)
    say(f"{out}: {shown:,} of {total:,} samples of {subset}")
