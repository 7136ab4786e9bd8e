"""The depth of a background as relative inverse depth: from its file, or a plane."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generator.assets.images import opened_picture, orientation_of
from generator.config import DepthConvention
from generator.depth.file_formats import PICTURE_SUFFIXES, orientation_of_file, read_numbers
from generator.depth.normalise import normalise
from generator.errors import AssetError
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN

_ASPECT_TOLERANCE = 0.02


def read_depth(
    path: Path,
    picture: tuple[int, int],
    convention: DepthConvention,
    invalid: Sequence[float] | None = None,
    coarse: bool = False,
) -> np.ndarray:
    """Read a depth file.

    A 16-bit PNG or TIFF of the inverse convention has our own scale and is not changed. A picture of 8 bits
    of this convention is scaled by a constant: black is farthest, white nearest. All others go through
    `normalise`.

    Args:
        path: of the depth file.
        picture: (width, height) of its picture; the depth must have the same aspect ratio.
        convention: what its numbers mean.
        invalid: numbers that mean unknown, besides those that are never a distance; None for 0, except in
            pictures of 8 bits.
        coarse: whether a grey picture of 8 bits is depth.

    Returns:
        (h, w) uint16 relative inverse depth, 0 unknown, in the size of the file.

    Raises:
        AssetError: the file cannot be read, or has another aspect ratio.
        ConfigError: the package for its format is not installed.
    """
    values = read_numbers(path, coarse)
    height, width = values.shape
    if aspect_differs((width, height), picture):
        expected = f"the aspect ratio of its picture, {picture[0]} x {picture[1]}"
        raise AssetError(path, expected, f"{width} x {height}", "give both the same aspect ratio")
    is_coarse = values.dtype == np.uint8
    if invalid is None:
        invalid = () if is_coarse else (UNKNOWN,)
    unknown = _is_one_of(values, invalid)
    if convention == "inverse" and is_coarse:
        values = values.astype(np.uint16) * (NEAREST // 255)
        return np.where(unknown, UNKNOWN, np.maximum(values, FARTHEST)).astype(np.uint16)
    if convention == "inverse" and values.dtype == np.uint16 and path.suffix.lower() in PICTURE_SUFFIXES:
        return np.where(unknown, UNKNOWN, np.maximum(values, FARTHEST)).astype(np.uint16)
    return normalise(values, convention, ~unknown)


def aspect_differs(size: tuple[int, int], picture: tuple[int, int]) -> bool:
    """Whether depth and picture, both (width, height), have different aspect ratios."""
    return abs(size[0] / size[1] / (picture[0] / picture[1]) - 1) > _ASPECT_TOLERANCE


def check_turns(path: Path, background: Path, square: bool) -> None:
    """Refuse depth of a picture that EXIF turns, if the sizes do not show whether the depth is turned too.

    Args:
        path: of the depth file.
        background: its picture.
        square: whether the picture has equal sides.

    Raises:
        AssetError: it cannot be told whether the depth is turned.
    """
    with opened_picture(background) as opened:
        of_picture = orientation_of(opened)
    if of_picture == 1 or (of_picture >= 5 and not square) or orientation_of_file(path) == of_picture:
        return
    fix = "save the picture and its depth upright, the picture without EXIF"
    raise AssetError(path, "depth of a picture that EXIF does not turn", f"orientation {of_picture}", fix)


def plane_depth(picture: tuple[int, int]) -> np.ndarray:
    """A rough guess for photos without depth: nearness grows linearly from top to bottom.

    Args:
        picture: (width, height).

    Returns:
        (height, width) uint16.
    """
    rows = np.rint(np.linspace(FARTHEST, NEAREST, picture[1])).astype(np.uint16)
    return np.repeat(rows[:, None], picture[0], axis=1)


def _is_one_of(values: np.ndarray, numbers: Sequence[float]) -> np.ndarray:
    """Where `values` equal one of the numbers, rounded to the type of the values: (H, W) bool."""
    found = np.zeros(values.shape, bool)
    for number in numbers:
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                found |= values == values.dtype.type(number)
        elif number == int(number):
            found |= values == int(number)
    return found
