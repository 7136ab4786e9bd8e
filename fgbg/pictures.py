"""Writing predictions as pictures."""

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from fgbg.given import MAKER
from fgbg.predictor import Predicted
from fgbg.results import DEPTH_SUFFIX, MASK_SUFFIX, OVERLAY_SUFFIX, result_path
from generator.encode import encode_png
from generator.files import refuse_existing, write_atomically
from generator.marks import mark_png

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
    pictures = {
        MASK_SUFFIX: predicted.mask,
        DEPTH_SUFFIX: predicted.depth,
        OVERLAY_SUFFIX: overlay(picture, predicted.mask),
    }
    files = {
        result_path(base, suffix): mark_png(encode_png(pixels), MAKER)
        for suffix, pixels in pictures.items()
        if pixels is not None
    }
    refuse_existing(files, overwrite)
    for path in files:
        # A name that is too long is said before the first of the three is written.
        with suppress(FileNotFoundError):
            path.lstat()
    base.parent.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        write_atomically(path, content)
    return list(files)


def overlay(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with the mask as a tint and its outline at one half: (H, W, 3) uint8."""
    share = mask[..., None] / 255 * _TINT_SHARE
    tinted = np.rint(picture * (1 - share) + _TINT * share).astype(np.uint8)
    outlines, _ = cv2.findContours((mask >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(mask.shape) / 400))
    drawn: np.ndarray = cv2.drawContours(tinted, outlines, -1, _TINT.tolist(), thickness)
    return drawn
