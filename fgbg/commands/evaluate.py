"""`fgbg evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import (
    checkpoint_option,
    device_option,
    mirror_option,
    out_option,
    overwrite_option,
    subset_option,
    takes_dataset,
)
from fgbg.terminal import answer, say
from fgbg.value_types import Text, Whole

if TYPE_CHECKING:
    from generator.places import Place
    from generator.splits import SplitName


@fgbg_command("evaluate")
@takes_dataset
@checkpoint_option
@option(
    "--network",
    type=Text("FILE|u2netp", "a file"),
    show_default="none",
    help="Compare with an ONNX network that needs no training: one that rembg runs, or 'u2netp', which is"
    " downloaded once (4.6 MB).",
)
@subset_option(
    "val",
    "Split of the dataset to measure on. 'train' shows only how well the network fits its training data.",
)
@option(
    "--samples",
    type=Whole(1, also="all"),
    default="all",
    help="Measure only this many samples: a random subset, always the same.",
)
@out_option("outputs/evaluation")
@mirror_option
@overwrite_option
@device_option
def command(
    data: "Place",
    checkpoint: Path,
    network: str | None,
    subset: "SplitName",
    samples: int | str,
    out: Path,
    mirror: bool,
    overwrite: bool,
    device: str,
) -> None:
    """Measure how good a network is.

    DATA is the folder or URL of the dataset, the same as --data. The network is measured with a clean
    background, a perturbed one and none, and compared with three methods that need no training. Prints a
    table, and writes report.html, metrics.json, and a picture of the worst, median and best samples in each
    condition (clean.png, perturbed.png, absent.png).
    """
    from training.records.run_files import find_checkpoint

    checkpoint = find_checkpoint(checkpoint)

    from fgbg.evaluation.class_tables import csv_files
    from fgbg.evaluation.report import METRICS_FILE, REPORT_FILE, picture_file, write_evaluation
    from fgbg.evaluation.tables import screen

    document = write_evaluation(
        checkpoint,
        data,
        out,
        subset=subset,
        samples=None if samples == "all" else int(samples),
        mirror=mirror,
        device=device,
        network=network,
        overwrite=overwrite,
    )
    answer(*screen(document))
    tables = csv_files(document)
    for name in (REPORT_FILE, METRICS_FILE, *tables, *map(picture_file, document["network"])):
        say(out / name)
