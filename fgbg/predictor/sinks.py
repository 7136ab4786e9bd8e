"""Where predictions go."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from fgbg.predictor.predicted import Predicted
from fgbg.predictor.result_names import result_path
from generator.encode import encode_png
from generator.errors import AssetError, ExistsError
from generator.files import refuse_existing, write_atomically
from generator.look.colours import colour_mask
from generator.own_results import DEPTH_SUFFIX, MASK_SUFFIX, OVERLAY_SUFFIX, PREDICTION, mark_png
from generator.resize import strips

_TINT = np.array([255, 40, 120])
_TINT_SHARE = 0.45

SINK_ERRORS = (AssetError, ExistsError, MemoryError, OSError)
"""Errors of one result; the results after it are written nevertheless."""


class Sink(Protocol):
    """Takes predictions. Several threads use it at the same time, each with another picture."""

    def write(self, name: str, picture: np.ndarray, predicted: Predicted) -> str:
        """Write one prediction.

        Args:
            name: of the picture, as its source gave it.
            picture: (H, W, 3) uint8, the picture.
            predicted: its mask and depth.

        Returns:
            What was written, to be printed after the name.

        Raises:
            Exception: one of `SINK_ERRORS` if this prediction cannot be written; any other error ends the
            work.
        """


class FileSink:
    """Writes predictions as PNG files, see `write_prediction`.

    Args:
        bases: for each picture's name the path of its results, without suffix.
        overwrite: replace existing files.
        mask_threshold: probability from which on a mask is 255, else 0; None: soft masks.
    """

    def __init__(
        self, bases: Mapping[str, Path], overwrite: bool = False, mask_threshold: float | None = None
    ) -> None:
        self._bases, self._overwrite, self._mask_threshold = bases, overwrite, mask_threshold

    def write(self, name: str, picture: np.ndarray, predicted: Predicted) -> str:
        """Write the files of one prediction; returns the first path and the names of the others."""
        if self._mask_threshold is not None:
            predicted = predicted.with_threshold(self._mask_threshold)
        first, *others = write_prediction(self._bases[name], picture, predicted, self._overwrite)
        return " ".join([str(first), *(other.name for other in others)])


def write_prediction(
    base: Path, picture: np.ndarray, predicted: Predicted, overwrite: bool = False
) -> list[Path]:
    """Write BASE.mask.png (8-bit grey), BASE.depth.png (16-bit grey, if there is depth) and BASE.overlay.png.

    Args:
        base: path without suffix.
        picture: (H, W, 3) uint8, the picture.
        predicted: its mask and depth.
        overwrite: replace existing files.

    Returns:
        The paths, in this order.

    Raises:
        ExistsError: a file exists, and `overwrite` is False; no file was written.
        ImageError: the picture is too large for PNG.
        OSError: a file cannot be written.
    """
    suffixes = [MASK_SUFFIX, *([] if predicted.depth is None else [DEPTH_SUFFIX]), OVERLAY_SUFFIX]
    files = {suffix: result_path(base, suffix) for suffix in suffixes}
    refuse_existing(files.values(), overwrite)
    for path in files.values():
        # A name that is too long raises here, before the first of the three is written.
        with suppress(FileNotFoundError):
            path.lstat()
    base.parent.mkdir(parents=True, exist_ok=True)
    # One after the other, because each may be large.
    _write(files[MASK_SUFFIX], predicted.mask)
    if predicted.depth is not None:
        _write(files[DEPTH_SUFFIX], predicted.depth)
    _write(files[OVERLAY_SUFFIX], overlay(picture, predicted))
    return list(files.values())


def _write(path: Path, pixels: np.ndarray) -> None:
    write_atomically(path, mark_png(encode_png(pixels), PREDICTION))


def overlay(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    """The picture with its mask as a tint: (H, W, 3) uint8.

    A soft mask has one colour and an outline at half coverage; classes have their own colours.
    """
    mask, classes = predicted.mask, predicted.classes
    tinted = np.empty(picture.shape, np.uint8)
    for rows in strips(*mask.shape):
        share = (mask[rows, :, None] / 255 if classes is None else 1.0) * _TINT_SHARE
        tint = _TINT if classes is None else colour_mask(mask[rows], classes)
        tinted[rows] = np.rint(picture[rows] * (1 - share) + tint * share)
    if classes is not None:
        return tinted
    outlines, _ = cv2.findContours((mask >= 128).view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(mask.shape) / 400))
    drawn: np.ndarray = cv2.drawContours(tinted, outlines, -1, _TINT.tolist(), thickness)
    return drawn
