"""An evaluation as one document: overall, by object size and by background (docs/evaluate.md)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.evaluation.bootstrap import Estimate, estimate, root_of_weighted_mean
from training.evaluation.calibration import calibration_error, reliability_curve
from training.evaluation.class_scores import score_classes
from training.evaluation.empty_scenes import FalsePixels
from training.evaluation.evaluate import Evaluation, Measures

SIZES = {
    "none": (-math.inf, 0.0),
    "small": (0.0, 0.02),
    "medium": (0.02, 0.08),
    "large": (0.08, math.inf),
}
"""By name, the part of the picture that objects cover: above the first number, up to the second."""


def summarise(
    evaluation: Evaluation,
    scene_name: Callable[[int], str],
    class_names: Sequence[str] = (),
    false: FalsePixels | None = None,
) -> dict[str, Any]:
    """All measured figures that metrics.json holds.

    Args:
        evaluation: of a network.
        scene_name: the name of one of `evaluation.bgs`, or of a row where there are none.
        class_names: of the mask's classes; none where it is alpha.
        false: pixels in empty scenes; None if there are no such scenes.

    Returns:
        Dicts, lists, strings and plain numbers, rounded to 6 decimals; None instead of NaN.
    """
    document: dict[str, Any] = plain(
        {
            "network": {
                name: overall(part, evaluation.known, evaluation.calibration.get(name))
                for name, part in evaluation.network.items()
            },
            "classes": {
                name: score_classes(counts, class_names) for name, counts in evaluation.classes.items()
            },
            "calibration": {name: reliability_curve(sums) for name, sums in evaluation.calibration.items()},
            "empty_scenes": None if false is None else _empty_scenes(false),
            "baselines": _baselines(evaluation),
            "by_size": _by_size(evaluation),
            "by_background": _by_background(evaluation, scene_name),
            "backgrounds": _over_backgrounds(evaluation),
            "per_sample": _per_sample(evaluation, scene_name),
        }
    )
    return document


def plain(value: Any) -> Any:
    """The same with floats rounded to 6 decimals, and None instead of NaN, which JSON does not have."""
    if isinstance(value, Estimate):
        value = {"mean": value.value, "low": value.low, "high": value.high, "samples": value.samples}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def overall(measures: Measures, known: np.ndarray, sums: np.ndarray | None = None) -> dict[str, Estimate]:
    """The mean of each measure over samples, and errors over all pixels: of calibration and of depth.

    Args:
        measures: of each sample.
        known: (n,), number of pixels of known depth.
        sums: (n, BINS, 3), of `count_bins`; None: the calibration is not known.
    """
    found = {name: estimate(values) for name, values in measures.items() if not name.startswith("depth_")}
    if sums is not None:
        found["calibration_error"] = calibration_error(sums)
    found |= {name: estimate(values) for name, values in measures.items() if name.startswith("depth_")}
    if "depth_rmse" in measures:
        found["depth_rmse_pixels"] = estimate(
            measures["depth_rmse"] ** 2, known.astype(np.float64), statistic=root_of_weighted_mean
        )
    return found


def _empty_scenes(false: FalsePixels) -> dict[str, Any]:
    thresholds = {f"threshold_{name}": shares for name, shares in false.thresholds.items()}
    return {
        "kind": false.scenes.kind,
        "scenes": len(false.scenes.rows),
        "false_pixels": {
            str(name): estimate(shares) for name, shares in (false.network | thresholds).items()
        },
    }


def _baselines(evaluation: Evaluation) -> dict[str, Any]:
    threshold = {
        name: {"threshold": found.threshold, **overall(found.measures, evaluation.known)}
        for name, found in evaluation.thresholds.items()
    }
    constant = None
    if evaluation.constant is not None:
        constant = {
            "depth": evaluation.constant.depth,
            **overall({"depth_rmse": evaluation.constant.rmse}, evaluation.known),
        }
    bg_depth = None if evaluation.bg_depth is None else overall(evaluation.bg_depth, evaluation.known)
    return {"threshold": threshold, "constant_depth": constant, "bg_depth": bg_depth}


def _by_size(evaluation: Evaluation) -> dict[str, Any]:
    """By the share that objects cover; empty where the mask does not tell."""
    groups: dict[str, Any] = {}
    if evaluation.shares is None:
        return groups
    for name, (above, up_to) in SIZES.items():
        inside = (evaluation.shares > above) & (evaluation.shares <= up_to)
        groups[name] = {
            "above": max(above, 0.0) if name != "none" else None,
            "up_to": min(up_to, 1.0),
            "samples": int(inside.sum()),
            "iou": {condition: estimate(values[inside]) for condition, values in _ious(evaluation).items()},
        }
    return groups


def _by_background(evaluation: Evaluation, scene_name: Callable[[int], str]) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    if evaluation.bgs is None:
        return groups
    for number in np.unique(evaluation.bgs).tolist():
        inside = evaluation.bgs == number
        ious = {name: _mean(values[inside]) for name, values in _ious(evaluation).items()}
        groups[scene_name(number)] = {"samples": int(inside.sum()), "iou": ious}
    return groups


def _over_backgrounds(evaluation: Evaluation) -> dict[str, Any]:
    """Means over backgrounds, as samples with the same background are not independent; empty without."""
    if evaluation.bgs is None:
        return {"iou": {}}
    numbers = np.unique(evaluation.bgs)
    ious = {
        name: estimate(np.array([_mean(values[evaluation.bgs == number]) for number in numbers]))
        for name, values in _ious(evaluation).items()
    }
    return {"iou": ious}


def _ious(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """IoU of the network in each condition, and of the thresholds as `threshold_CONDITION`."""
    network = {str(name): measures["iou"] for name, measures in evaluation.network.items()}
    return network | {
        f"threshold_{name}": found.measures["iou"] for name, found in evaluation.thresholds.items()
    }


def _mean(values: np.ndarray) -> float:
    """Of the values that are numbers; NaN where none is."""
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if counted.size else math.nan


def _per_sample(evaluation: Evaluation, scene_name: Callable[[int], str]) -> dict[str, Any]:
    constant = None if evaluation.constant is None else {"depth_rmse": evaluation.constant.rmse}
    scenes = evaluation.rows if evaluation.bgs is None else evaluation.bgs
    return {
        "row": evaluation.rows,
        "bg": [scene_name(number) for number in scenes.tolist()],
        "share": evaluation.shares,
        "network": evaluation.network,
        "threshold": {name: found.measures for name, found in evaluation.thresholds.items()},
        "constant_depth": constant,
        "bg_depth": evaluation.bg_depth,
    }
