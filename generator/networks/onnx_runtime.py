"""Opening networks in ONNX Runtime, from files that may come from strangers."""

import importlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.errors import ConfigError, one_line

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

_OLDEST = (1, 24)
_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_NO_MEMORY = re.compile(r"allocate memory|bad.alloc|out of memory|alloc_failed", re.IGNORECASE)


class OnnxRuntimeError(Exception):
    """ONNX Runtime failed; says why in a few words."""


def require_onnx(what: str, packages: Sequence[str] = ("onnxruntime",)) -> None:
    """Make sure that packages are installed.

    Args:
        what: needs them, for the error.
        packages: by name.

    Raises:
        ConfigError: one is not installed.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            problem = f"needs {package}, which is not installed"
            raise ConfigError(what, "", problem, "run: pip install 'fgbg[onnx]'")


def providers_here() -> list[str]:
    """The names of what can run networks here, the fastest first: CUDA or the CPU."""
    available = importlib.import_module("onnxruntime").get_available_providers()
    return [name for name in (CUDA, CPU) if name in available]


def open_session(
    file: Path,
    providers: Sequence[str],
    threads: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Any:
    """An `onnxruntime.InferenceSession` with deterministic kernels. It does not log; errors are raised.

    The runtime itself refuses weights in files outside of the folder of the network (since `_OLDEST`).

    Args:
        file: absolute path.
        providers: names from `providers_here`.
        threads: of one operation; None: chosen by the runtime.
        settings: further entries of the session's configuration.

    Raises:
        ConfigError: ONNX Runtime is older.
        OnnxRuntimeError: it holds no network that the runtime can run.
        MemoryError: it does not fit into memory.
    """
    onnxruntime = importlib.import_module("onnxruntime")
    here = tuple(int(number) for number in re.findall(r"\d+", onnxruntime.__version__)[:2])
    if here < _OLDEST:
        found = f"{onnxruntime.__version__}, which reads any file that a network names"
        oldest = ".".join(map(str, _OLDEST))
        raise ConfigError("ONNX Runtime", f"{oldest} or newer", found, "run: pip install 'fgbg[onnx]'")
    options = onnxruntime.SessionOptions()
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    if threads is not None:
        options.intra_op_num_threads = threads
    for name, value in (settings or {}).items():
        options.add_session_config_entry(name, value)
    try:
        return onnxruntime.InferenceSession(file, options, providers=list(providers))
    except Exception as error:  # the runtime's errors share no base
        raise _said(error) from error


def run_session(session: Any, outputs: Sequence[str] | None, feeds: Mapping[str, Any]) -> list[Any]:
    """The outputs of a network by name; None: all of them.

    Raises:
        OnnxRuntimeError: the network fails.
        MemoryError: there is too little memory.
    """
    try:
        results: list[Any] = session.run(outputs, feeds)
    except Exception as error:  # the runtime's errors share no base
        raise _said(error) from error
    return results


def _said(error: Exception) -> Exception:
    text = _CODE.sub("", one_line(error))
    return MemoryError(text) if _NO_MEMORY.search(text) else OnnxRuntimeError(text)
