"""Measuring a network on a dataset, and what is written of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fgbg.evaluation.page import make_report
from fgbg.evaluation.picture import draw_samples
from fgbg.predictor import Predictor
from generator.encode import encode_png
from generator.files import refuse_existing, require_writable, write_atomically
from generator.marks import mark_png
from generator.reading.dataset import open_dataset
from generator.reading.selection import filled_split
from generator.splits import SplitName
from training.evaluation.bootstrap import LEVEL, RESAMPLES
from training.evaluation.evaluate import CONDITIONS, Condition, evaluate
from training.evaluation.summary import summarise

METRICS_FILE = "metrics.json"
REPORT_FILE = "report.html"


def picture_file(condition: str) -> str:
    """The picture's name."""
    return f"{condition}.png"


def write_evaluation(
    predictor: Predictor,
    checkpoint: Path,
    data: Path,
    subset: SplitName,
    samples: int | None,
    out: Path,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Measure a network and write OUT/metrics.json, a picture for each condition, and report.html.

    Args:
        predictor: the network.
        checkpoint: where it came from.
        data: folder of the dataset.
        subset: to measure on.
        samples: how many, the first of the split (which is in a drawn order); None for all.
        out: folder, made where there is none.
        overwrite: replace earlier files there.

    Returns:
        What metrics.json holds (docs/evaluation.md).

    Raises:
        UsageError: a file is there and not to be overwritten.
        DatasetError: the dataset is missing, unfinished, damaged, or without samples in this split.
    """
    conditions: tuple[Condition, ...] = CONDITIONS if predictor.network.inputs == 6 else ("absent",)
    files = (METRICS_FILE, REPORT_FILE, *map(picture_file, conditions))
    require_writable(out)
    refuse_existing([out / file for file in files], overwrite)
    dataset = open_dataset(data)
    split = filled_split(dataset, subset)
    rows = np.arange(min(len(split), samples or len(split)))
    evaluation = evaluate(split, rows, predictor.see, predictor.res, predictor.device, conditions)
    names = [asset.name for asset in dataset.manifest.assets["bg"]]
    document = {
        "dataset": dataset.manifest.id,
        "trained_on": predictor.dataset_id or None,
        "subset": subset,
        "samples": len(split),
        "samples_measured": len(rows),
        "checkpoint": str(checkpoint),
        "res": predictor.res,
        "mirror": predictor.mirror,
        "interval": {"level": LEVEL, "resamples": RESAMPLES},
        **summarise(evaluation, names),
    }
    out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, bytes] = {}
    for condition in conditions:
        pictures[condition] = mark_png(
            encode_png(draw_samples(split, evaluation, condition, predictor, names)), "evaluate"
        )
        write_atomically(out / picture_file(condition), pictures[condition])
    write_atomically(out / REPORT_FILE, make_report(document, pictures))
    # No NaN: where there is no number stands null.
    write_atomically(out / METRICS_FILE, json.dumps(document, indent=1, allow_nan=False).encode() + b"\n")
    return document
