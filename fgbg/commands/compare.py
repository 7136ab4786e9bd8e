"""`fgbg compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import device_option, is_given, out_option, overwrite_option, subset_option
from fgbg.terminal import answer, note
from fgbg.value_types import FILE, PATH, PLACE, Whole

if TYPE_CHECKING:
    from generator.places import Place
    from generator.splits import SplitName

_DATA = Path("data/shards")


@fgbg_command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=PATH)
@option(
    "--data",
    type=PLACE,
    show_default=f"{_DATA.as_posix()} if it exists",
    help="Folder or URL of the dataset whose samples the networks predict.",
)
@subset_option("val")
@option(
    "--pictures",
    type=Whole(1, 100),
    default=6,
    help="Number of samples to predict. The first ones all have different backgrounds.",
)
@option(
    "--picture",
    "files",
    type=FILE,
    multiple=True,
    show_default="none",
    help="A picture to predict as well. Repeat the option for several.",
)
@option("--without-bg", is_flag=True, help="Predict the samples without their backgrounds.")
@out_option("outputs/comparison")
@overwrite_option
@device_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    runs: tuple[Path, ...],
    data: "Place | None",
    subset: "SplitName",
    pictures: int,
    files: tuple[Path, ...],
    without_bg: bool,
    out: Path,
    overwrite: bool,
    device: str,
) -> None:
    """Show several runs side by side.

    RUN is the folder of a run: the --out of 'fgbg train'. Prints the scores of best.pt and the options that
    differ. Writes index.html, which needs no other file, curves.png and predictions.png.
    """
    from fgbg.comparison.compare import compare

    if data is None and (_DATA / "dataset.json").is_file():
        data = _DATA
    if data is None:
        for name in ("subset", "pictures", "without_bg"):
            if is_given(ctx, name):
                note(f"--{name.replace('_', '-')} has no effect without a dataset")
    answer(
        *compare(
            runs,
            out,
            data=data,
            subset=subset,
            samples=pictures,
            pictures=files,
            with_bg=not without_bg,
            device=device,
            overwrite=overwrite,
        )
    )
