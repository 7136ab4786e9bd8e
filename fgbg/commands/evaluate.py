"""`fgbg evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import (
    checkpoint_option,
    common_options,
    data_option,
    device_option,
    mirror_option,
    overwrite_option,
)
from fgbg.screen import say
from fgbg.value_types import FOLDER, OneOf, Whole

if TYPE_CHECKING:
    from generator.splits import SplitName


@click.command("evaluate")
@data_option
@checkpoint_option
@click.option(
    "--subset",
    type=OneOf(["val", "test", "train"]),
    default="val",
    show_default=True,
    help="Split of the dataset; train only says how well a network fits what it was trained on.",
)
@click.option(
    "--samples",
    type=Whole(1, also="all"),
    default="all",
    show_default=True,
    help="The first so many samples of the split, or all.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("outputs/evaluation"),
    show_default=True,
    help="Folder of the results.",
)
@mirror_option
@overwrite_option
@device_option
@common_options
def command(
    data: Path,
    checkpoint: Path,
    subset: "SplitName",
    samples: int | str,
    out: Path,
    mirror: bool,
    overwrite: bool,
    device: str,
) -> None:
    """Measure a network on a split it was not trained on.

    With the background clean, perturbed and absent, beside the best threshold on |fg_bg - bg| and depth
    without looking. Prints a table, and writes metrics.json, a picture of the worst, median and best samples
    in each condition (clean.png, perturbed.png, absent.png), and all of it as a page, report.html.
    """
    from training.records.run_files import find_checkpoint

    checkpoint = find_checkpoint(checkpoint)

    from fgbg.evaluation.report import METRICS_FILE, REPORT_FILE, picture_file, write_evaluation
    from fgbg.evaluation.table import screen

    document = write_evaluation(
        checkpoint,
        data,
        out,
        subset=subset,
        samples=None if samples == "all" else int(samples),
        mirror=mirror,
        device=device,
        overwrite=overwrite,
    )
    say(*screen(document))
    for name in (REPORT_FILE, METRICS_FILE, *map(picture_file, document["network"])):
        say(out / name)
