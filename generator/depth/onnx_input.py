"""The input of an ONNX depth network, and the conversion of pictures to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import AssetError
from generator.networks.session import Port
from generator.resize import stretch

SCALINGS = ("unit", "imagenet", "bytes")
"""The range of RGB values: 0 ... 1, the same normalised by ImageNet's mean and deviation, or 0 ... 255."""

SHORTER_SIDE, LONGEST_SIDE, SIDE_STEP = 448, 896, 224
"""Sides for a network that takes any size: multiples of 224, so of 14, 16 and 32, which backbones need."""

OTHER_NETWORK = "use a network that turns one RGB picture into one depth map"

MOST_SIDE = 4096
"""The longest side that the input of a network may have."""

# For sRGB in 0 ... 1, from torchvision's ImageNet recipes.
_IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


@dataclass(frozen=True)
class PictureInput:
    """The input of a network; a side of None may have any length."""

    name: str
    dtype: type[np.generic]
    channels_last: bool
    any_batch: bool
    height: int | None
    width: int | None
    scaling: str

    def size_for(self, rgb: np.ndarray) -> tuple[int, int]:
        """(width, height) to which a picture (H, W, 3) is resized for the network."""
        height, width = rgb.shape[:2]
        longer = round(SHORTER_SIDE * max(height, width) / min(height, width) / SIDE_STEP) * SIDE_STEP
        longer = min(longer, LONGEST_SIDE)
        free = (longer, SHORTER_SIDE) if width >= height else (SHORTER_SIDE, longer)
        return self.width or free[0], self.height or free[1]

    def tensor(self, pictures: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Pictures as the network's input, (n, 3, h, w) or (n, h, w, 3)."""
        stacked = np.stack([stretch(rgb, size) for rgb in pictures])
        if self.scaling != "bytes":
            stacked = stacked.astype(np.float32) / np.float32(255)
        if self.scaling == "imagenet":
            stacked = (stacked - _IMAGENET_MEAN) / _IMAGENET_DEVIATION
        if not self.channels_last:
            stacked = stacked.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(stacked, self.dtype)


def find_input(inputs: Sequence[Port], path: Path, scaling: str | None) -> PictureInput:
    """The only input of a network, which must be a picture."""
    shapes = ", ".join(map(str, inputs))
    expected = "one input [n, 3, H, W] or [n, H, W, 3] of float or uint8"
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _DTYPES:
        raise AssetError(path, expected, shapes or "none", OTHER_NETWORK)
    count, *axes = (side if isinstance(side, int) and side > 0 else None for side in inputs[0].shape)
    channels_last = axes[0] != 3
    if count not in (None, 1) or axes[2 if channels_last else 0] != 3:
        raise AssetError(path, expected, shapes, OTHER_NETWORK)
    height, width = axes[:2] if channels_last else axes[1:]
    if max(height or 1, width or 1) > MOST_SIDE:
        raise AssetError(path, f"an input with sides up to {MOST_SIDE:,}", shapes, OTHER_NETWORK)
    dtype = _DTYPES[inputs[0].type]
    if dtype is np.uint8 and scaling not in (None, "bytes"):
        raise AssetError(path, f"an input of float for normalise={scaling}", shapes, "say normalise=bytes")
    default = "bytes" if dtype is np.uint8 else "unit"
    return PictureInput(
        inputs[0].name, dtype, channels_last, count is None, height, width, scaling or default
    )
