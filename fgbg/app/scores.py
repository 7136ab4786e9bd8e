"""The figures that the page shows of a prediction."""

import math

import numpy as np

from fgbg.app.desk import Answer
from fgbg.app.view import Look
from fgbg.comparison.predictions import depth_rmse
from generator.format.pixels import UNKNOWN
from training.target import target_of


def scores(answer: Answer, look: Look) -> dict[str, str]:
    """Figures of a prediction by name, as texts; IoU and depth RMSE if the truth is known.

    The mask is compared at the look's threshold, or at 0.5 if it is soft.
    """
    predicted, truth = look.mask_of(answer.predicted), answer.truth
    figures = {}
    if truth is not None:
        iou = target_of(answer.entry).agreement(predicted.mask, truth.mask)
        figures["IoU"] = "-" if math.isnan(iou) else f"{iou:.3f}"
        if predicted.depth is not None and (truth.depth != UNKNOWN).any():
            figures["Depth RMSE"] = f"{depth_rmse(predicted.depth, truth.depth):.3f}"
    if predicted.classes is None:
        figures["Covered"] = f"{np.mean(predicted.mask) / 255:.1%}"
    height, width = predicted.mask.shape
    figures["Size"] = f"{width} x {height}"
    figures["Seconds"] = f"{answer.seconds:.2f}"
    return figures
