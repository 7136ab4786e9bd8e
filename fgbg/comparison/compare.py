"""`compare`: open the runs, ask them, write the results."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fgbg.comparison.answers import answer, read_picture, read_samples
from fgbg.comparison.curves import draw_sheet, panel_names
from fgbg.comparison.figures import figures_table, print_table
from fgbg.comparison.page import MARK, make_page
from fgbg.comparison.runs import config_differences, open_runs
from fgbg.comparison.sheet import draw_answers
from generator.encode import encode_png
from generator.errors import ExistsError
from generator.files import open_regular, require_writable, write_atomically
from generator.marks import is_marked, mark_png
from generator.progress import Progress
from generator.splits import SplitName

PAGE, CURVES, PREDICTIONS = "index.html", "curves.png", "predictions.png"
MAKER = "compare"


@dataclass(frozen=True)
class Asked:
    """What is shown of the runs.

    Attributes:
        data: folder of a dataset; None for none.
        subset: its split.
        count: samples of it.
        pictures: files to predict on as well.
        with_bg: whether networks may see the background of samples.
    """

    data: Path | None
    subset: SplitName
    count: int
    pictures: tuple[Path, ...] = ()
    with_bg: bool = True


def compare(folders: Sequence[Path], asked: Asked, out: Path, device: str) -> list[str]:
    """Compare runs, and write index.html, and curves.png and predictions.png where there are such.

    One run alone is shown in the same way.

    Returns:
        Lines to print: the figures, what differs, what is missing, what was written.

    Raises:
        ExistsError: `out` holds such files that no comparison wrote.
        UsageError: a run is named twice.
        RunError: a folder is no run.
        CheckpointError: a checkpoint cannot be used.
        DatasetError: the dataset cannot be used.
        ImageError: a picture cannot be read.
        ConfigError: the device is not here.
    """
    _refuse_what_is_not_ours(out)
    runs = open_runs(folders, device)
    pictures = read_samples(asked.data, asked.subset, asked.count) if asked.data is not None else []
    pictures += [read_picture(path) for path in asked.pictures]
    answers = []
    with Progress("predicting", len(pictures), "pictures") as progress:
        for picture in pictures:
            answers.append(answer(runs, picture, asked.with_bg))
            progress.advance(1)
    figures, differences = figures_table(runs), config_differences(runs)
    results: dict[str, bytes | None] = {
        PAGE: make_page(runs, figures, differences, answers),
        CURVES: mark_png(draw_sheet(runs), MAKER) if panel_names(runs) else None,
        PREDICTIONS: mark_png(encode_png(draw_answers(answers)), MAKER) if answers else None,
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, content in results.items():
        if content is None:
            (out / name).unlink(missing_ok=True)
        else:
            write_atomically(out / name, content)
    lines = print_table([run.label for run in runs], [figures, differences])
    if "dataset" in differences:
        lines.append("The runs were trained on different datasets: their validation scores do not compare.")
    lines += [f"{run.folder}: no CSV in log, so no curves of it" for run in runs if not run.curves]
    if not answers:
        lines.append("no pictures to predict on: name a dataset with `data` or a file with `picture`")
    return lines + [str(out / name) for name, content in results.items() if content is not None]


def _refuse_what_is_not_ours(out: Path) -> None:
    require_writable(out)
    ours = [name for name in (CURVES, PREDICTIONS) if is_marked(out / name, MAKER)]
    if _is_our_page(out / PAGE):
        ours.append(PAGE)
    for name in (PAGE, CURVES, PREDICTIONS):
        if name not in ours and os.path.lexists(out / name):
            raise ExistsError(out / name, "use another `out`", "a file that no comparison wrote")


def _is_our_page(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return MARK.encode() in file.read(1000)
    except OSError:
        return False
