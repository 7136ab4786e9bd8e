"""Whether a background (plate) shows the place of a picture, so that a network is better with it.

Objects hide a part of a place, so only the blocks that fit best count. Their texture of middle size is
correlated. That depends neither on the exposure nor on noise and compression, and little on a camera that
moved by one or two percent of the side. Edges that run in one direction correlate still when they are shifted
in this direction, so the shift itself is measured too. Where a background has hardly any texture, as the wall
of a studio has, its colours have to be those of the picture.

The limits were chosen by the IoU of a network with and without each background (docs/predict.md).
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from generator.resize import scaled_size, stretch

Misfit = Literal["other view", "not aligned", "same picture"]
"""Why a background is not used: it shows another view, it would fit if it were aligned, or it is the picture
itself."""

UNUSED: dict[Misfit, tuple[str, str]] = {
    "other view": ("does not show the place of", "take it from the same position, or leave `bg` out"),
    "not aligned": ("is shifted against", "use `align=True`, with which it fits"),
    "same picture": ("is the same picture as", "give the view without the object, or leave `bg` out"),
}
"""For each reason why a background is not used, what it is like, and what to do."""

FITS = 0.6
"""Correlation from which on a background is used ..."""
FITS_STILL = 0.45
"""... and below which it is not used any more in a video, after frames in which it was."""

MOST_SHIFT = 1.7 / 96
"""Shift from which on a background is not used, as a share of the longer side; a half more in a video, after
frames in which it was used."""

_TILES = 3
"""The shift is measured in so many tiles in each direction, as a zoom shifts each of them otherwise."""
_TILE_CONTRAST = 2.0
"""Standard deviation in levels from which on a tile has texture."""
_LEAST_TILE = 8
"""Side in pixels below which a tile tells nothing."""
_SIDE = 96
"""Longer side in pixels at which pictures are compared."""
_BLOCK = 8
"""Side of a block in pixels."""
_FINE, _COARSE = 1.0, 4.0
"""Sigma in pixels: texture is what a blur by the first leaves and a blur by the second removes."""
_CONTRAST = 3.0
"""Standard deviation in levels from which on a block has texture."""
_HIDDEN = 0.8
"""Share of the blocks that need not fit."""
_PLAIN = 0.08
"""A background is plain if fewer of its blocks have texture: then colours decide."""
_SEEN = 0.4
"""Share of the blocks of a plain background whose colours fit perfectly together."""
_MOST_GAIN = 1.4
"""Largest change of the exposure of a plain background."""
_COLOUR = 10
"""Levels by which colours differ that are the same."""
_DARK = 8
"""Levels added before dividing, because the ratio of two almost black pixels is noise."""
_SAME = 2
"""Levels by which nearly all pixels of the same picture differ at most."""
_OTHERS = 0.001
"""Share of the values that may differ more."""


@dataclass(frozen=True)
class PlateFit:
    """How well a background fits a picture.

    Attributes:
        score: 1 for a perfect fit, about 0.3 for another place.
        shift: how far it is shifted, as a share of the longer side; 0 where that cannot be told.
        same: whether it is the picture itself, apart from its compression.
    """

    score: float
    shift: float
    same: bool

    def fits(self, used_before: bool = False) -> bool:
        """Whether it can be used; `used_before` says that it was used in the last frame of a video."""
        if used_before:
            return self.score >= FITS_STILL and self.shift <= 1.5 * MOST_SHIFT
        return self.score >= FITS and self.shift <= MOST_SHIFT

    @property
    def misfit(self) -> Misfit | None:
        """Why it cannot be used; None if it can."""
        if self.same:
            return "same picture"
        return None if self.fits() else "other view"


def plate_fit(bg: np.ndarray, fg_bg: np.ndarray) -> PlateFit:
    """Compare a background with a picture.

    Args:
        bg: (h, w, 3) uint8, the view without the object.
        fg_bg: (H, W, 3) uint8, the picture, of the same aspect.
    """
    height, width = fg_bg.shape[:2]
    size = scaled_size(height, width, min(_SIDE, max(height, width)))[::-1]
    behind, before = stretch(bg, size), stretch(fg_bg, size)
    differences = cv2.absdiff(behind, before)
    same = bool(np.count_nonzero(differences > _SAME) <= _OTHERS * differences.size)
    textures = _texture(behind), _texture(before)
    return PlateFit(_score(behind, before, *textures), _shift(*textures), same)


def _score(bg: np.ndarray, fg_bg: np.ndarray, behind: np.ndarray, before: np.ndarray) -> float:
    """How well two pictures, and their textures, correlate."""
    contrast, other = (np.sqrt(_blocks(plane * plane)) for plane in (behind, before))
    textured = contrast >= _CONTRAST
    if np.count_nonzero(textured) < max(1, _PLAIN * textured.size):
        return _score_of_colours(bg, fg_bg)
    correlation = _blocks(behind * before)[textured] / np.maximum(contrast * other, 1)[textured]
    return float(np.quantile(correlation, _HIDDEN))


def _shift(behind: np.ndarray, before: np.ndarray) -> float:
    """The shift of two textures (H, W), as a share of the longer side: the median over tiles.

    Tiles in which both agree count more than those with an object in front.
    """
    height, width = (side // _TILES for side in behind.shape)
    if min(height, width) < _LEAST_TILE:
        return 0.0
    contrasts = np.minimum(_tile_contrasts(behind, height, width), _tile_contrasts(before, height, width))
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    shifts: list[float] = []
    weights: list[float] = []
    for row, column in np.argwhere(contrasts >= _TILE_CONTRAST).tolist():
        tile = slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width)
        (right, down), agreement = cv2.phaseCorrelate(behind[tile], before[tile], window)
        # Tiles that have nothing in common may agree less than 0, and their shift means nothing.
        if math.isfinite(right + down) and agreement > 0:
            shifts.append(math.hypot(right, down))
            weights.append(agreement)
    if not shifts:
        return 0.0
    order = np.argsort(shifts)
    weight = np.cumsum(np.array(weights)[order])
    middle = int(order[np.searchsorted(weight, weight[-1] / 2)])
    return float(shifts[middle] / max(behind.shape))


def _tile_contrasts(texture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The standard deviation in each tile of a texture: (_TILES, _TILES) float32."""
    tiles = texture[: _TILES * height, : _TILES * width].reshape(_TILES, height, _TILES, width)
    contrasts: np.ndarray = tiles.std(axis=(1, 3))
    return contrasts


def _score_of_colours(bg: np.ndarray, fg_bg: np.ndarray) -> float:
    """The share of blocks that have the same colour at the same exposure, as a part of `_SEEN`."""
    behind, before = (_blocks(picture.astype(np.float32)) + _DARK for picture in (bg, fg_bg))
    gain = np.clip(np.median(before / behind), 1 / _MOST_GAIN, _MOST_GAIN)
    share = float((np.abs(before - gain * behind).max(axis=2) <= _COLOUR).mean())
    return min(1.0, share / _SEEN)


def _texture(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W) float32 around 0."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (_FINE, _COARSE))
    texture: np.ndarray = fine - coarse
    return texture


def _blocks(plane: np.ndarray) -> np.ndarray:
    """The means of blocks of (H, W) or (H, W, 3) float32."""
    height, width = plane.shape[:2]
    size = max(1, round(width / _BLOCK)), max(1, round(height / _BLOCK))
    means: np.ndarray = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return means
