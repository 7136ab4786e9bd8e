"""The predictions of all runs for the same pictures, as cells of the page and the sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fgbg.comparison.runs import ComparedRun
from fgbg.predictor import Predicted
from generator.assets.images import read_rgb
from generator.format.manifest import MaskEntry
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN
from generator.look.colours import colour_depth, colour_mask
from generator.look.contact_sheet import fitted
from generator.reading.dataset import open_dataset
from generator.reading.selection import filled_split
from generator.splits import SplitName
from training.target import Target, require_same, target_of

CELL_SIDE = 192
"""Longer side of a cell, in pixels."""


@dataclass(frozen=True)
class Picture:
    """A picture to predict on.

    Attributes:
        name: shown with it.
        fg_bg: (H, W, 3) uint8.
        bg: (H, W, 3) uint8; None where it is not known.
        mask: (H, W) uint8; None where the truth is not known.
        depth: (H, W) uint16, 0 unknown; None where the truth is not known.
        entry: what the mask means; None where the truth is not known.
    """

    name: str
    fg_bg: np.ndarray
    bg: np.ndarray | None = None
    mask: np.ndarray | None = None
    depth: np.ndarray | None = None
    entry: MaskEntry | None = None


@dataclass(frozen=True)
class Cell:
    """A mask or a depth map in colours.

    Attributes:
        title: fg_bg, mask or depth.
        pixels: (h, w, 3) uint8 with the longer side `CELL_SIDE`.
        note: its score as text; empty where the truth is not known.
        score: larger is better; None where the truth is not known.
    """

    title: str
    pixels: np.ndarray
    note: str = ""
    score: float | None = None


@dataclass(frozen=True)
class PredictedPicture:
    """The cells of one picture.

    Attributes:
        name: shown with it.
        groups: under "" the picture and its truth; under each run's label the predictions of the run.
    """

    name: str
    groups: dict[str, list[Cell]]


def read_samples(
    folder: str | Path, subset: SplitName, count: int, runs: Sequence[ComparedRun] = ()
) -> list[Picture]:
    """`count` samples of a split: the first one of each background, then the second one of each, and so on.

    Raises:
        UsageError: the masks mean something else than those of one of the runs.
        DatasetError: the dataset cannot be used, or the split has no samples.
    """
    dataset = open_dataset(folder)
    split = filled_split(dataset, subset)
    for run in runs:
        require_same(dataset.folder, run.engine.entry, split.mask)
    rows = spread_over_backgrounds(split.scenes, count)
    batch = split.read(rows)
    return [
        Picture(
            f"{subset} {split.caption(row)}",
            batch.fg_bg[number],
            batch.bg[number] if split.has_bg else None,
            batch.mask[number],
            batch.depth[number],
            split.mask,
        )
        for number, row in enumerate(rows.tolist())
    ]


def spread_over_backgrounds(bgs: np.ndarray, count: int) -> np.ndarray:
    """Numbers of `count` samples in which backgrounds take turns: (count,) int64.

    Args:
        bgs: (n,) the background of each sample.
        count: how many; fewer where there are not so many samples.
    """
    order = np.argsort(bgs, kind="stable")
    first = np.searchsorted(bgs[order], bgs[order], side="left")
    turns = np.empty(len(bgs), np.int64)
    turns[order] = np.arange(len(bgs)) - first
    return np.argsort(turns, kind="stable")[:count]


def read_picture(path: Path) -> Picture:
    """A picture from a file; its truth is not known.

    Raises:
        ImageError: the file is no picture.
    """
    return Picture(path.name, read_rgb(path))


def predict_picture(runs: Sequence[ComparedRun], picture: Picture, with_bg: bool) -> PredictedPicture:
    """Predict one picture with every run.

    Args:
        runs: with labels that differ.
        picture: to predict on.
        with_bg: give the background, where there is one, to the networks that take one.
    """
    truth = [Cell("fg_bg", _fitted(picture.fg_bg))]
    if picture.mask is not None and picture.entry is not None:
        truth.append(Cell("mask", _fitted(colour_mask(picture.mask, picture.entry))))
    if picture.depth is not None and (picture.depth != UNKNOWN).any():
        truth.append(Cell("depth", _fitted(colour_depth(picture.depth))))
    groups = {"": truth}
    for run in runs:
        bg = picture.bg if with_bg and run.engine.takes_bg else None
        groups[run.label] = _cells(picture, run.engine.target, run.predictor(picture.fg_bg, bg))
    return PredictedPicture(picture.name, groups)


def _cells(picture: Picture, target: Target, predicted: Predicted) -> list[Cell]:
    cells = [_mask_cell(picture, target, predicted)]
    if predicted.depth is not None:
        shown = _fitted(colour_depth(predicted.depth))
        if picture.depth is not None and (picture.depth != UNKNOWN).any():
            error = depth_rmse(predicted.depth, picture.depth)
            cells.append(Cell("depth", shown, f"RMSE {error:.3f}", -error))
        else:
            cells.append(Cell("depth", shown))
    return cells


def _mask_cell(picture: Picture, target: Target, predicted: Predicted) -> Cell:
    shown = _fitted(target.picture(predicted.mask))
    if picture.mask is None or picture.entry is None:
        return Cell("mask", shown)
    iou = target_of(picture.entry).agreement(predicted.mask, picture.mask)
    if math.isnan(iou):
        return Cell("mask", shown)
    return Cell("mask", shown, f"IoU {iou:.3f}", iou)


def depth_rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """RMSE of depth (H, W) uint16 over known pixels (at least one), with 1 from farthest to nearest."""
    known = truth != UNKNOWN
    error = (predicted[known].astype(np.float64) - truth[known]) / (NEAREST - FARTHEST)
    return float(np.sqrt((error**2).mean()))


def _fitted(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    factor = CELL_SIDE / max(height, width)
    return fitted(pixels, (max(1, round(width * factor)), max(1, round(height * factor))))
