"""Frames and their predictions as the pictures that the results of a video show."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import cv2
import numpy as np

from fgbg.predictor.draw_results import cut_out, lay_over, overlay, side_by_side
from fgbg.predictor.predicted import Predicted
from generator.look.colours import Colour, colour_mask

View: TypeAlias = Callable[[np.ndarray, Predicted], np.ndarray]
"""Turns a frame (H, W, 3) uint8 and its prediction into (h, w) or (h, w, 3 or 4)."""

Over: TypeAlias = Colour | np.ndarray
"""A colour, or a picture (h, w, 3) uint8."""

WHITE: Colour = (255, 255, 255)


def view_of(result: str, numbers: bool, over: Over | None) -> View:
    """The view of one result.

    Args:
        result: mask, depth, overlay, cutout or side-by-side.
        numbers: whether the file keeps numbers exactly: masks of classes then hold their numbers, and depth
            16 bits. Else classes get their colours, and depth 8 bits.
        over: the background of cut-outs: a colour, or (h, w, 3) uint8, scaled and cropped to the frame;
            None: cut-outs are transparent.
    """
    if result == "mask":
        return _mask_numbers if numbers else _mask
    if result == "depth":
        return _depth_numbers if numbers else _depth
    if result == "overlay":
        return overlay
    if result == "cutout":
        return cut_out if over is None else _CutoutOver(over)
    return partial(side_by_side, all_classes=True)


def _mask_numbers(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    return predicted.mask


def _mask(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    return predicted.mask if predicted.classes is None else colour_mask(predicted.mask, predicted.classes)


def _depth_of(predicted: Predicted) -> np.ndarray:
    assert predicted.depth is not None, "asked for the depth of a network without depth head"
    return predicted.depth


def _depth_numbers(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    return _depth_of(predicted)


def _depth(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    return (_depth_of(predicted) >> 8).astype(np.uint8)


class _CutoutOver:
    """A cut-out over a colour or a picture."""

    def __init__(self, over: Over) -> None:
        self._over = over
        self._behind: np.ndarray | None = None

    def __call__(self, picture: np.ndarray, predicted: Predicted) -> np.ndarray:
        if self._behind is None or self._behind.shape != picture.shape:
            self._behind = _filling(self._over, picture.shape[:2])
        return lay_over(cut_out(picture, predicted), self._behind)


def _filling(over: Over, size: tuple[int, int]) -> np.ndarray:
    """A colour or a picture as (H, W, 3) uint8; a picture covers it all and is cropped in the middle."""
    height, width = size
    if not isinstance(over, np.ndarray):
        return np.full((height, width, 3), over, np.uint8)
    scale = max(height / over.shape[0], width / over.shape[1])
    down, along = max(height, round(over.shape[0] * scale)), max(width, round(over.shape[1] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(over, (along, down), interpolation=method)
    top, left = (down - height) // 2, (along - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])
