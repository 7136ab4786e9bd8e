"""The depth that `fgbg predict` gives where the depth of the background is known, beside other depth."""

from typing import Any

import numpy as np
import torch

from fgbg.predictor.plate_depth import as_plate_depth, depth_with_objects
from generator.format.pixels import FARTHEST, NEAREST, OPAQUE, UNKNOWN
from generator.reading.split import Split
from training.batches.prepare import Prepared
from training.evaluation.bootstrap import estimate
from training.evaluation.evaluate import Backgrounds, Evaluation, See, looked_at
from training.target import Target

MOST_SAMPLES = 1000
"""Samples that are measured: the first ones, of a split in random order."""

Errors = tuple[float, float]
"""RMSE of depth in [0, 1] of one sample: over all known pixels, and over those of objects."""


def measure_plate_depth(
    split: Split, see: See, target: Target, res: int, device: torch.device, evaluation: Evaluation
) -> dict[str, Any] | None:
    """The RMSE of depth made of the background's own depth and the predicted mask, over all and in objects.

    Args:
        split, see, target, res, device: as for `training.evaluation.evaluate.evaluate`.
        evaluation: of samples of the split, of which the first `MOST_SAMPLES` are measured.

    Returns:
        What docs/evaluate.md says of `depth_with_background`; None if the dataset does not hold the depth of
        backgrounds, or the masks have classes.
    """
    if evaluation.bg_depth is None or target.entry.kind == "classes" or "clean" not in evaluation.network:
        return None
    rows = evaluation.rows[:MOST_SAMPLES]

    def look(numbers: np.ndarray, batch: Prepared, backgrounds: Backgrounds) -> list[dict[str, Errors]]:
        prediction = see(backgrounds["clean"], batch.fg_bg)
        masks = target.read(prediction.mask_logits)
        stored = split.scene_depth(numbers)
        assert stored is not None
        truths, known = batch.truth.depth[:, 0].cpu().numpy(), batch.truth.known[:, 0].cpu().numpy()
        objects = target.levels(batch.truth.mask) >= OPAQUE
        found = []
        for place, (mask, scene) in enumerate(zip(masks, stored, strict=True)):
            if not (scene != UNKNOWN).any():
                continue
            bg_depth = as_plate_depth(scene, scene.shape)
            depths = {
                "bg_depth": depth_with_objects(bg_depth, np.zeros_like(mask)),
                "with_background": depth_with_objects(bg_depth, mask),
            }
            shares = {name: _share(depth) for name, depth in depths.items()}
            if prediction.depth is not None:
                shares["network"] = prediction.depth[place, 0].float().cpu().numpy()
            inside = known[place] & objects[place]
            found.append(
                {
                    name: (_rmse(share, truths[place], known[place]), _rmse(share, truths[place], inside))
                    for name, share in shares.items()
                }
            )
        return found

    samples = [one for _, found in looked_at(split, rows, target, res, device, look) for one in found]
    if not samples:
        return None
    return {"samples": len(samples)} | {
        name: {
            "depth_rmse": estimate(np.array([one[name][0] for one in samples])),
            "depth_rmse_objects": estimate(np.array([one[name][1] for one in samples])),
        }
        for name in samples[0]
    }


def _share(levels: np.ndarray) -> np.ndarray:
    share: np.ndarray = (levels.astype(np.float32) - FARTHEST) / (NEAREST - FARTHEST)
    return share


def _rmse(depth: np.ndarray, truth: np.ndarray, counted: np.ndarray) -> float:
    """NaN where nothing counts."""
    if not counted.any():
        return float("nan")
    return float(np.sqrt(np.mean(np.square(depth[counted] - truth[counted], dtype=np.float64))))
