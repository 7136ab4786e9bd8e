"""Writing predictions as pictures."""

from pathlib import Path

import cv2
import numpy as np

from fgbg.predictor import Predicted
from generator.errors import ImageError
from generator.files import write_atomically

MASK_SUFFIX, DEPTH_SUFFIX, OVERLAY_SUFFIX = ".mask.png", ".depth.png", ".overlay.png"

_TINT = np.array([255, 40, 120])
_TINT_SHARE = 0.45


def write_prediction(base: Path, picture: np.ndarray, predicted: Predicted) -> list[Path]:
    """Write BASE.mask.png (8-bit grey), BASE.depth.png (16-bit grey; where there is depth), BASE.overlay.png.

    Args:
        base: path without suffix.
        picture: (H, W, 3) uint8 that was predicted on.
        predicted: its mask and depth.

    Returns:
        The paths, in this order.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    pictures = {
        MASK_SUFFIX: predicted.mask,
        DEPTH_SUFFIX: predicted.depth,
        OVERLAY_SUFFIX: overlay(picture, predicted.mask),
    }
    paths = []
    for suffix, pixels in pictures.items():
        if pixels is None:
            continue
        path = base.with_name(base.name + suffix)
        write_png(path, pixels)
        paths.append(path)
    return paths


def overlay(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with the mask as a tint and its outline at one half: (H, W, 3) uint8."""
    share = mask[..., None] / 255 * _TINT_SHARE
    tinted = np.rint(picture * (1 - share) + _TINT * share).astype(np.uint8)
    outlines, _ = cv2.findContours((mask >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(mask.shape) / 400))
    drawn: np.ndarray = cv2.drawContours(tinted, outlines, -1, _TINT.tolist(), thickness)
    return drawn


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write (H, W) uint8 or uint16, or (H, W, 3 or 4) uint8 RGB(A), wholly or not at all."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    stored = cv2.cvtColor(pixels, order[pixels.shape[2]]) if pixels.ndim == 3 else pixels
    done, encoded = cv2.imencode(".png", stored)
    if not done:
        raise ImageError(path, "pixels that PNG can hold", f"{pixels.shape} {pixels.dtype}", "scale it down")
    write_atomically(path, encoded.tobytes())
