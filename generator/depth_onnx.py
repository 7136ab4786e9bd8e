"""Depth networks in ONNX files, run by ONNX Runtime."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from generator.depth import DepthConvention
from generator.depth_networks import Told
from generator.errors import AssetError, ConfigError, one_line
from generator.files import hash_file
from generator.onnx_input import OTHER_NETWORK, SCALINGS, SHORTER_SIDE, PictureInput, find_input

GPU_BATCH = 8
_ASPECT_TOLERANCE = 0.1


@dataclass(frozen=True)
class OnnxNetwork:
    """A `DepthNetwork` in an ONNX Runtime session.

    It runs on CUDA where ONNX Runtime can, else on the CPU, with the runtime's own number of threads and its
    deterministic kernels.
    """

    id: str
    batch: int
    told: Told | None
    path: Path
    _session: Any
    _input: PictureInput
    _output: str

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See `DepthNetwork`; neighbours that need the same input size share a batch."""
        maps: list[np.ndarray] = []
        for size, group in groupby(pictures, key=self._input.size_for):
            alike = list(group)
            for first in range(0, len(alike), self.batch):
                block = alike[first : first + self.batch]
                (output,) = _run(self._session, self.path, [self._output], self._input, block, size)
                sides = _sides(output, len(block))
                if len(sides) != 2:
                    found = f"shape {output.shape}"
                    raise AssetError(
                        self.path, f"{len(block)} maps from {self._output}", found, OTHER_NETWORK
                    )
                maps += list(output.reshape(len(block), *sides).astype(np.float32))
        return maps


def open_onnx(name: str) -> OnnxNetwork:
    """Load `PATH` or `PATH?normalise=unit|imagenet|bytes` (unit unless said) and try it on a grey picture.

    Raises:
        ConfigError: an unknown scaling, or ONNX Runtime is not installed.
        AssetError: the file is missing or broken, or it does not turn one RGB picture into one map.
    """
    path, scaling = _parse(name)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise AssetError(path, "an ONNX file", found, "check the path")
    try:
        _, onnxruntime = (importlib.import_module(name) for name in ("onnx", "onnxruntime"))
    except ImportError as error:
        found = f"no package {error.name}"
        raise ConfigError("--depth", "ONNX Runtime", found, "pip install 'fgbg[onnx]'") from error

    weights = _hash_weights(path)
    options = onnxruntime.SessionOptions()
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what goes wrong is raised
    available = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:  # the runtime's errors share no base
        raise AssetError(path, "an ONNX network", one_line(error), "export it anew") from error
    wanted = find_input(session, path, scaling)
    on_gpu = session.get_providers()[0] != "CPUExecutionProvider"
    return OnnxNetwork(
        id=f"onnx:{path.name}?normalise={wanted.scaling}@{weights}",
        batch=GPU_BATCH if on_gpu and wanted.any_batch else 1,
        told=_told_by(session.get_modelmeta().custom_metadata_map),
        path=path,
        _session=session,
        _input=wanted,
        _output=_find_output(session, path, wanted),
    )


def _told_by(metadata: dict[str, str]) -> Told | None:
    """What a file's own metadata say: `depth_convention` inverse or metric."""
    conventions: tuple[DepthConvention, ...] = ("inverse", "metric")
    for convention in conventions:
        if metadata.get("depth_convention") == convention:
            return Told(convention, f"depth_convention {convention} in the file")
    return None


def _parse(name: str) -> tuple[Path, str | None]:
    if Path(name).is_file():
        return Path(name), None
    path, mark, option = name.rpartition("?")
    if not mark:
        return Path(name), None
    key, _, scaling = option.partition("=")
    if key != "normalise" or scaling not in SCALINGS:
        expected = f"onnx:PATH?normalise={'|'.join(SCALINGS)}"
        raise ConfigError("--depth", expected, f"?{option}", "mend what follows the question mark")
    return Path(path), scaling


def _hash_weights(path: Path) -> str:
    """The hash of the file and of the files beside it that hold weights too large for it."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's errors share no base
        raise AssetError(path, "an ONNX network", one_line(error), "export it anew") from error
    outside = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    hashes = [
        hash_file(path),
        *(hash_file(path.parent / name) for name in sorted(outside) if _is_beside(path, name)),
    ]
    return hashes[0] if len(hashes) == 1 else blake3("".join(hashes).encode()).hexdigest()


def _find_output(session: Any, path: Path, wanted: PictureInput) -> str:
    """The name of the first output that is a map of the whole picture, seen by running the network once."""
    grey = np.full((SHORTER_SIDE, SHORTER_SIDE, 3), 128, np.uint8)
    size = wanted.size_for(grey)
    names: list[str] = [output.name for output in session.get_outputs()]
    outputs = _run(session, path, names, wanted, [grey], size)
    for name, output in zip(names, outputs, strict=True):
        sides = _sides(output, 1)
        if len(sides) == 2 and abs(sides[1] / sides[0] / (size[0] / size[1]) - 1) <= _ASPECT_TOLERANCE:
            return name
    found = ", ".join(f"{name} {list(output.shape)}" for name, output in zip(names, outputs, strict=True))
    raise AssetError(path, f"an output with one map of a {size[0]} x {size[1]} picture", found, OTHER_NETWORK)


def _run(
    session: Any,
    path: Path,
    outputs: list[str],
    wanted: PictureInput,
    pictures: Sequence[np.ndarray],
    size: tuple[int, int],
) -> list[np.ndarray]:
    tensor = wanted.tensor(pictures, size)
    try:
        results: list[np.ndarray] = session.run(outputs, {wanted.name: tensor})
    except Exception as error:  # the runtime's errors share no base
        raise AssetError(
            path, f"a network that runs on {tensor.shape}", one_line(error), OTHER_NETWORK
        ) from error
    return results


def _sides(output: Any, pictures: int) -> list[int]:
    """The axes of one picture's output that are longer than 1; none when it does not hold numbers."""
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiu":
        return []
    if pictures > 1:
        return [side for side in output.shape[1:] if side != 1] if output.shape[0] == pictures else []
    return [side for side in output.shape if side != 1]


def _is_beside(path: Path, name: str) -> bool:
    """Whether a file of weights stands beside or below its model; the runtime refuses others itself."""
    return (path.parent / name).resolve().is_relative_to(path.parent.resolve()) and (
        path.parent / name
    ).is_file()
