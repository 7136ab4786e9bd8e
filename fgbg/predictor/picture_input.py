"""The kinds of pictures that a Predictor takes: a file, a Pillow picture, or an array."""

import sys
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from PIL import Image

from generator.assets.images import read_rgb, read_small_rgb, rgb_of
from generator.errors import ArrayError
from generator.resize import strips

if TYPE_CHECKING:
    import torch

# A name in quotes cannot be joined by `|`.
Picture: TypeAlias = Union[str, PathLike[str], Image.Image, np.ndarray, "torch.Tensor"]

_EXPECTED = "(H, W, 3) uint8"
_KINDS = "uint8, uint16 from 0 to 65535, or float from 0 to 1"


def as_rgb(picture: Picture, name: str) -> np.ndarray:
    """Convert a picture to (H, W, 3) uint8 sRGB.

    Args:
        picture: one of
            a path or a Pillow picture, of any mode: turned upright, converted to sRGB, laid over white;
            an array or tensor (H, W, 3) uint8: returned as it is;
            an array or tensor (H, W, 3) uint16 from 0 to 65535: its high byte;
            an array or tensor (H, W, 3) of floats from 0 to 1: scaled to 255 and rounded.
        name: of the picture in errors, if it is not a path.

    Raises:
        ImageError: a file cannot be decoded, or holds floating-point values.
        ArrayError: an array has another shape, type or range.
    """
    if isinstance(picture, str | PathLike):
        return read_rgb(Path(picture))
    if isinstance(picture, Image.Image):
        return rgb_of(name, picture)
    pixels = _as_array(picture, name)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ArrayError(name, _EXPECTED, f"{pixels.shape} {pixels.dtype}", _reshaped(pixels))
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "f":
        return _from_floats(pixels, name)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        return _from_16_bits(pixels, name)
    raise ArrayError(name, _EXPECTED, str(pixels.dtype), f"convert it to {_KINDS}")


def as_small_rgb(picture: Picture, name: str, side: int) -> tuple[np.ndarray, tuple[int, int]]:
    """As `as_rgb`, for whoever scales the picture down; a file may be decoded smaller, see `read_small_rgb`.

    Returns:
        (h, w, 3) uint8 sRGB, and the picture's own size (H, W).
    """
    if isinstance(picture, str | PathLike):
        return read_small_rgb(Path(picture), side)
    pixels = as_rgb(picture, name)
    return pixels, pixels.shape[:2]


def _as_array(picture: object, name: str) -> np.ndarray:
    # A tensor exists only if its owner imported torch.
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(picture, torch.Tensor):
        tensor = picture.detach().cpu()
        # NumPy has no bfloat16.
        values: np.ndarray = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
        return values
    try:
        pixels = np.asarray(picture)
    except (TypeError, ValueError) as error:
        raise _no_picture(picture, name) from error
    if not pixels.ndim and not isinstance(picture, np.ndarray | np.generic):
        raise _no_picture(picture, name)
    return pixels


def _no_picture(picture: object, name: str) -> ArrayError:
    kind = "None" if picture is None else type(picture).__name__
    return ArrayError(name, _EXPECTED, kind, "give an array, a PIL picture or a path")


def _reshaped(pixels: np.ndarray) -> str:
    """The advice for an array of another shape."""
    shape = pixels.shape
    if not pixels.size:
        return "give at least one pixel"
    if len(shape) == 4:
        return "predict the pictures of a batch one by one"
    if len(shape) == 3 and shape[0] == 3:
        return "put channels last: picture.transpose(1, 2, 0)"
    if len(shape) == 3 and shape[2] == 4:
        return "give picture[..., :3], or PIL.Image.fromarray(picture) to lay it over white"
    if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1):
        return "repeat a grey picture for each channel: numpy.dstack([picture] * 3)"
    return "give rows, columns and the channels red, green and blue"


def _from_floats(pixels: np.ndarray, name: str) -> np.ndarray:
    rgb = np.empty(pixels.shape, np.uint8)
    for rows in strips(*pixels.shape[:2]):
        levels = np.rint(pixels[rows].astype(np.float64) * 255)
        if not (levels >= 0).all() or not (levels <= 255).all():
            found = f"{pixels.dtype} from {pixels.min():g} to {pixels.max():g}"
            raise ArrayError(name, f"{_EXPECTED}, or floats from 0 to 1", found, "scale it")
        rgb[rows] = levels
    return rgb


def _from_16_bits(pixels: np.ndarray, name: str) -> np.ndarray:
    brightest = int(pixels.max())
    if 0 < brightest < 256:
        found = f"uint16 up to {brightest}"
        raise ArrayError(name, f"{_EXPECTED}, or uint16 up to 65535", found, "convert it to uint8")
    rgb = np.empty(pixels.shape, np.uint8)
    for rows in strips(*pixels.shape[:2]):
        rgb[rows] = pixels[rows] >> 8
    return rgb
