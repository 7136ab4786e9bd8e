"""`fgbg compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import common_options, device_option, is_given
from fgbg.screen import say, warn
from fgbg.value_types import FILE, FOLDER, PATH, OneOf, Whole

if TYPE_CHECKING:
    from generator.splits import SplitName

_DATA = Path("data/shards")


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=PATH)
@click.option(
    "--data",
    type=FOLDER,
    show_default=f"{_DATA.as_posix()} if there is one",
    help="Dataset to predict on.",
)
@click.option(
    "--subset",
    type=OneOf(["train", "val", "test"]),
    default="val",
    show_default=True,
    help="Split of the dataset.",
)
@click.option(
    "--pictures",
    type=Whole(1, 100),
    default=6,
    show_default=True,
    help="Samples of it to predict on, first one on every background.",
)
@click.option(
    "--picture",
    "files",
    type=FILE,
    multiple=True,
    show_default="none",
    help="A picture to predict on as well; repeat it for several.",
)
@click.option("--without-bg", is_flag=True, help="Withhold the samples' backgrounds from the networks.")
@click.option(
    "--out", type=FOLDER, default=Path("outputs/comparison"), show_default=True, help="Folder of the results."
)
@device_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    runs: tuple[Path, ...],
    data: Path | None,
    subset: "SplitName",
    pictures: int,
    files: tuple[Path, ...],
    without_bg: bool,
    out: Path,
    device: str,
) -> None:
    """Show runs side by side: figures, curves and predictions.

    RUN is the folder of a run, as --out of train. Prints the figures and the options that differ, and writes
    index.html, which needs no other file, curves.png and predictions.png; those of an earlier comparison are
    replaced. The scores and the predictions are of best.pt.
    """
    from fgbg.comparison.compare import Asked, compare

    if data is None and (_DATA / "dataset.json").is_file():
        data = _DATA
    if data is None:
        for name in ("subset", "pictures", "without_bg"):
            if is_given(ctx, name):
                warn(f"--{name.replace('_', '-')} has no effect without a dataset")
    asked = Asked(data, subset, pictures, files, not without_bg)
    say(*compare(runs, asked, out, device))
