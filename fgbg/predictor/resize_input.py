"""A picture of any size, and its background, resized to the network's input."""

from dataclasses import dataclass, replace

import numpy as np

from fgbg.predictor.align_background import align_background
from fgbg.predictor.decide_edges import DECIDE_SIDE
from fgbg.predictor.plate_depth import as_plate_depth
from fgbg.predictor.plate_fit import Misfit, PlateFit, plate_fit
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
        bg_unused: see `Predicted`.
        picture: (H, W, 3) uint8 sRGB, the picture that refines the answer; None: it is scaled only.
        plate: (h', w', 3) uint8 sRGB, the background that helps to refine; None if there is none.
        fit: how well the background fits; None if there is none.
        bg_depth: (., .) uint16, the depth of the background, known everywhere; None if it is not known.
    """

    fg_bg: np.ndarray
    bg: np.ndarray | None
    size: tuple[int, int]
    bg_moved: float = 0
    bg_unused: Misfit | None = None
    picture: np.ndarray | None = None
    plate: np.ndarray | None = None
    fit: PlateFit | None = None
    bg_depth: np.ndarray | None = None


def prepare(
    picture: np.ndarray,
    bg: np.ndarray | None,
    res: int,
    align: bool,
    refine: bool = False,
    own_size: tuple[int, int] | None = None,
    bg_depth: np.ndarray | None = None,
) -> NetworkInput:
    """Resize a picture and its background to the network's resolution: by area down, linearly up.

    Args:
        picture: (H, W, 3) uint8 sRGB, of any size.
        bg: (h, w, 3) uint8 sRGB, the same view without the object, of the same aspect; None for none.
        res: longer side in pixels of the network's input.
        align: whether to move the background to match the picture first.
        refine: whether to keep what refines the answer, if the picture is larger than the network's input.
        own_size: (H, W) of the picture, if it was decoded smaller; None: it was not.
        bg_depth: (., .) uint16 relative inverse depth of `bg`, 0 unknown; None if it is not known.

    Raises:
        AssetError: `bg` or `bg_depth` has another aspect, or `bg_depth` knows no pixel.
        ArrayError: `bg_depth` is no such array.
    """
    height, width = own_size or picture.shape[:2]
    size = scaled_size(height, width, res)[::-1]
    refine = refine and max(height, width) > res
    moved, fit, misfit, behind, plate = 0.0, None, None, None, None
    if bg is not None:
        _require_same_aspect(bg, picture)
        if bg_depth is not None:
            bg_depth = as_plate_depth(bg_depth, bg.shape[:2])
        if align:
            # Twice the size that the network gets: training shifts backgrounds at this sharpness too.
            aligned = align_background(bg, picture, max(2 * res, DECIDE_SIDE) if refine else 2 * res)
            bg, moved = aligned.bg, aligned.moved
            bg_depth = None if bg_depth is None else aligned.same_motion(bg_depth)
        fit = plate_fit(bg, picture)
        misfit = fit.misfit
        if misfit == "other view" and not align and _fits_aligned(bg, picture):
            misfit = "not aligned"
        behind = stretch(bg, size)
        if refine:
            plate = stretch(bg, scaled_size(height, width, min(DECIDE_SIDE, max(height, width)))[::-1])
    small = stretch(picture, size)
    whole = picture if refine else None
    return NetworkInput(small, behind, (height, width), moved, misfit, whole, plate, fit, bg_depth)


class PlateJudge:
    """Leaves out backgrounds that do not fit, picture by picture.

    Args:
        video: the pictures are frames of one video, in order. A background that fitted the last frame is used
            as long as it fits a little, and one that did not is used only when it fits well: so masks do not
            flicker. A frame that is its own background has no object, and keeps its background.
    """

    def __init__(self, video: bool = False) -> None:
        self._video, self._used = video, False

    def __call__(self, given: NetworkInput) -> NetworkInput:
        """The same picture, without its background if that is not used.

        Args:
            given: as `prepare` returns it, whose `bg_unused` judges the picture alone.
        """
        if given.fit is None:
            return given
        unused = given.bg_unused
        if self._video:
            self._used = given.fit.fits(used_before=self._used)
            unused = None if self._used else unused
        if unused is None:
            return replace(given, bg_unused=None)
        return replace(given, bg=None, plate=None, bg_depth=None, bg_moved=0, bg_unused=unused)


def _fits_aligned(bg: np.ndarray, picture: np.ndarray) -> bool:
    return plate_fit(align_background(bg, picture, DECIDE_SIDE).bg, picture).misfit is None


def _require_same_aspect(bg: np.ndarray, picture: np.ndarray) -> None:
    height, width = picture.shape[:2]
    if abs(bg.shape[1] / bg.shape[0] / (width / height) - 1) > _ASPECT_TOLERANCE:
        found = f"{bg.shape[1]} x {bg.shape[0]}"
        raise AssetError(
            "`bg`", f"the aspect of the picture, {width} x {height}", found, "give the same view"
        )
