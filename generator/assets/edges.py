"""The colours in the soft edges of cut-outs: the object's own, and those of an old background."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

REACH = 32
"""Pixels up to this distance from a pixel affect the estimate of its colour."""

_BLUR_SIDES = (40, 16, 6)
_TILE = 512
_LARGEST_LOOKED_AT = 1024
_SOLID = 250
_NEAR_SIDE = 15
_LEAST_NEAR = 0.02
_SOFT = (25, 230)
_FEWEST_PIXELS = 30


@dataclass(frozen=True)
class OldBackground:
    """The background that a cut-out was cut from, as its soft edge shows it.

    Attributes:
        colour: (3,) float32, 0 to 255.
        explained: share of the squared difference between the colours of the edge and the solid colours
            beside it that disappears when this colour is removed; at most 1, and nearly 1 for a halo.
        shift: root mean square of that difference, in levels of a channel.
    """

    colour: np.ndarray
    explained: float
    shift: float


def old_background(rgba: np.ndarray) -> OldBackground | None:
    """The one colour that best explains the soft edge, as mixed into it: edge = alpha F + (1 - alpha) B.

    F are the solid colours nearby. Uses at most 1024 pixels per side, sampled without averaging, because the
    mean of mixtures is no mixture.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.

    Returns:
        The background; None if fewer than 30 pixels are soft and near solid ones.
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
    """Remove the colour of an old background from the soft edges of a cut-out.

    The background is the one colour that explains the edge best (`old_background`). The colours of
    transparent pixels do not help: most programs write black there.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.

    Returns:
        (H, W, 4) uint8 with the same alpha. Opaque pixels are unchanged, partly transparent ones have colours
        of the object (`estimate_colours`), transparent ones are 0. `rgba` itself if too few pixels are soft.
    """
    background = old_background(rgba)
    if background is None:
        return rgba
    cleaned = rgba.copy()
    transparent = rgba[..., 3] == 0
    old = np.rint(background.colour).astype(np.uint8)
    np.copyto(cleaned[..., :3], old, where=transparent[..., None])
    cleaned[..., :3] = estimate_colours(cleaned[..., :3], rgba[..., 3])
    np.copyto(cleaned, np.uint8(0), where=transparent[..., None])
    return cleaned


def estimate_colours(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The foreground's colours F where a picture is F alpha + B (1 - alpha): (H, W, 3) uint8.

    Where alpha is 255, the colours of the picture; where it is 0, those of the foreground nearby, or 0 if
    there is none. Works on tiles, so that a large picture needs little extra memory.

    Compared with pymatting's multi-level estimate on 30 cut-outs of real animals over photos, mean error of
    soft pixels in levels: 3.8 against 3.6 where alpha is exact, 3.6 against 4.1 where it is blurred by 2 px,
    and 4.8 against 6.4 where it is blurred by 6 px, as in the masks of networks (9.8, 7.4 and 6.5 without any
    estimate). It takes a seventh of the time, and pymatting first compiles for a minute.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Source: Forte 2021, "Approximate Fast Foreground Colour Estimation" (blur fusion, three times).
    """
    colours = np.zeros(rgb.shape, np.uint8)
    for rows, rows_around in _spans(len(rgb)):
        for columns, columns_around in _spans(rgb.shape[1]):
            around = rows_around, columns_around
            if (alpha[rows, columns] == 255).all():
                colours[rows, columns] = rgb[rows, columns]
            elif alpha[around].any():
                top, left = rows.start - rows_around.start, columns.start - columns_around.start
                inner = (
                    slice(top, top + rows.stop - rows.start),
                    slice(left, left + columns.stop - columns.start),
                )
                colours[rows, columns] = _estimate_tile(rgb[around], alpha[around])[inner]
    return colours


def _spans(length: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a row or column of pixels, and each part with the pixels that its estimate needs."""
    for start in range(0, length, _TILE):
        end = min(start + _TILE, length)
        yield slice(start, end), slice(max(0, start - REACH), min(end + REACH, length))


def _estimate_tile(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
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
