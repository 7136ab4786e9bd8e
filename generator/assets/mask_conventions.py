"""By which convention a mask was drawn: labels with a void, or black and white with shades between."""

import cv2
import numpy as np

from generator.assets.labels import Labels

LOWEST_VOID = 250
"""Masks of labels hold 255, or nearly 255, in pixels that nobody labelled."""

_VOID_COLOUR = (224, 224, 192)
_HIGHEST_LABEL_BESIDE_VOID = 50
_LEAST_LABELS_PER_VOID = 0.05
_FEWEST_SHADES = 16
_NEAR_BLACK, _NEAR_WHITE = 16, 239
_LEAST_BETWEEN = 0.9
_MOST_FLAT = 0.5
_MOST_CHROMA = 32


def find_void(labels: Labels) -> np.ndarray | None:
    """Where a mask of labels is void, so that nobody knows the label: (H, W) bool; None if it has no void.

    Pascal VOC's convention: 255 in a palette of colours, or its colour. Also 250 to 255, or 65535, beside
    small grey values, which the soft edges of a mask in black and white do not leave.
    """
    if labels.lossy:
        return None
    if labels.values.ndim == 3:
        void: np.ndarray = (labels.values == _VOID_COLOUR).all(axis=2)
        return void if void.any() and labels.values[~void].any() else None
    counts = labels.counts
    if labels.palette is not None:
        last = len(labels.palette) == 256 and tuple(labels.palette[-1]) == _VOID_COLOUR
        return labels.values == 255 if counts[-1] and (last or counts[1:-1].any()) else None
    there = np.flatnonzero(counts)
    small = there[(there > 0) & (there <= _HIGHEST_LABEL_BESIDE_VOID)]
    large = there[there > _HIGHEST_LABEL_BESIDE_VOID]
    if large.size != 1 or not (LOWEST_VOID <= large[0] <= 255 or large[0] == 65535):
        return None
    if counts[small].sum() >= _LEAST_LABELS_PER_VOID * counts[large].sum():
        return np.asarray(labels.values == large[0])
    return None


def background_index(labels: Labels) -> int:
    """0, or the index of black in a palette that a program has sorted in another way."""
    if labels.palette is None or not labels.palette[0].any():
        return 0
    used = np.flatnonzero(labels.counts[: len(labels.palette)])
    black = [int(index) for index in used if not labels.palette[index].any()]
    return black[0] if black else 0


def is_shaded(labels: Labels) -> bool:
    """Whether a mask is black and white with shades between: soft edges, or a JPEG saved as PNG.

    Shades form thin lines between black and white, or change from pixel to pixel; labels are flat. In a mask
    without shades, several values near black and near white are the sign of a JPEG.
    """
    if labels.palette is not None or labels.values.dtype != np.uint8:
        return False
    grey = labels.values
    if grey.ndim == 3:
        grey = grey.max(axis=2)
        if (grey - labels.values.min(axis=2)).max() > _MOST_CHROMA:
            return False
    counts = labels.counts
    near_black, near_white = counts[1 : _NEAR_BLACK + 1].any(), counts[_NEAR_WHITE:255].any()
    shades = np.count_nonzero(counts[_NEAR_BLACK + 1 : _NEAR_WHITE])
    if not counts[_NEAR_WHITE:].any() or not shades:
        return bool(near_black and near_white)
    shade = (grey > _NEAR_BLACK) & (grey < _NEAR_WHITE)
    window = np.ones((5, 5), np.uint8)
    between = (cv2.erode(grey, window) <= _NEAR_BLACK) & (cv2.dilate(grey, window) >= _NEAR_WHITE)
    number = np.count_nonzero(shade)
    if np.count_nonzero(between & shade) >= _LEAST_BETWEEN * number:
        return True
    flat = np.count_nonzero(shade[:, 1:] & (grey[:, 1:] == grey[:, :-1]))
    return bool(shades >= _FEWEST_SHADES and flat < _MOST_FLAT * number)
