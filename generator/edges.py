"""The colours in the soft edges of cut-outs: the object's own ones, and those of an old background."""

from dataclasses import dataclass

import cv2
import numpy as np

REACH = 48
"""Pixels at this distance from a pixel take part in the estimate of its colour."""

_BLUR_SIDES = (90, 6)
_STRIP = 256
_LARGEST_LOOKED_AT = 1024
_SOLID = 250
_NEAR_SIDE = 15
_LEAST_NEAR = 0.02
_SOFT = (25, 230)
_FEWEST_PIXELS = 30


@dataclass(frozen=True)
class OldBackground:
    """What the soft edge of a cut-out tells of the background it was cut from.

    Attributes:
        colour: (3,) float32, 0 to 255.
        explained: share of the squared difference between the edge's colours and the solid ones beside them
            that goes away when this colour is taken out of them; at most 1, a halo has nearly that.
        shift: root mean square of that difference, in levels of a channel.
    """

    colour: np.ndarray
    explained: float
    shift: float


def old_background(rgba: np.ndarray) -> OldBackground | None:
    """The one colour that best explains the soft edge, as mixed into it: edge = alpha F + (1 - alpha) B.

    F are the solid colours nearby. Looks at no more than 1024 pixels a side, taken from the picture without
    averaging (a mean of mixtures is no mixture).

    Args:
        rgba: (H, W, 4) uint8, straight alpha.

    Returns:
        None where fewer than 30 pixels are soft and near solid ones.
    """
    step = -(-max(rgba.shape[:2]) // _LARGEST_LOOKED_AT)
    looked_at = np.ascontiguousarray(rgba[::step, ::step])
    alpha = looked_at[..., 3]
    solid = (alpha >= _SOLID).astype(np.float32)
    weight = cv2.blur(solid, (_NEAR_SIDE, _NEAR_SIDE))
    edge = (alpha >= _SOFT[0]) & (alpha <= _SOFT[1]) & (weight > _LEAST_NEAR)
    if np.count_nonzero(edge) < _FEWEST_PIXELS:
        return None
    near = cv2.blur(looked_at[..., :3] * solid[..., None], (_NEAR_SIDE, _NEAR_SIDE))
    front = near[edge] / weight[edge][:, None]
    seen = looked_at[edge][:, :3].astype(np.float32)
    share = alpha[edge].astype(np.float32)[:, None] / 255
    rest = seen - share * front
    colour = np.clip(((1 - share) * rest).sum(axis=0) / ((1 - share) ** 2).sum(), 0, 255)
    before = float(((seen - front) ** 2).sum())
    after = float(((rest - (1 - share) * colour) ** 2).sum())
    shift = float(np.sqrt(before / seen.size))
    return OldBackground(colour, 1 - after / before if before else 0.0, shift)


def clean_edges(rgba: np.ndarray) -> np.ndarray:
    """Take an old background's colour out of the soft edges of a cut-out.

    The background is the one colour that explains the edge best (`old_background`): what is hidden under
    transparent pixels says nothing, most programs put black there.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.

    Returns:
        The same size and alpha; opaque pixels as they were, others with colours of the object
        (`estimate_colours`), transparent ones 0. Without soft edges, or with too few, `rgba` itself.
    """
    background = old_background(rgba)
    if background is None:
        return rgba
    cleaned = rgba.copy()
    transparent = rgba[..., 3] == 0
    cleaned[transparent, :3] = np.rint(background.colour)
    cleaned[..., :3] = estimate_colours(cleaned[..., :3], rgba[..., 3])
    cleaned[transparent] = 0
    return cleaned


def estimate_colours(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The foreground's colours F where a picture is F alpha + B (1 - alpha): (H, W, 3) uint8.

    Where alpha is 255 these are the picture's own; where it is 0, those of the foreground nearby. Works on
    strips, so that a large picture takes little more than its own memory.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Source: Forte 2021, "Approximate Fast Foreground Colour Estimation" (blur fusion, twice).
    """
    colours = np.empty(rgb.shape, np.uint8)
    for start in range(0, len(rgb), _STRIP):
        first, end = max(0, start - REACH), min(start + _STRIP, len(rgb))
        around = slice(first, end + REACH)
        colours[start:end] = _estimate_strip(rgb[around], alpha[around])[start - first : end - first]
    return colours


def _estimate_strip(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    picture: np.ndarray = rgb.astype(np.float32)
    share: np.ndarray = (alpha.astype(np.float32) / 255)[..., None]
    front, back = picture, picture
    for side in _BLUR_SIDES:
        weight = _blurred(share, side)
        smooth_front = _blurred(front * share, side) / (weight + 1e-5)
        smooth_back = _blurred(back * (1 - share), side) / (1 - weight + 1e-5)
        missing = picture - share * smooth_front - (1 - share) * smooth_back
        front, back = np.clip(smooth_front + share * missing, 0, 255), smooth_back
    return np.where(alpha[..., None] == 255, rgb, np.rint(front)).astype(np.uint8)


def _blurred(plane: np.ndarray, side: int) -> np.ndarray:
    return cv2.blur(plane, (side, side)).reshape(plane.shape)
