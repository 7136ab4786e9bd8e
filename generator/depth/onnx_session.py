"""An ONNX Runtime session and its requests: the part of an ONNX network that runs in its own process.

Only that process imports onnx and onnxruntime. A network from a stranger may need more memory than there is,
never end, or crash the runtime.
"""

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.depth.onnx_input import OTHER_NETWORK, SHORTER_SIDE, PictureInput, find_input
from generator.errors import AssetError, one_line
from generator.files import real_path
from generator.process.memory import physical_memory

MOST_NUMBERS = 2**26
"""Most numbers in one answer of a network."""

_ASPECT_TOLERANCE = 0.1
_CPU = "CPUExecutionProvider"
_GPU = "CUDAExecutionProvider"

_session: Any = None


@dataclass(frozen=True)
class Open:
    """Request: load a network, in place of an earlier one, and try it on a grey picture.

    Attributes:
        path: as the user wrote it, for errors.
        file: absolute path.
        scaling: range of RGB values (`SCALINGS`); None if not given.
    """

    path: Path
    file: Path
    scaling: str | None


@dataclass(frozen=True)
class Opened:
    """Answer to `Open`: the properties of the network.

    Attributes:
        input: of the network.
        output: name of the output that is the depth map.
        metadata: of the file.
        outside: names of the files with weights, relative to the folder of the network.
        on_gpu: whether it runs on CUDA.
    """

    input: PictureInput
    output: str
    metadata: dict[str, str]
    outside: Sequence[str]
    on_gpu: bool


@dataclass(frozen=True)
class Run:
    """Request: run the open network on its input, (n, 3, h, w) or (n, h, w, 3)."""

    path: Path
    input: str
    output: str
    tensor: np.ndarray


def answer(request: Open | Run) -> Opened | np.ndarray:
    """Answer a request.

    Raises:
        AssetError: the network is broken, does not turn one RGB picture into one map, or fails.
    """
    if isinstance(request, Open):
        return _open(request)
    (output,) = _run(request.path, [request.output], request.input, request.tensor)
    return output


def map_sides(output: Any, pictures: int) -> list[int]:
    """The axes of one picture's output that are longer than 1; none if the output holds no numbers."""
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiu":
        return []
    if pictures > 1:
        return [side for side in output.shape[1:] if side != 1] if output.shape[0] == pictures else []
    return [side for side in output.shape if side != 1]


def _open(request: Open) -> Opened:
    global _session
    _session = None
    path = request.path
    onnxruntime = importlib.import_module("onnxruntime")
    outside = _outside_weights(request)
    available = onnxruntime.get_available_providers()
    providers = [name for name in (_GPU, _CPU) if name in available]
    if providers == [_CPU]:
        _limit_memory()
    options = onnxruntime.SessionOptions()
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # errors are raised
    try:
        session = onnxruntime.InferenceSession(request.file, options, providers=providers)
    except Exception as error:  # the runtime's errors share no base
        raise AssetError(path, "an ONNX network", one_line(error), "export it again") from error
    _session = session
    wanted = find_input(session, path, request.scaling)
    return Opened(
        input=wanted,
        output=_find_output(path, wanted),
        metadata=dict(session.get_modelmeta().custom_metadata_map),
        outside=outside,
        on_gpu=session.get_providers()[0] != _CPU,
    )


def _outside_weights(request: Open) -> list[str]:
    """Names of the files beside or below the model that hold its external weights, sorted."""
    onnx = importlib.import_module("onnx")
    try:
        model = onnx.load(request.file, load_external_data=False)
    except Exception as error:  # protobuf's errors share no base
        raise AssetError(request.path, "an ONNX network", one_line(error), "export it again") from error
    outside = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sorted(name for name in outside if _is_beside(request.file, name))


def _is_beside(file: Path, name: str) -> bool:
    """Whether a file of weights is beside or below its model; the runtime itself refuses others."""
    if "\0" in name:
        return False
    weights = file.parent / name
    return real_path(weights).is_relative_to(real_path(file.parent)) and weights.is_file()


def _find_output(path: Path, wanted: PictureInput) -> str:
    """The name of the first output that is a map of the whole picture, found by running the network once."""
    grey = np.full((SHORTER_SIDE, SHORTER_SIDE, 3), 128, np.uint8)
    size = wanted.size_for(grey)
    names: list[str] = [output.name for output in _session.get_outputs()]
    outputs = _run(path, names, wanted.name, wanted.tensor([grey], size))
    for name, output in zip(names, outputs, strict=True):
        sides = map_sides(output, 1)
        if len(sides) == 2 and abs(sides[1] / sides[0] / (size[0] / size[1]) - 1) <= _ASPECT_TOLERANCE:
            return name
    found = ", ".join(
        f"{name} {list(getattr(output, 'shape', ()))}" for name, output in zip(names, outputs, strict=True)
    )
    raise AssetError(path, f"an output with one map of a {size[0]} x {size[1]} picture", found, OTHER_NETWORK)


def _run(path: Path, outputs: list[str], name: str, tensor: np.ndarray) -> list[np.ndarray]:
    try:
        results: list[np.ndarray] = _session.run(outputs, {name: tensor})
    except Exception as error:  # the runtime's errors share no base
        expected = f"a network that runs on {tensor.shape}"
        raise AssetError(path, expected, one_line(error), OTHER_NETWORK) from error
    numbers = sum(output.size for output in results if isinstance(output, np.ndarray))
    if numbers > MOST_NUMBERS:
        expected = f"at most {MOST_NUMBERS:,} numbers from a network"
        raise AssetError(path, expected, f"{numbers:,}", OTHER_NETWORK)
    return results


def _limit_memory() -> None:
    """Limit this process to the memory of the machine, so that it fails and nothing is killed."""
    memory = physical_memory()
    if sys.platform != "win32" and memory is not None:
        resource = importlib.import_module("resource")
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
