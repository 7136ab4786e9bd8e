"""An ONNX Runtime session and its requests: the part of an ONNX network that runs in its own process.

Only that process imports onnx and onnxruntime. A network from a stranger may need more memory than there is,
never end, or crash the runtime.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.errors import AssetError, one_line
from generator.files import real_path
from generator.networks.onnx_runtime import CPU, OnnxRuntimeError, open_session, providers_here, run_session
from generator.process.memory import physical_memory

MOST_NUMBERS = 2**26
"""Most numbers in one answer of a network."""

_session: Any = None


@dataclass(frozen=True)
class Open:
    """Request: load a network, in place of an earlier one.

    Attributes:
        path: as the user wrote it, for errors.
        file: absolute path.
    """

    path: Path
    file: Path


@dataclass(frozen=True)
class Port:
    """An input of a network: its name, shape (numbers, or names of free sides) and type in ONNX's words."""

    name: str
    shape: Sequence[int | str | None]
    type: str

    def __str__(self) -> str:
        return f"{self.name} {list(self.shape)} of {self.type}"


@dataclass(frozen=True)
class Opened:
    """Answer to `Open`: the properties of the network.

    Attributes:
        inputs: of the network.
        outputs: names of its outputs.
        metadata: of the file.
        outside: names of the files with weights, relative to the folder of the network.
        on_gpu: whether it runs on CUDA.
    """

    inputs: Sequence[Port]
    outputs: Sequence[str]
    metadata: dict[str, str]
    outside: Sequence[str]
    on_gpu: bool


@dataclass(frozen=True)
class Run:
    """Request: run the open network.

    Attributes:
        path: for errors.
        outputs: names of the outputs to compute.
        tensors: the inputs by name.
        fix: what to do if it fails, for errors.
    """

    path: Path
    outputs: Sequence[str]
    tensors: Mapping[str, np.ndarray]
    fix: str


def answer(request: Open | Run) -> Opened | list[Any]:
    """Answer a request; the answer to `Run` is the outputs.

    Raises:
        AssetError: the network is broken, or fails.
    """
    return _open(request) if isinstance(request, Open) else _run(request)


def _open(request: Open) -> Opened:
    global _session
    _session = None
    outside = _outside_weights(request)
    providers = providers_here()
    if providers == [CPU]:
        _limit_memory()
    try:
        session = open_session(request.file, providers)
    except (OnnxRuntimeError, MemoryError) as error:
        raise AssetError(request.path, "an ONNX network", one_line(error), "export it again") from error
    _session = session
    return Opened(
        inputs=[Port(port.name, list(port.shape), port.type) for port in session.get_inputs()],
        outputs=[port.name for port in session.get_outputs()],
        metadata=dict(session.get_modelmeta().custom_metadata_map),
        outside=outside,
        on_gpu=session.get_providers()[0] != CPU,
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


def _run(request: Run) -> list[Any]:
    try:
        results = run_session(_session, list(request.outputs), dict(request.tensors))
    except (OnnxRuntimeError, MemoryError) as error:
        shapes = " and ".join(str(tensor.shape) for tensor in request.tensors.values())
        raise AssetError(
            request.path, f"a network that runs on {shapes}", one_line(error), request.fix
        ) from error
    numbers = sum(output.size for output in results if isinstance(output, np.ndarray))
    if numbers > MOST_NUMBERS:
        expected = f"at most {MOST_NUMBERS:,} numbers from a network"
        raise AssetError(request.path, expected, f"{numbers:,}", request.fix)
    return results


def _limit_memory() -> None:
    """Limit this process to the memory of the machine, so that it fails and nothing is killed."""
    memory = physical_memory()
    if sys.platform != "win32" and memory is not None:
        resource = importlib.import_module("resource")
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
