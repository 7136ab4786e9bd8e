"""The network's answer -> mask and depth at the picture's own size."""

import numpy as np
import torch
from torch import Tensor

from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput
from generator.format.pixels import FARTHEST, NEAREST
from training.batches.resize import resize, strips
from training.models import Prediction


@torch.inference_mode()
def restore(answer: Prediction, given: NetworkInput) -> Predicted:
    """Resize an answer to the picture's own size and convert it to integers.

    Args:
        answer: of one picture: (1, ...) tensors.
        given: what the network was given.
    """
    mask = _mask_levels(resize(answer.mask_logits.float().sigmoid(), given.size))
    depth = None if answer.depth is None else _depth_levels(resize(answer.depth.float(), given.size))
    return Predicted(mask, depth, given.bg_moved, given.bg_agrees)


def _mask_levels(mask: Tensor) -> np.ndarray:
    """(1, 1, H, W) float in [0, 1], which is overwritten -> (H, W) uint8."""
    levels: np.ndarray = mask[0, 0].mul_(255).round_().clamp_(0, 255).byte().cpu().numpy()
    return levels


def _depth_levels(depth: Tensor) -> np.ndarray:
    """(1, 1, H, W) float in [0, 1] -> (H, W) uint16."""
    values = depth[0, 0].cpu().numpy()
    levels = np.empty(values.shape, np.uint16)
    for rows in strips(*values.shape):
        levels[rows] = np.rint(values[rows] * np.float64(NEAREST - FARTHEST) + FARTHEST)
    return levels
