"""Measuring a network and writing the report: figures, pictures and a page."""

import json
from pathlib import Path
from typing import Any

from fgbg.evaluation.before_training import open_before_training
from fgbg.evaluation.class_tables import CLASSES_FILE, CONFUSION_FILE, csv_files
from fgbg.evaluation.evaluate import conditions_of, measure
from fgbg.evaluation.page import make_report
from fgbg.evaluation.samples import ShownSample, draw_samples, shown_samples
from fgbg.predictor.torch_engine import TorchEngine
from generator.encode import encode_png
from generator.files import refuse_existing, require_writable
from generator.own_results import mark_png, write_results
from generator.progress import show_progress
from generator.splits import SplitName
from training.evaluation.read_samples import CONDITIONS
from training.records.run_files import find_checkpoint

METRICS_FILE = "metrics.json"
REPORT_FILE = "report.html"
MAKER = "evaluate"


def picture_file(condition: str) -> str:
    """The name of the picture that shows samples in a condition."""
    return f"{condition}.png"


def write_evaluation(
    checkpoint: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    subset: SplitName = "val",
    samples: int | None = None,
    mirror: bool = True,
    device: str = "auto",
    network: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Measure a network as `evaluate` does, and write OUT/metrics.json, OUT/report.html and its pictures.

    Args:
        checkpoint, data, subset, samples, mirror, device, network, progress: as for `evaluate`.
        out: folder of the results. It is made if it does not exist.
        overwrite: replace existing files of these names.

    Returns:
        The content of metrics.json.

    Raises:
        UsageError: a file of the report exists, and `overwrite` is False.
        CheckpointError, DatasetError, AssetError, ConfigError, DeviceMemoryError: as for `evaluate`.
    """
    out, checkpoint = Path(out), find_checkpoint(Path(checkpoint))
    engine = TorchEngine.load(checkpoint, device)
    tables = () if engine.entry.kind == "alpha" else (CLASSES_FILE, CONFUSION_FILE)
    files = (METRICS_FILE, REPORT_FILE, *tables, *map(picture_file, conditions_of(engine)))
    require_writable(out)
    refuse_existing([out / file for file in files], overwrite)
    before = None if network is None else open_before_training(str(network), engine.entry, mirror)
    with show_progress(progress):
        measured = measure(engine, mirror, checkpoint, data, subset, samples, before)
    pictures: dict[str, list[ShownSample]] = {
        condition: shown_samples(measured, condition) for condition in measured.evaluation.network
    }
    results: dict[str, bytes | None] = {picture_file(condition): None for condition in CONDITIONS}
    for condition, shown in pictures.items():
        sheet = draw_samples(shown, engine.entry)
        results[picture_file(condition)] = mark_png(encode_png(sheet), MAKER)
    results |= csv_files(measured.figures)
    results[REPORT_FILE] = make_report(measured.figures, pictures, engine.entry)
    # JSON has no NaN: null stands where there is no number.
    results[METRICS_FILE] = json.dumps(measured.figures, indent=1, allow_nan=False).encode() + b"\n"
    write_results(out, results, MAKER)
    return measured.figures
