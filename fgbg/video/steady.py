"""Steady the predictions of a video: the average over time where the picture is still, else the new answer.

The average is exponential. Motion is the difference between a frame and the average of the frames before it,
measured in the noise of that difference. So the noise of a camera is no motion, and a slow change adds up
until it is one.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from fgbg.predictor.predicted import Predicted
from generator.format.pixels import FARTHEST, NEAREST

_SIDE = 320
"""Longer side in pixels at which motion is measured: the noise of single pixels averages out."""
_STILL, _MOVING = 3.0, 6.0
"""Differences, in standard deviations of the noise, of a still pixel at most and of a moving one at least."""
_NOISE = (0.7, 3.0)
"""Least and largest noise in levels: compression changes pixels even in a drawn video, and what is beyond the
largest is motion of the whole picture."""
_MEDIAN_OF_NORMAL = 0.6745
"""Median of |x| of a normal distribution, in standard deviations."""
_CUT = 0.6
"""Share of moving pixels from which on a frame shows another view, so that nothing is averaged."""
_AGREE, _DIFFER = 20, 40
"""Levels of a mask: two answers in a row that differ by less than the first agree, and where both differ from
the average by more than the second, the object has gone or come: the average would be a haze behind it."""
_SCALES = (0.5, 2.0)
"""Smallest and largest factor by which depth drifts between two frames; beyond them, it is another depth."""


@dataclass
class _State:
    """The averages up to the last frame.

    Attributes:
        grey: (h, w) float32, of the pictures.
        mask: (H, W) float32.
        last: (H, W) uint8, the last mask as it was predicted.
        depth: (H, W) float32; None without depth.
    """

    grey: np.ndarray
    mask: np.ndarray
    last: np.ndarray
    depth: np.ndarray | None


class Steady:
    """Steadies predictions, given one by one in the order of their frames.

    Masks of classes stay as they are; their numbers have no average.

    Args:
        share: of the average in the result where the picture is still, from 0 (nothing is averaged) to
            below 1.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._state: _State | None = None

    def __call__(self, picture: np.ndarray, predicted: Predicted) -> Predicted:
        """The steadied prediction.

        Args:
            picture: (H, W, 3) uint8, the frame.
            predicted: its prediction.
        """
        grey = _small_grey(picture)
        mask = predicted.mask.astype(np.float32)
        depth = None if predicted.depth is None else predicted.depth.astype(np.float32)
        state = self._state
        motion = None if state is None or state.grey.shape != grey.shape else _motion(grey, state.grey)
        if state is None or motion is None or motion.mean() > _CUT:
            self._state = _State(grey, mask, predicted.mask, depth)
            return predicted
        weight: np.ndarray = 1 - self._share * (1 - motion)
        state.grey += weight * (grey - state.grey)
        height, width = mask.shape
        weight = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
        if predicted.classes is None:
            weight[_changed(predicted.mask, state)] = 1
            state.last = predicted.mask
            state.mask += weight * (mask - state.mask)
            predicted = replace(predicted, mask=np.rint(state.mask).astype(np.uint8))
        if depth is not None and state.depth is not None:
            depth = _on_scale_of(state.depth, depth, weight < 1 - self._share / 2)
            state.depth += weight * (depth - state.depth)
            levels = np.clip(np.rint(state.depth), FARTHEST, NEAREST).astype(np.uint16)
            predicted = replace(predicted, depth=levels)
        return predicted


def _changed(mask: np.ndarray, state: _State) -> np.ndarray:
    """Where this answer and the last one agree against the average: (H, W) bool."""
    agree = cv2.absdiff(mask, state.last) < _AGREE
    changed: np.ndarray = agree & (cv2.absdiff(mask.astype(np.float32), state.mask) > _DIFFER)
    return changed


def _small_grey(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (h, w) float32, at most `_SIDE` long."""
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    small: np.ndarray = grey.astype(np.float32)
    return small


def _motion(grey: np.ndarray, average: np.ndarray) -> np.ndarray:
    """How sure it is that a pixel changed: (h, w) float32, 0 still to 1 moving."""
    difference = cv2.blur(grey - average, (3, 3))
    # A change that most pixels share is of the exposure.
    difference = np.abs(difference - np.median(difference))
    noise = min(max(float(np.median(difference)) / _MEDIAN_OF_NORMAL, _NOISE[0]), _NOISE[1])
    sure = np.clip((difference / noise - _STILL) / (_MOVING - _STILL), 0, 1)
    # Motion reaches further than the changed pixels, because the network's answer at an edge does.
    grown: np.ndarray = cv2.dilate(sure.astype(np.float32), np.ones((7, 7), np.uint8))
    return grown


def _on_scale_of(average: np.ndarray, depth: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Depth scaled and shifted so that its still pixels match the average: the scale of networks drifts.

    Args:
        average: (H, W) float32.
        depth: (H, W) float32.
        still: (H, W) bool.

    Returns:
        (H, W) float32; as it was if too few pixels are still, or no plausible scale is found.
    """
    here, there = depth[still], average[still]
    if here.size < depth.size / 10:
        return depth
    spread = float(here.std())
    scale = 1.0 if spread < 1 else float(np.mean((here - here.mean()) * (there - there.mean()))) / spread**2
    if not _SCALES[0] <= scale <= _SCALES[1]:
        return depth
    matched: np.ndarray = (depth - here.mean()) * np.float32(scale) + there.mean()
    return matched
