"""The network's answer -> mask and depth at the picture's own size."""

import numpy as np
import torch
from torch import Tensor

from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput
from generator.format.pixels import FARTHEST, NEAREST
from training.models import Prediction
from training.resize import resize, strips
from training.target import Target


@torch.inference_mode()
def restore(answer: Prediction, target: Target, given: NetworkInput) -> Predicted:
    """Resize an answer to the picture's own size and convert it to integers.

    Args:
        answer: of one picture: (1, ...) tensors.
        target: what the mask means.
        given: what the network was given.
    """
    mask = target.read(answer.mask_logits, given.size)[0]
    depth = None if answer.depth is None else _depth_levels(resize(answer.depth.float(), given.size))
    classes = target.entry if target.entry.kind == "classes" else None
    return Predicted(mask, depth, given.bg_moved, given.bg_agrees, classes)


def _depth_levels(depth: Tensor) -> np.ndarray:
    """(1, 1, H, W) float in [0, 1] -> (H, W) uint16."""
    values = depth[0, 0].cpu().numpy()
    levels = np.empty(values.shape, np.uint16)
    for rows in strips(*values.shape):
        levels[rows] = np.rint(values[rows] * np.float64(NEAREST - FARTHEST) + FARTHEST)
    return levels
