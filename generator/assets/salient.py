"""The object of a plain photo, found by a network in an ONNX file.

Two kinds of files are known: networks that rembg runs (U-2-Net, ISNet, BiRefNet and others: picture in, mask
out), and networks that fgbg exported. The answers of the first kind are read as rembg reads them.

Source: the sessions of rembg 2.0 (https://github.com/danielgatis/rembg).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from generator.errors import AssetError, EmptyMaskError
from generator.format.pixels import OPAQUE
from generator.networks.known import NETWORKS, downloaded_network
from generator.networks.onnx_file import OnnxFile, split_scaling
from generator.networks.session import Port
from generator.resize import scaled_size, stretch

SCALINGS = ("imagenet", "half", "unit")
"""Normalisations of RGB in 0 ... 1: by ImageNet's mean and deviation, minus 0.5, or none."""

FREE_SIDE = 320
"""Side in pixels for a network that takes any size, as of U-2-Net."""

_FIELD = "`network`"
_OTHER = "use a network for rembg, such as u2netp.onnx, or one of 'fgbg export'"
_MEANS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
_HALF_NAMES = ("isnet", "dis-", "dis_", "ben")
_LEAST_SIDE, _MOST_SIDE = 8, 8192
_LEAST_SURE = 0.5
_CLEAR, _SOLID = 0.1, 0.9
"""A mask up to the first is background, and from the second on object: networks are never quite sure."""


@dataclass(frozen=True)
class SalientNetwork:
    """A network that finds the object in a picture.

    Attributes:
        path: of the file.
        about: how pictures are prepared for it, in words.
    """

    path: Path
    about: str
    _file: OnnxFile
    _inputs: tuple[str, ...]
    _size: tuple[int, int] | int
    _scaling: str

    @classmethod
    def open(cls, name: str) -> "SalientNetwork":
        """Load `PATH` or `PATH?normalise=imagenet|half|unit`, or a network of `NETWORKS` by its name.

        Without a normalisation it is half if the file's name begins with isnet, dis or ben, else imagenet.

        Raises:
            ConfigError: an unknown normalisation, or ONNX Runtime is not installed.
            AssetError: the file is missing or broken, or the network does not turn one picture into one mask;
                or a network cannot be downloaded.
        """
        if name in NETWORKS and not Path(name).exists():
            name = str(downloaded_network(name))
        path, scaling = split_scaling(name, _FIELD, SCALINGS)
        file = OnnxFile(path, _FIELD, _OTHER)
        try:
            return cls._of(path, file, scaling)
        except BaseException:
            file.close()
            raise

    @classmethod
    def _of(cls, path: Path, file: OnnxFile, scaling: str | None) -> "SalientNetwork":
        inputs = file.opened.inputs
        names = tuple(port.name for port in inputs)
        own = _own_metadata(file.opened.metadata)
        if names[:1] == ("picture",) and own.get("contract") == "fgbg":
            res = own.get("res")
            if own["mask"].get("kind") != "alpha":
                raise AssetError(path, "a network of soft masks", "one of classes", _OTHER)
            if not isinstance(res, int) or not _LEAST_SIDE <= res <= _MOST_SIDE:
                expected = f"a resolution of {_LEAST_SIDE} to {_MOST_SIDE:,} px in its metadata"
                raise AssetError(path, expected, str(res)[:20], _OTHER)
            return cls(path, f"a network of fgbg that sees {res} px", file, names, res, "")
        height, width = _sides(path, inputs)
        if scaling is None:
            is_half = not own and path.stem.lower().startswith(_HALF_NAMES)
            scaling = "half" if is_half else "imagenet"
        about = f"sees {width} x {height} px, normalised by '{scaling}'"
        return cls(path, about, file, names, (height, width), scaling)

    @property
    def res(self) -> int:
        """Longer side in pixels of what the network sees."""
        return self._size if isinstance(self._size, int) else max(self._size)

    def alpha(self, path: Path, rgb: np.ndarray) -> np.ndarray:
        """The alpha (H, W) uint8 of the object in a picture (H, W, 3) uint8.

        Args:
            path: of the picture, for errors.
            rgb: the picture.

        Raises:
            EmptyMaskError: the network sees no object.
            AssetError: the network fails.
        """
        mask, sure = self._mask(rgb)
        if not sure >= _LEAST_SURE:
            found = f"none (the network is sure to {max(0.0, sure):.0%} at most)"
            raise EmptyMaskError(path, "an object", found, "skipped")
        height, width = rgb.shape[:2]
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_CUBIC)
        alpha = np.rint(((mask - _CLEAR) / (_SOLID - _CLEAR)).clip(0, 1) * 255).astype(np.uint8)
        return _without_ghosts(alpha)

    def share(self, rgb: np.ndarray) -> np.ndarray:
        """How much of each pixel the object covers, as the network says: (H, W) float32 in [0, 1].

        It is 0 everywhere if the network sees no object.

        Args:
            rgb: (H, W, 3) uint8, the picture.

        Raises:
            AssetError: the network fails.
        """
        height, width = rgb.shape[:2]
        mask, sure = self._mask(rgb)
        if not sure >= _LEAST_SURE:
            return np.zeros((height, width), np.float32)
        share: np.ndarray = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR).clip(0, 1)
        return share

    def _mask(self, rgb: np.ndarray) -> tuple[np.ndarray, float]:
        """The mask in the size that the network sees, and how sure it is of an object.

        As in rembg, the mask of a stranger is stretched to the range 0 to 1.
        """
        mask = self._own_mask(rgb) if isinstance(self._size, int) else self._stranger_mask(rgb)
        # Single pixels do not count: 'fgbg export' marks two of them in masks for rembg.
        lowest, sure = (float(np.partition(mask, at, axis=None)[at]) for at in (1, -2))
        if not isinstance(self._size, int) and sure >= _LEAST_SURE:
            mask = (mask - lowest) / max(sure - lowest, 1e-6)
        return mask, sure

    def _own_mask(self, rgb: np.ndarray) -> np.ndarray:
        assert isinstance(self._size, int)
        height, width = scaled_size(rgb.shape[0], rgb.shape[1], self._size)
        tensors: dict[str, np.ndarray] = {
            "picture": stretch(rgb, (width, height))[None],
            "background": np.zeros((1, 1, 1, 3), np.uint8),
            "has_background": np.zeros(1, bool),
        }
        (mask,) = self._file.run(["mask"], {name: tensors[name] for name in self._inputs})
        return self._plane(mask)

    def _stranger_mask(self, rgb: np.ndarray) -> np.ndarray:
        assert not isinstance(self._size, int)
        height, width = self._size
        small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        mean, deviation = (np.array(values, np.float32) for values in _MEANS[self._scaling])
        normal = (small / max(float(small.max()), 1e-6) - mean) / deviation
        tensor = np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32)
        (output,) = self._file.run(self._file.opened.outputs[:1], {self._inputs[0]: tensor})
        mask = self._plane(output)
        if mask.min() < -0.01 or mask.max() > 1.01:  # logits, as of BiRefNet
            mask = 1 / (1 + np.exp(-mask.clip(-50, 50)))
        return mask

    def _plane(self, output: Any) -> np.ndarray:
        """The first map of an output, as (h, w) float32."""
        is_array = isinstance(output, np.ndarray) and output.dtype.kind in "fiu" and output.size >= 4
        if not is_array or output.ndim not in (3, 4) or output.shape[0] != 1:
            shape = f"an output of shape {getattr(output, 'shape', 'unknown')}"
            raise AssetError(self.path, "one mask (1, 1, H, W)", shape, _OTHER)
        plane: np.ndarray = output.reshape(-1, *output.shape[-2:])[0].astype(np.float32)
        if not np.isfinite(plane).all():
            raise AssetError(self.path, "a mask of numbers", "NaN or infinity", _OTHER)
        return plane


