"""A network in an ONNX file, run by ONNX Runtime in a process of its own."""

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from generator.errors import AssetError, ConfigError
from generator.files import hash_file
from generator.networks.onnx_runtime import require_onnx
from generator.networks.session import Open, Opened, Run, answer
from generator.process.isolated import IsolatedProcess, NoAnswerError

SECONDS = 60
"""Allowed per request, plus the same for each picture in it; a slower network is ended."""


class OnnxFile:
    """An open network. It runs on CUDA if ONNX Runtime can, else on the CPU, with deterministic kernels.

    Args:
        path: of the file.
        field: the setting that asks for it, for the error about missing packages.
        fix: what to do if the network fails, for errors.

    Raises:
        ConfigError: ONNX Runtime is not installed.
        AssetError: the file is missing or broken, or loading it takes too long.
    """

    def __init__(self, path: Path, field: str, fix: str) -> None:
        if not path.is_file():
            problem = "does not exist"
            if path.exists():
                problem = "is a folder, not an ONNX file" if path.is_dir() else "is no ONNX file"
            raise AssetError(path, "", problem, "check the path")
        require_onnx(field, ("onnx", "onnxruntime"))
        self._path, self._fix = path, fix
        while _idle and not _idle[-1].alive:
            _idle.pop()
        self._process = _idle.pop() if _idle else IsolatedProcess(answer)
        self.close = weakref.finalize(self, _give_back, self._process)
        try:
            self.opened: Opened = self._ask(Open(path, path.absolute()), 1)
        except BaseException:
            self.close()
            raise

    def run(self, outputs: Sequence[str], tensors: Mapping[str, np.ndarray], pictures: int = 1) -> list[Any]:
        """The named outputs for the inputs by name, which hold this number of pictures.

        Raises:
            AssetError: the network fails, or takes too long.
        """
        results: list[Any] = self._ask(Run(self._path, outputs, tensors, self._fix), pictures)
        return results

    def hash(self) -> str:
        """The BLAKE3 hash of the file, together with its files of weights if there are any."""
        folder = self._path.parent
        hashes = [hash_file(self._path), *(hash_file(folder / outside) for outside in self.opened.outside)]
        return hashes[0] if len(hashes) == 1 else blake3("".join(hashes).encode()).hexdigest()

    def _ask(self, request: Open | Run, pictures: int) -> Any:
        try:
            return self._process.ask(request, SECONDS * (1 + pictures))
        except NoAnswerError as error:
            fix = "use another network, or a smaller one"
            raise AssetError(self._path, "an answer of the network", str(error), fix) from error


_idle: list[IsolatedProcess] = []


def _give_back(process: IsolatedProcess) -> None:
    """Keep one process for the next network, because starting a process is slow."""
    if process.alive and not _idle:
        _idle.append(process)
    else:
        process.end()


def split_scaling(name: str, field: str, scalings: Sequence[str]) -> tuple[Path, str | None]:
    """`PATH` or `PATH?normalise=SCALING` as the path and the scaling, None if there is none.

    Args:
        name: the text.
        field: the setting that holds it, for errors.
        scalings: that are allowed.

    Raises:
        ConfigError: what follows the question mark is something else.
    """
    if Path(name).is_file():
        return Path(name), None
    path, mark, option = name.rpartition("?")
    if not mark:
        return Path(name), None
    key, _, scaling = option.partition("=")
    if key != "normalise" or scaling not in scalings:
        expected = f"PATH?normalise={'|'.join(scalings)}"
        raise ConfigError(field, expected, f"?{option}", "correct what follows the question mark")
    return Path(path), scaling
