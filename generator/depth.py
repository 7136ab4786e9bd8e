"""Where the depth of a background comes from. All sources answer in relative inverse depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from generator.errors import AssetError
from generator.images import read_depth
from generator.listing import DEPTH_PICTURE_SUFFIX

DepthConvention = Literal["inverse", "metric"]

PLAIN_DEPTHS = ("auto", "files", "plane")
"""What backgrounds' depth can come from, networks apart."""

UNKNOWN = 0
FARTHEST = 1
NEAREST = 65535

_ASPECT_TOLERANCE = 0.02


class DepthSource(Protocol):
    """One way to know a background's depth."""

    @property
    def name(self) -> str:
        """As recorded in the manifest."""

    def depth_of(self, path: Path, rgb: np.ndarray) -> np.ndarray | None:
        """Depth (h, w) uint16 of the whole picture rgb (H, W, 3) uint8, or None when it has none here."""


@dataclass(frozen=True)
class FileDepth:
    """`NAME.depth.png` (16-bit, our convention, taken as it is) or `NAME.depth.npy` beside the picture."""

    convention: DepthConvention
    required: bool
    name: str = "files"

    def depth_of(self, path: Path, rgb: np.ndarray) -> np.ndarray | None:
        picture, array = path.with_suffix(DEPTH_PICTURE_SUFFIX), path.with_suffix(".depth.npy")
        if picture.is_file():
            depth, source = read_depth(picture), picture
        elif array.is_file():
            depth, source = normalise(_load_array(array), self.convention), array
        elif self.required:
            raise AssetError(path, f"{picture.name} beside it", "nothing", "add it or use --depth auto")
        else:
            return None
        height, width = rgb.shape[:2]
        if abs(depth.shape[1] / depth.shape[0] / (width / height) - 1) > _ASPECT_TOLERANCE:
            found = f"{depth.shape[1]} x {depth.shape[0]}"
            raise AssetError(
                source, f"the aspect of its picture, {width} x {height}", found, "make them match"
            )
        return depth


@dataclass(frozen=True)
class PlaneDepth:
    """A prior for plain photos: nearness grows linearly downward."""

    name: str = "plane"

    def depth_of(self, path: Path, rgb: np.ndarray) -> np.ndarray | None:
        height, width = rgb.shape[:2]
        rows = np.rint(np.linspace(FARTHEST, NEAREST, height)).astype(np.uint16)
        return np.repeat(rows[:, None], width, axis=1)


def depth_sources(choice: str, convention: DepthConvention) -> Sequence[DepthSource]:
    """The sources to ask, in this order, until one answers; `choice` is one of PLAIN_DEPTHS."""
    if choice == "files":
        return [FileDepth(convention, required=True)]
    if choice == "plane":
        return [PlaneDepth()]
    return [FileDepth(convention, required=False), PlaneDepth()]


def normalise(values: np.ndarray, convention: DepthConvention) -> np.ndarray:
    """Bring depth of any scale to our convention.

    Values are clipped at the 1st and 99th percentile and scaled to 1 (farthest) ... 65535 (nearest). A
    constant map becomes the middle value; what is not finite (or, metric, not positive) becomes 0, unknown.

    Args:
        values: (H, W) numbers; `inverse`: larger is nearer, `metric`: larger is farther.
        convention: which of the two.

    Returns:
        (H, W) uint16.
    """
    values = values.astype(np.float64)
    known = np.isfinite(values)
    if convention == "metric":
        known &= values > 0
        values = np.divide(1, values, out=np.zeros_like(values), where=known)
    depth = np.full(values.shape, UNKNOWN, np.uint16)
    if not known.any():
        return depth
    low, high = np.percentile(values[known], [1, 99])
    if high <= low:
        depth[known] = (FARTHEST + NEAREST) // 2
    else:
        scaled = (np.clip(values[known], low, high) - low) / (high - low)
        depth[known] = np.rint(FARTHEST + scaled * (NEAREST - FARTHEST)).astype(np.uint16)
    return depth


def _load_array(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise AssetError(path, "a NumPy array", " ".join(str(error).split()), "save it anew") from error
    if array.ndim != 2 or array.dtype.kind not in "fiu" or array.size == 0:
        found = f"shape {array.shape} of {array.dtype}"
        raise AssetError(path, "an array (H, W) of numbers", found, "save it anew")
    return array