def _own_metadata(metadata: dict[str, str]) -> dict[str, Any]:
    """What 'fgbg export' wrote into a file; empty for other files."""
    try:
        own = json.loads(metadata.get("fgbg", "{}"))
    except (ValueError, RecursionError):
        return {}
    return own if isinstance(own, dict) and isinstance(own.get("mask"), dict) else {}


def _sides(path: Path, ports: Sequence[Port]) -> tuple[int, int]:
    """Height and width of the only input of a network, which must be a picture."""
    shapes = ", ".join(map(str, ports)) or "none"
    if len(ports) != 1 or len(ports[0].shape) != 4 or ports[0].type != "tensor(float)":
        raise AssetError(path, "one input [1, 3, H, W] of float", shapes, _OTHER)
    count, channels, *sides = (
        side if isinstance(side, int) and side > 0 else None for side in ports[0].shape
    )
    height, width = (side or FREE_SIDE for side in sides)
    if count not in (None, 1) or channels != 3 or max(height, width) > _MOST_SIDE:
        raise AssetError(path, f"one input [1, 3, H, W] with sides up to {_MOST_SIDE:,}", shapes, _OTHER)
    return height, width


def _without_ghosts(alpha: np.ndarray) -> np.ndarray:
    """The same alpha (H, W) uint8 without parts that are opaque nowhere."""
    count, parts = cv2.connectedComponents((alpha > 0).astype(np.uint8), connectivity=8)
    is_real = np.zeros(count, bool)
    is_real[np.unique(parts[alpha >= OPAQUE])] = True
    clean: np.ndarray = np.where(is_real[parts], alpha, np.uint8(0))
    return clean
