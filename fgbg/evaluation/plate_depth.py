"""The depth that `fgbg predict` gives where the depth of the background is known, beside other depth."""

from typing import Any

import numpy as np

from fgbg.predictor.plate_depth import as_plate_depth, depth_with_objects
from generator.format.pixels import FARTHEST, NEAREST, OPAQUE, UNKNOWN
from generator.reading.split import Split
from training.evaluation.bootstrap import estimate
from training.evaluation.evaluate import Columns, Evaluation, Further, Predictions
from training.evaluation.read_samples import Samples
from training.target import Target

PLATE_DEPTH = "plate depth"
"""The name of this measure."""


def plate_depth(split: Split, target: Target) -> Further:
    """Measure the RMSE of depth made of the background's own depth and the predicted mask.

    Args:
        split: that the samples are of; it holds the depth of backgrounds.
        target: what its masks mean; they have no classes.

    Returns:
        Gives for each kind of depth (B, 2) float: over all known pixels, and over those of objects. NaN where
        no pixel counts, or where the depth of the background is unknown.
    """

    def look(batch: Samples, predictions: Predictions) -> Columns:
        prediction, stored = predictions["clean"], split.scene_depth(batch.numbers)
        assert stored is not None
        masks = target.read(prediction.mask_logits)
        truths, known = batch.truth.depth[:, 0].cpu().numpy(), batch.truth.known[:, 0].cpu().numpy()
        objects = target.levels(batch.truth.mask) >= OPAQUE
        names = ["bg_depth", "with_background", *(["network"] if prediction.depth is not None else [])]
        columns = {name: np.full((len(masks), 2), np.nan) for name in names}
        for place, (mask, scene) in enumerate(zip(masks, stored, strict=True)):
            if not (scene != UNKNOWN).any():
                continue
            bg_depth = as_plate_depth(scene, scene.shape)
            shares = {
                "bg_depth": _share(depth_with_objects(bg_depth, np.zeros_like(mask))),
                "with_background": _share(depth_with_objects(bg_depth, mask)),
            }
            if prediction.depth is not None:
                shares["network"] = prediction.depth[place, 0].float().cpu().numpy()
            inside = known[place] & objects[place]
            for name, share in shares.items():
                columns[name][place] = [
                    _rmse(share, truths[place], counted) for counted in (known[place], inside)
                ]
        return columns

    return look


def summarise_plate_depth(evaluation: Evaluation) -> dict[str, Any] | None:
    """What docs/evaluate.md says of `depth_with_background`; None where it was not measured."""
    measures = evaluation.further.get(PLATE_DEPTH, {})
    samples = int(np.count_nonzero(~np.isnan(measures["bg_depth"][:, 0]))) if measures else 0
    if not samples:
        return None
    return {"samples": samples} | {
        name: {"depth_rmse": estimate(errors[:, 0]), "depth_rmse_objects": estimate(errors[:, 1])}
        for name, errors in measures.items()
    }


def _share(levels: np.ndarray) -> np.ndarray:
    share: np.ndarray = (levels.astype(np.float32) - FARTHEST) / (NEAREST - FARTHEST)
    return share


def _rmse(depth: np.ndarray, truth: np.ndarray, counted: np.ndarray) -> float:
    """NaN where nothing counts."""
    if not counted.any():
        return float("nan")
    return float(np.sqrt(np.mean(np.square(depth[counted] - truth[counted], dtype=np.float64))))
