"""What the runs answer to the same pictures, as cells that are drawn and shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fgbg.comparison.runs import ComparedRun
from fgbg.predictor import Predicted
from generator.assets.images import read_rgb
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN
from generator.look.colours import colour_depth
from generator.reading.dataset import open_dataset
from generator.reading.selection import filled_split
from generator.splits import SplitName
from training.target import Target

CELL_SIDE = 192
"""Pixels of a cell's longer side."""


@dataclass(frozen=True)
class Picture:
    """A picture to predict on.

    Attributes:
        name: what it is.
        fg_bg: (H, W, 3) uint8.
        bg: (H, W, 3) uint8; None where it is not known.
        mask: (H, W) uint8; None where the truth is not known.
        depth: (H, W) uint16, 0 unknown; None as well.
    """

    name: str
    fg_bg: np.ndarray
    bg: np.ndarray | None = None
    mask: np.ndarray | None = None
    depth: np.ndarray | None = None


@dataclass(frozen=True)
class Cell:
    """(h, w, 3) uint8 pixels with the longer side `CELL_SIDE`, under a title, over a note."""

    title: str
    pixels: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class Answers:
    """A picture's row: groups of cells by head, first the picture and the truth, then each run's."""

    name: str
    groups: dict[str, list[Cell]]


def read_samples(folder: Path, subset: SplitName, count: int) -> list[Picture]:
    """The first sample of each background, then the second, until there are `count`.

    Raises:
        DatasetError: the dataset cannot be used, or has no such samples.
    """
    dataset = open_dataset(folder)
    split = filled_split(dataset, subset)
    rows = spread_over_backgrounds(split.samples["bg"], count)
    batch = split.read(rows)
    bgs = dataset.manifest.assets["bg"]
    return [
        Picture(
            f"{subset} {row} on {bgs[int(split.samples['bg'][row])].name}",
            batch.fg_bg[number],
            batch.bg[number],
            batch.mask[number],
            batch.depth[number],
        )
        for number, row in enumerate(rows.tolist())
    ]


def spread_over_backgrounds(bgs: np.ndarray, count: int) -> np.ndarray:
    """The first `count` samples when backgrounds take turns: (n,) int64; `bgs` (m,) has each one's number."""
    order = np.argsort(bgs, kind="stable")
    first = np.searchsorted(bgs[order], bgs[order], side="left")
    turns = np.empty(len(bgs), np.int64)
    turns[order] = np.arange(len(bgs)) - first
    return np.argsort(turns, kind="stable")[:count]


def read_picture(path: Path) -> Picture:
    """A picture file, of which no truth is known.

    Raises:
        ImageError: it is no picture.
    """
    return Picture(path.name, read_rgb(path))


def answer(runs: Sequence[ComparedRun], picture: Picture, with_bg: bool) -> Answers:
    """Ask every run; its network gets the background where there is one and it looks at it.

    Args:
        runs: with labels that differ.
        picture: to predict on.
        with_bg: whether networks may see the background.
    """
    truth = [Cell("fg_bg", _fitted(picture.fg_bg))]
    if picture.mask is not None:
        truth.append(Cell("mask", _fitted(runs[0].predictor.target.picture(picture.mask))))
    if picture.depth is not None and (picture.depth != UNKNOWN).any():
        truth.append(Cell("depth", _fitted(colour_depth(picture.depth))))
    groups = {"": truth}
    for run in runs:
        bg = picture.bg if with_bg and run.predictor.network.inputs != 3 else None
        groups[run.label] = _cells(picture, run.predictor.target, run.predictor(picture.fg_bg, bg))
    return Answers(picture.name, groups)


def _cells(picture: Picture, target: Target, predicted: Predicted) -> list[Cell]:
    note = "" if picture.mask is None else f"IoU {target.agreement(predicted.mask, picture.mask):.3f}"
    cells = [Cell("mask", _fitted(target.picture(predicted.mask)), note)]
    if predicted.depth is not None:
        note = ""
        if picture.depth is not None and (picture.depth != UNKNOWN).any():
            note = f"RMSE {depth_rmse(predicted.depth, picture.depth):.3f}"
        cells.append(Cell("depth", _fitted(colour_depth(predicted.depth)), note))
    return cells


def depth_rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Of (H, W) uint16 over known pixels, of which there must be some; 1 is from farthest to nearest."""
    known = truth != UNKNOWN
    error = (predicted[known].astype(np.float64) - truth[known]) / (NEAREST - FARTHEST)
    return float(np.sqrt((error**2).mean()))


def _fitted(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    factor = CELL_SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(pixels, size, interpolation=method))
