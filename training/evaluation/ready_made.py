"""A network that finds the object of any photo without training, measured beside the one that was trained.

It sees pictures at the dataset's own size, as `predict` would give them to it. Its masks are scaled to the
resolution that is evaluated, and measured there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generator.progress import Progress
from generator.reading.split import Split
from generator.resize import scaled_size
from training.evaluation.calibration import count_bins
from training.evaluation.empty_scenes import EmptyScenes
from training.evaluation.evaluate import Measures
from training.models import Prediction
from training.resize import resize
from training.target import Target

Find = Callable[[np.ndarray], np.ndarray]
"""Finds objects: pictures (B, H, W, 3) uint8 -> the part of each pixel, (B, 1, H, W) float32 in [0, 1]."""

_BATCH = 16
_SUREST = 1e-6


@dataclass(frozen=True)
class ReadyMade:
    """Measures of n samples of a split.

    Attributes:
        measures: of masks, as `Evaluation.network`.
        calibration: the sums of `count_bins`.
        false: (m,) float64, the part of each empty scene that is taken for an object; None without scenes.
    """

    measures: Measures
    calibration: np.ndarray
    false: np.ndarray | None


@torch.inference_mode()
def measure_ready_made(
    split: Split, rows: np.ndarray, find: Find, target: Target, res: int, empty: EmptyScenes | None
) -> ReadyMade:
    """Measure a network on samples of a split, from fg_bg alone.

    Args:
        split: to read from; its masks are alpha.
        rows: (n,) int64, which samples, at least one.
        find: the network.
        target: what masks mean.
        res: longer side in pixels at which it is measured.
        empty: scenes without an object; None if there are none.
    """
    parts: list[dict[str, Tensor]] = []
    sums = []
    with Progress("measuring before training", len(rows), "samples") as bar:
        for part in _batches(rows):
            batch = split.read(part)
            prediction = found_at(find, batch.fg_bg, res)
            mask = target.scale(torch.from_numpy(batch.mask), _size(batch.fg_bg, res))
            parts.append(target.measures(prediction.mask_logits, mask))
            sums.append(count_bins(*target.confidence(prediction.mask_logits, mask)).numpy())
            bar.advance(len(part))
    measures = {name: torch.cat([part[name] for part in parts]).double().numpy() for name in parts[0]}
    false = None
    if empty is not None:
        false = (
            1 - measures["pixel_accuracy"][np.isin(rows, empty.rows)]
            if empty.kind == "samples"
            else _false_pixels(split, empty.rows, find, target, res)
        )
    return ReadyMade(measures, np.concatenate(sums), false)


def found_at(find: Find, pictures: np.ndarray, res: int) -> Prediction:
    """What a network finds in pictures (B, H, W, 3) uint8, with a longer side of `res` pixels."""
    shares = torch.from_numpy(np.ascontiguousarray(find(pictures)))
    return Prediction(resize(shares, _size(pictures, res)).logit(_SUREST), None)


def _false_pixels(split: Split, rows: np.ndarray, find: Find, target: Target, res: int) -> np.ndarray:
    """In the backgrounds of samples."""
    found = []
    for part in _batches(rows):
        prediction = found_at(find, split.read(part).bg, res)
        nothing = torch.zeros_like(prediction.mask_logits)
        found.append(1 - target.measures(prediction.mask_logits, nothing)["pixel_accuracy"].double().numpy())
    return np.concatenate(found)


def _batches(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]


def _size(pictures: np.ndarray, res: int) -> tuple[int, int]:
    height, width = pictures.shape[1:3]
    return scaled_size(height, width, res)
