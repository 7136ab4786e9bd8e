"""Measuring a network on a dataset."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fgbg.evaluation.before_training import (
    BeforeTraining,
    MeasuredBefore,
    figures_before,
    open_before_training,
)
from fgbg.evaluation.plate_depth import PLATE_DEPTH, plate_depth, summarise_plate_depth
from fgbg.evaluation.wrong_plates import WRONG_PLATES, summarise_wrong_plates, wrong_plates
from fgbg.predictor.torch_engine import TorchEngine
from generator.progress import show_progress
from generator.reading.dataset import open_dataset
from generator.reading.selection import filled_split
from generator.reading.split import Split
from generator.splits import SplitName
from training.evaluation import evaluate as network
from training.evaluation.bootstrap import LEVEL, RESAMPLES
from training.evaluation.empty_scenes import empty_scenes, false_pixels
from training.evaluation.read_samples import CONDITIONS, Condition
from training.evaluation.ready_made import measure_ready_made
from training.evaluation.summary import plain, summarise
from training.evaluation.threshold_masks import measure_thresholds
from training.records.run_files import find_checkpoint
from training.target import Target, require_same, target_of


@dataclass(frozen=True)
class Measurement:
    """A network that was measured, with all that a report of it needs.

    Attributes:
        figures: the content of metrics.json.
        evaluation: the measures of each sample.
        split: the samples were read from it.
        engine: the network.
        target: what the masks of the dataset mean.
        mirror: whether the network also saw mirror images.
        before: a network that needs no training, on the same samples; None if there is none.
    """

    figures: dict[str, Any]
    evaluation: network.Evaluation
    split: Split
    engine: TorchEngine
    target: Target
    mirror: bool
    before: MeasuredBefore | None = None


def evaluate(
    checkpoint: str | Path,
    data: str | Path = "data/shards",
    *,
    subset: SplitName = "val",
    samples: int | None = None,
    mirror: bool = True,
    device: str = "auto",
    network: str | Path | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Measure a network on a split of a dataset. Nothing is written.

    Args:
        checkpoint: a checkpoint, or the folder of a run (its best.pt, or its last.pt where there is no
            best.pt).
        data: folder of the dataset.
        subset: the split: train, val or test.
        samples: how many samples to measure, from the first one; None: all of the split. The order of a
            split is random, so these are a random subset, and always the same one.
        mirror: average the answers for each picture and its mirror image. Takes twice as long.
        device: auto (the best that this computer has), cpu, cuda or mps.
        network: an ONNX network that needs no training, to compare with: a file that rembg runs, or "u2netp",
            which is downloaded once; None: none.
        progress: show a progress bar on stderr.

    Returns:
        The content of metrics.json, described in docs/evaluate.md: for example
        `["network"]["clean"]["iou"]["mean"]`, the mean IoU in [0, 1] with the background given.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DatasetError: the dataset is missing, unfinished or damaged, or the split has no samples.
        UsageError: the masks of the dataset do not mean what the masks of the network mean; or they have
            classes, and there is a `network`.
        AssetError: `network` cannot be used.
        ConfigError: this computer does not have the device.
        DeviceMemoryError: the device has too little memory for one sample.

    Example:
        >>> figures = fgbg.evaluate("outputs", "data/shards", samples=4, device="cpu", progress=False)
        >>> sorted(figures["network"])
        ['absent', 'clean', 'perturbed']
    """
    checkpoint = find_checkpoint(Path(checkpoint))
    engine = TorchEngine.load(checkpoint, device)
    before = None if network is None else open_before_training(str(network), engine.entry, mirror)
    with show_progress(progress):
        return measure(engine, mirror, checkpoint, data, subset, samples, before).figures


def measure(
    engine: TorchEngine,
    mirror: bool,
    checkpoint: str | Path,
    data: str | Path,
    subset: SplitName,
    samples: int | None,
    before: BeforeTraining | None = None,
) -> Measurement:
    """The same as `evaluate` for loaded networks; `checkpoint` names the trained one in the figures."""
    dataset = open_dataset(data)
    split = filled_split(dataset, subset)
    require_same(dataset.folder, engine.entry, dataset.manifest.mask)
    target = target_of(split.mask)
    rows = np.arange(min(len(split), samples or len(split)))
    see = partial(engine.infer, mirror=mirror)
    conditions = conditions_of(engine, split)
    further: dict[str, network.Further] = {}
    if "clean" in conditions:
        further[WRONG_PLATES] = wrong_plates(split, rows, see, target)
        if engine.has_depth and _has_plate_depth(split, target):
            further[PLATE_DEPTH] = plate_depth(split, target)
    evaluation = network.evaluate(split, rows, see, target, engine.res, engine.place, conditions, further)
    evaluation = measure_thresholds(evaluation, split, target, engine.res, engine.place)
    false, empty = None, empty_scenes(split, evaluation)
    if empty is not None:
        false = false_pixels(empty, evaluation, split, see, target, engine.res, engine.place)
    measured_before = None
    if before is not None:
        found = measure_ready_made(split, rows, before.find, target, engine.res, empty)
        measured_before = MeasuredBefore(before, found)
    figures = {
        "dataset": dataset.manifest.id,
        "trained_on": engine.dataset_id or None,
        "subset": subset,
        "samples": len(split),
        "samples_measured": len(rows),
        "checkpoint": str(checkpoint),
        "res": engine.res,
        "mirror": mirror,
        "interval": {"level": LEVEL, "resamples": RESAMPLES},
        **summarise(evaluation, split.scene_name, engine.target.names, false),
        "wrong_backgrounds": plain(summarise_wrong_plates(evaluation)),
        "before_training": None if measured_before is None else figures_before(measured_before),
        "depth_with_background": plain(summarise_plate_depth(evaluation)),
    }
    return Measurement(figures, evaluation, split, engine, target, mirror, measured_before)


def _has_plate_depth(split: Split, target: Target) -> bool:
    """Whether depth can be made of masks and the depth of backgrounds, and compared."""
    stored = split.scene_depth(np.arange(1))
    return split.has_depth and stored is not None and target.entry.kind == "alpha"


def conditions_of(engine: TorchEngine, split: Split | None = None) -> tuple[Condition, ...]:
    """The conditions that a network can be measured in: without backgrounds, only `absent`.

    Args:
        engine: the network, which takes backgrounds or not.
        split: which has backgrounds or not; None if it is not known yet.
    """
    given = engine.takes_bg and (split is None or split.has_bg)
    return CONDITIONS if given else ("absent",)
