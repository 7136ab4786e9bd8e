"""Writing predictions as pictures."""

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from fgbg.predictor.predicted import Predicted
from fgbg.predictor.result_names import result_path
from generator.encode import encode_png
from generator.files import refuse_existing, write_atomically
from generator.marks import DEPTH_SUFFIX, MASK_SUFFIX, OVERLAY_SUFFIX, PREDICTION, mark_png
from training.resize import strips

_TINT = np.array([255, 40, 120])
_TINT_SHARE = 0.45


def write_prediction(
    base: Path, picture: np.ndarray, predicted: Predicted, overwrite: bool = False
) -> list[Path]:
    """Write BASE.mask.png (8-bit grey), BASE.depth.png (16-bit grey; where there is depth), BASE.overlay.png.

    Args:
        base: path without suffix.
        picture: (H, W, 3) uint8 that was predicted on.
        predicted: its mask and depth.
        overwrite: replace files that are there.

    Returns:
        The paths, in this order.

    Raises:
        UsageError: a file is there and not to be overwritten; none was written.
        ImageError: the picture is too large for PNG.
        OSError: a file cannot be written.
    """
    suffixes = [MASK_SUFFIX, *([] if predicted.depth is None else [DEPTH_SUFFIX]), OVERLAY_SUFFIX]
    files = {suffix: result_path(base, suffix) for suffix in suffixes}
    refuse_existing(files.values(), overwrite)
    for path in files.values():
        # A name that is too long is said before the first of the three is written.
        with suppress(FileNotFoundError):
            path.lstat()
    base.parent.mkdir(parents=True, exist_ok=True)
    # One after the other, as each may be large.
    _write(files[MASK_SUFFIX], predicted.mask)
    if predicted.depth is not None:
        _write(files[DEPTH_SUFFIX], predicted.depth)
    _write(files[OVERLAY_SUFFIX], overlay(picture, predicted.mask))
    return list(files.values())


def _write(path: Path, pixels: np.ndarray) -> None:
    write_atomically(path, mark_png(encode_png(pixels), PREDICTION))


def overlay(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with the mask as a tint and its outline at one half: (H, W, 3) uint8."""
    tinted = np.empty(picture.shape, np.uint8)
    for rows in strips(*mask.shape):
        share = mask[rows, :, None] / 255 * _TINT_SHARE
        tinted[rows] = np.rint(picture[rows] * (1 - share) + _TINT * share)
    outlines, _ = cv2.findContours((mask >= 128).view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(mask.shape) / 400))
    drawn: np.ndarray = cv2.drawContours(tinted, outlines, -1, _TINT.tolist(), thickness)
    return drawn
