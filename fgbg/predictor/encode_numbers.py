"""Write mask and depth as numbers: NumPy files (.npy) and OpenEXR files (.exr)."""

import errno
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from fgbg.predictor.predicted import Predicted
from generator.errors import ConfigError
from generator.files import atomic_file
from generator.format.pixels import FARTHEST, NEAREST


def mask_numbers(predicted: Predicted) -> np.ndarray:
    """(H, W) float32 from 0 to 1; with classes (H, W) uint8, the number of each pixel's class."""
    if predicted.classes is not None:
        return predicted.mask
    return predicted.mask.astype(np.float32) / np.float32(255)


def depth_numbers(depth: np.ndarray) -> np.ndarray:
    """(H, W) uint16 -> (H, W) float32 relative inverse depth from 0 (farthest) to 1 (nearest)."""
    return (depth.astype(np.float32) - FARTHEST) / np.float32(NEAREST - FARTHEST)


def require_exr() -> None:
    """Make sure that OpenEXR files can be written.

    Raises:
        ConfigError: the package is not installed.
    """
    if importlib.util.find_spec("OpenEXR") is None:
        raise ConfigError(
            "`format=exr`", "", "needs OpenEXR, which is not installed", "run: pip install 'fgbg[exr]'"
        )


def write_npy(path: Path, numbers: np.ndarray) -> None:
    """Write an array as .npy, completely or not at all."""
    header = np.lib.format.header_data_from_array_1_0(numbers)
    with atomic_file(path, numbers.nbytes, durable=False) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(numbers).data)  # np.save does not tell why it cannot write


def write_exr(path: Path, numbers: np.ndarray) -> None:
    """Write (H, W) float32, or whole numbers as uint32, as the channel Y of an EXR file, completely or not at
    all.

    Raises:
        OSError: the file cannot be written.
    """
    exr: Any = importlib.import_module("OpenEXR")
    pixels = numbers if numbers.dtype.kind == "f" else numbers.astype(np.uint32)
    header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage, "software": "fgbg predict"}
    with atomic_file(path, pixels.nbytes, durable=False) as temporary:
        try:
            exr.File(header, {"Y": np.ascontiguousarray(pixels)}).write(str(temporary))
        except RuntimeError as error:
            # The text names the temporary file, and ends with what the system said.
            reason = str(error).rpartition('". ')[2].rstrip(".")
            full = (number for number in (errno.ENOSPC, errno.EDQUOT) if os.strerror(number) == reason)
            raise OSError(next(full, errno.EIO), reason, str(path)) from error
