"""A picture of any size, and its background, resized to the network's input."""

from dataclasses import dataclass

import numpy as np

from fgbg.predictor.align_background import align_background
from fgbg.predictor.decide_edges import DECIDE_SIDE
from generator.errors import AssetError
from generator.resize import scaled_size, stretch

_ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class NetworkInput:
    """One picture as the network takes it, and the facts that the prediction keeps.

    Attributes:
        fg_bg: (h, w, 3) uint8 sRGB.
        bg: (h, w, 3) uint8 sRGB; None if there is no background.
        size: (H, W), the picture's own size in pixels.
        bg_moved: see `Predicted`.
        bg_agrees: see `Predicted`.
        picture: (H, W, 3) uint8 sRGB, the picture that refines the answer; None: it is scaled only.
        plate: (h', w', 3) uint8 sRGB, the background that helps to refine; None if there is none.
    """

    fg_bg: np.ndarray
    bg: np.ndarray | None
    size: tuple[int, int]
    bg_moved: float = 0
    bg_agrees: bool = True
    picture: np.ndarray | None = None
    plate: np.ndarray | None = None


def prepare(
    picture: np.ndarray,
    bg: np.ndarray | None,
    res: int,
    align: bool,
    refine: bool = False,
    own_size: tuple[int, int] | None = None,
) -> NetworkInput:
    """Resize a picture and its background to the network's resolution: by area down, linearly up.

    Args:
        picture: (H, W, 3) uint8 sRGB, of any size.
        bg: (h, w, 3) uint8 sRGB, the same view without the object, of the same aspect; None for none.
        res: longer side in pixels of the network's input.
        align: whether to move the background to match the picture first.
        refine: whether to keep what refines the answer, if the picture is larger than the network's input.
        own_size: (H, W) of the picture, if it was decoded smaller; None: it was not.

    Raises:
        AssetError: `bg` has another aspect.
    """
    height, width = own_size or picture.shape[:2]
    size = scaled_size(height, width, res)[::-1]
    refine = refine and max(height, width) > res
    moved, agrees, behind, plate = 0.0, True, None, None
    if bg is not None:
        _require_same_aspect(bg, picture)
        if align:
            # Twice the size that the network gets: training shifts backgrounds at this sharpness too.
            aligned = align_background(bg, picture, max(2 * res, DECIDE_SIDE) if refine else 2 * res)
            bg, moved, agrees = aligned.bg, aligned.moved, aligned.agrees
        behind = stretch(bg, size)
        if refine and agrees:
            plate = stretch(bg, scaled_size(height, width, min(DECIDE_SIDE, max(height, width)))[::-1])
    small = stretch(picture, size)
    return NetworkInput(small, behind, (height, width), moved, agrees, picture if refine else None, plate)


def _require_same_aspect(bg: np.ndarray, picture: np.ndarray) -> None:
    height, width = picture.shape[:2]
    if abs(bg.shape[1] / bg.shape[0] / (width / height) - 1) > _ASPECT_TOLERANCE:
        found = f"{bg.shape[1]} x {bg.shape[0]}"
        raise AssetError(
            "`bg`", f"the aspect of the picture, {width} x {height}", found, "give the same view"
        )
