"""Comparing runs: predict with each, and write the results."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from fgbg.comparison.curves import draw_sheet, panel_names
from fgbg.comparison.figures import figures_table, print_table, verdict
from fgbg.comparison.page import make_page
from fgbg.comparison.predictions import Picture, PredictedPicture, predict_picture, read_picture, read_samples
from fgbg.comparison.runs import ComparedRun, config_differences, open_runs
from fgbg.comparison.sheet import draw_predictions
from fgbg.pages.parts import TableRow
from generator.encode import encode_png
from generator.files import refuse_existing, require_writable
from generator.look.contact_sheet import Key, mask_keys
from generator.look.text_table import WIDTH
from generator.own_results import mark_png, write_results
from generator.progress import Progress, show_progress
from generator.splits import SplitName

PAGE, CURVES, PREDICTIONS = "index.html", "curves.png", "predictions.png"
MAKER = "compare"


def compare(
    runs: Sequence[str | Path],
    out: str | Path = "outputs/comparison",
    *,
    data: str | Path | None = None,
    subset: SplitName = "val",
    samples: int = 6,
    pictures: Sequence[str | Path] = (),
    with_bg: bool = True,
    device: str = "auto",
    overwrite: bool = False,
    progress: bool = True,
) -> list[str]:
    """Compare runs, and write index.html, curves.png and predictions.png.

    curves.png is left out where no run has a metrics.csv, predictions.png where there are no pictures. A
    single run is shown in the same way.

    Args:
        runs: folders of runs.
        out: folder of the results. It is made if it does not exist.
        data: folder of a dataset whose samples are predicted; None: no samples.
        subset: the split: train, val or test.
        samples: number of samples: first one of each background, then a second one of each, and so on.
        pictures: files to predict as well.
        with_bg: give networks the background of a sample.
        device: auto (the best that this computer has), cpu, cuda or mps.
        overwrite: replace existing files of these names.
        progress: show a progress bar on stderr.

    Returns:
        Lines to print: the verdict, the figures, the options that differ, what is missing, and the files.

    Raises:
        ExistsError: `out` holds a file of these names, and not `overwrite`.
        UsageError: a run is given twice, `runs` is not a list or is empty, or masks of the dataset mean
            something else than those of a run.
        RunError: a folder holds no run.
        CheckpointError: a checkpoint cannot be used.
        DatasetError: the dataset cannot be used.
        ImageError: a picture cannot be read.
        ConfigError: this computer does not have the device.

    Example:
        >>> lines = fgbg.compare(["outputs"], out="comparison", progress=False)
        >>> any(line.endswith("index.html") for line in lines)
        True
    """
    out = Path(out)
    require_writable(out)
    refuse_existing([out / name for name in (PAGE, CURVES, PREDICTIONS)], overwrite)
    opened = open_runs(runs, device)
    with show_progress(progress):
        shown = read_samples(data, subset, samples, opened) if data is not None else []
        shown += [read_picture(Path(path)) for path in pictures]
        predictions = _predictions(opened, shown, with_bg)
    figures, differences = figures_table(opened), config_differences(opened)
    page = make_page(opened, figures, differences, predictions, with_bg)
    written = write_results(out, {PAGE: page, **_pictures(opened, predictions)}, MAKER)
    return [*_lines(opened, figures, differences, bool(predictions)), *map(str, written)]


def _predictions(
    opened: Sequence[ComparedRun], shown: Sequence[Picture], with_bg: bool
) -> list[PredictedPicture]:
    predictions = []
    with Progress("predicting", len(shown), "pictures") as bar:
        for picture in shown:
            predictions.append(predict_picture(opened, picture, with_bg))
            bar.advance(1)
    return predictions


def _pictures(
    opened: Sequence[ComparedRun], predictions: Sequence[PredictedPicture]
) -> dict[str, bytes | None]:
    """The PNG files by name; None where there is nothing to draw."""
    return {
        CURVES: mark_png(draw_sheet(opened), MAKER) if panel_names(opened) else None,
        PREDICTIONS: mark_png(encode_png(draw_predictions(predictions, _legend(opened))), MAKER)
        if predictions
        else None,
    }


def _legend(opened: Sequence[ComparedRun]) -> list[Key]:
    """The colours of the classes of all runs, each once."""
    keys = [key for run in opened for key in mask_keys(run.engine.entry)]
    return list({(key.text, key.patch.tobytes()): key for key in keys}.values())


def _lines(
    opened: Sequence[ComparedRun],
    figures: Sequence[TableRow],
    differences: Mapping[str, Sequence[str]],
    predicted: bool,
) -> list[str]:
    """The verdict, the figures, the options that differ, and what is missing, as lines to print."""
    rows = [TableRow(name, texts) for name, texts in differences.items()]
    lines = [line for text in verdict(opened) for line in textwrap.wrap(text, WIDTH)]
    lines += ["", *print_table([run.label for run in opened], figures, rows), ""]
    lines += [f"{run.folder}: no metrics.csv in log, so no curves" for run in opened if not run.curves]
    if not predicted:
        lines.append("no pictures to predict: name a dataset with `data` or a file with `picture`")
    return lines
