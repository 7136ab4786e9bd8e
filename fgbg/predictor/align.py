"""A background moved to where the picture has it: between two photos a camera moves.

The motion is the one of highest enhanced correlation coefficient, which exposure does not change (Evangelidis
and Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", IEEE TPAMI
30(10), 2008; OpenCV's findTransformECC), found from coarse to fine. Matting with a photo of the background
begins so too: Sengupta et al., "Background Matting: The World is Your Green Screen", CVPR 2020.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from training.batches.prepare import scaled_size

MAX_MOTION = 0.15
"""Of the longer side, at any corner: what moved farther is another view, or a mistake."""
GAIN = 0.9
"""What a motion leaves, at most, of the median difference from the picture. Objects and noise make any motion
a little wrong, and moving a background blurs it: one that stood still is better left alone."""
STRANGE = 0.45
"""A background agrees nowhere with a picture where it leaves more than this of the picture's contrast, even
in the quarter that it fits best (objects may hide the rest)."""

_BEST_PART = 0.25
_NOISE = 4
"""Levels of difference that noise and compression make, also where a picture has no contrast."""
_SIDE = 192
"""Longer side in pixels at which a motion is found."""
_HALVINGS = 2
_SEARCH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-3)
_DARK = 8
"""Levels added before ratios are taken: those of black pixels are noise."""


@dataclass(frozen=True)
class Aligned:
    """A background where the picture has it.

    Attributes:
        bg: (h, w, 3) uint8; the very one that was given where it did not have to be moved.
        moved: how far, at the corner that moved farthest: a share of the longer side; 0 where it was not.
        agrees: whether it shows the place of the picture; False where it agrees with it nowhere.
    """

    bg: np.ndarray
    moved: float
    agrees: bool


def align(bg: np.ndarray, fg_bg: np.ndarray, side: int | None = None) -> Aligned:
    """Move a background to where the picture has it.

    By an affine map: shifted, turned, scaled and sheared. The border is repeated where the background ends.
    It is left as it is where no motion is found, or one that is not worth it (GAIN) or goes too far
    (MAX_MOTION).

    Args:
        bg: (h, w, 3) uint8, the view without the object.
        fg_bg: (H, W, 3) uint8, the picture, of the same aspect.
        side: longer side in pixels that a moved background has at most; None: that of `bg`.
    """
    height, width = fg_bg.shape[:2]
    size = scaled_size(height, width, min(_SIDE, max(height, width)))
    behind, before = _grey(bg, size), _grey(fg_bg, size)
    motion = _find_motion(behind, before)
    if motion is None:
        return Aligned(bg, 0, _agrees(behind, before))
    agrees = _agrees(_move(behind, motion, cv2.INTER_LINEAR), before)
    if side is not None and side < max(bg.shape):
        smaller = scaled_size(bg.shape[0], bg.shape[1], side)
        bg = cv2.resize(bg, smaller[::-1], interpolation=cv2.INTER_AREA)
    back = _scaling(size, bg.shape)
    moved = _move(bg, back @ motion @ np.linalg.inv(back), cv2.INTER_CUBIC)
    return Aligned(moved, _farthest(motion, size) / max(size), agrees)


def _find_motion(bg: np.ndarray, fg_bg: np.ndarray) -> np.ndarray | None:
    """From where in `bg` each pixel of `fg_bg` comes, both (h, w) uint8: 3 x 3; None as `align` says."""
    levels = [(bg, fg_bg)]
    for _ in range(_HALVINGS):
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    motion, kind, size = np.eye(3, dtype=np.float32), cv2.MOTION_TRANSLATION, levels[-1][0].shape
    for behind, before in reversed(levels):
        finer = _scaling(size, before.shape)
        motion = (finer @ motion @ np.linalg.inv(finer)).astype(np.float32)
        try:
            _, motion[:2] = cv2.findTransformECC(before, behind, motion[:2], kind, _SEARCH)
        except cv2.error:  # Nothing in common, or a picture of one colour.
            return None
        kind, size = cv2.MOTION_AFFINE, before.shape
    # Also where it is not a number.
    if not _farthest(motion, size) <= MAX_MOTION * max(size):
        return None
    moved = _move(bg, motion, cv2.INTER_LINEAR)
    return motion if _difference(moved, fg_bg) < GAIN * _difference(bg, fg_bg) else None


def _difference(bg: np.ndarray, fg_bg: np.ndarray, part: float = 0.5) -> float:
    """Quantile of |fg_bg - bg| over pixels (h, w), once `bg` is exposed as `fg_bg` is."""
    behind, before = bg + np.float32(_DARK), fg_bg + np.float32(_DARK)
    return float(np.quantile(np.abs(before - np.median(before / behind) * behind), part))


def _agrees(bg: np.ndarray, fg_bg: np.ndarray) -> bool:
    """Whether a background (h, w) tells more of the picture than one grey would."""
    left, contrast = (_difference(behind, fg_bg, _BEST_PART) for behind in (bg, np.full_like(fg_bg, 128)))
    return left <= max(_NOISE, STRANGE * contrast)


def _farthest(motion: np.ndarray, size: tuple[int, ...]) -> float:
    """How many pixels a motion (3 x 3) moves the corner of a picture (h, w) that it moves farthest."""
    height, width = size
    corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    return float(np.linalg.norm(motion @ corners - corners, axis=0).max())


def _move(picture: np.ndarray, motion: np.ndarray, interpolation: int) -> np.ndarray:
    height, width = picture.shape[:2]
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, motion[:2], (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _grey(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 -> (h, w) uint8."""
    # Scaled first, as the picture may be large.
    return cv2.cvtColor(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def _halved(grey: np.ndarray) -> np.ndarray:
    height, width = grey.shape
    return cv2.resize(grey, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def _scaling(before: tuple[int, ...], after: tuple[int, ...]) -> np.ndarray:
    """3 x 3: what becomes of pixels' coordinates (x, y, 1) when a picture (h, w, ...) is scaled."""
    down, right = after[0] / before[0], after[1] / before[1]
    # A pixel's coordinates are those of its centre.
    return np.array([[right, 0, (right - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
