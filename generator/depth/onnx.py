"""Depth networks in ONNX files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from generator.config import DepthConvention
from generator.depth.network_protocol import Told, require_same
from generator.depth.onnx_input import OTHER_NETWORK, SCALINGS, SHORTER_SIDE, PictureInput, find_input
from generator.errors import AssetError
from generator.networks.onnx_file import OnnxFile, split_scaling

GPU_BATCH = 8

_ASPECT_TOLERANCE = 0.1


@dataclass(frozen=True)
class OnnxNetwork:
    """A `DepthNetwork` in an ONNX Runtime session."""

    libraries: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    threads: ClassVar[int] = 1
    id: str
    batch: int
    told: Told | None
    path: Path
    _name: str
    _file: OnnxFile
    _input: PictureInput
    _output: str

    @property
    def files(self) -> list[Path]:
        """See `DepthNetwork`."""
        return [self.path]

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See `DepthNetwork`; consecutive pictures with the same input size share a batch."""
        maps: list[np.ndarray] = []
        for size, group in groupby(pictures, key=self._input.size_for):
            alike = list(group)
            for first in range(0, len(alike), self.batch):
                block = alike[first : first + self.batch]
                tensors = {self._input.name: self._input.tensor(block, size)}
                (output,) = self._file.run([self._output], tensors, len(block))
                sides = _map_sides(output, len(block))
                if len(sides) != 2:
                    expected, found = f"{len(block)} maps from {self._output}", f"shape {output.shape}"
                    raise AssetError(self.path, expected, found, OTHER_NETWORK)
                maps += list(output.reshape(len(block), *sides).astype(np.float32))
        return maps

    def __reduce__(self) -> tuple[Callable[..., "OnnxNetwork"], tuple[str, str]]:
        return _open_again, (self._name, self.id)


def _open_again(name: str, id: str) -> OnnxNetwork:
    return require_same(open_onnx(name), id, name)


def open_onnx(name: str) -> OnnxNetwork:
    """Load `PATH` or `PATH?normalise=unit|imagenet|bytes` (default unit) and try it on a grey picture.

    Raises:
        ConfigError: an unknown scaling, or ONNX Runtime is not installed.
        AssetError: the file is missing or broken, or the network does not turn one RGB picture into one map,
            or takes too long.
    """
    path, scaling = split_scaling(name, "`depth=onnx:...`", SCALINGS)
    file = OnnxFile(path, "`depth=onnx:...`", OTHER_NETWORK)
    try:
        wanted = find_input(file.opened.inputs, path, scaling)
        output = _find_output(file, path, wanted)
    except BaseException:
        file.close()
        raise
    return OnnxNetwork(
        id=f"onnx:{path.name}?normalise={wanted.scaling}@{file.hash()}",
        batch=GPU_BATCH if file.opened.on_gpu and wanted.any_batch else 1,
        told=_told_by(file.opened.metadata),
        path=path,
        _name=name,
        _file=file,
        _input=wanted,
        _output=output,
    )


def _find_output(file: OnnxFile, path: Path, wanted: PictureInput) -> str:
    """The name of the first output that is a map of the whole picture, found by running the network once."""
    grey = np.full((SHORTER_SIDE, SHORTER_SIDE, 3), 128, np.uint8)
    size = wanted.size_for(grey)
    names = file.opened.outputs
    outputs = file.run(names, {wanted.name: wanted.tensor([grey], size)})
    for name, output in zip(names, outputs, strict=True):
        sides = _map_sides(output, 1)
        if len(sides) == 2 and abs(sides[1] / sides[0] / (size[0] / size[1]) - 1) <= _ASPECT_TOLERANCE:
            return name
    found = ", ".join(
        f"{name} {list(getattr(output, 'shape', ()))}" for name, output in zip(names, outputs, strict=True)
    )
    raise AssetError(path, f"an output with one map of a {size[0]} x {size[1]} picture", found, OTHER_NETWORK)


def _map_sides(output: Any, pictures: int) -> list[int]:
    """The axes of one picture's output that are longer than 1; none if the output holds no numbers."""
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiu":
        return []
    if pictures > 1:
        return [side for side in output.shape[1:] if side != 1] if output.shape[0] == pictures else []
    return [side for side in output.shape if side != 1]


def _told_by(metadata: dict[str, str]) -> Told | None:
    """What the metadata of the file say: `depth_convention` inverse or metric."""
    conventions: tuple[DepthConvention, ...] = ("inverse", "metric")
    for convention in conventions:
        if metadata.get("depth_convention") == convention:
            return Told(convention, f"depth_convention {convention} in the file")
    return None
