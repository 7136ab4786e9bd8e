"""Depth networks in ONNX files, run by ONNX Runtime in a process of its own."""

import importlib.util
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from generator.config import DepthConvention
from generator.depth.network_protocol import Told
from generator.depth.onnx_input import OTHER_NETWORK, SCALINGS, PictureInput
from generator.depth.onnx_session import Open, Opened, Run, answer, map_sides
from generator.errors import AssetError, ConfigError
from generator.files import hash_file
from generator.process.isolated import IsolatedProcess, NoAnswerError

GPU_BATCH = 8

SECONDS = 60
"""Allowed per request, plus the same for each picture in it; a slower network is ended."""


@dataclass(frozen=True)
class OnnxNetwork:
    """A `DepthNetwork` in an ONNX Runtime session.

    It runs on CUDA if ONNX Runtime can, else on the CPU, with the runtime's number of threads and its
    deterministic kernels.
    """

    id: str
    batch: int
    told: Told | None
    path: Path
    _session: "_Session"
    _input: PictureInput
    _output: str

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See `DepthNetwork`; consecutive pictures with the same input size share a batch."""
        maps: list[np.ndarray] = []
        for size, group in groupby(pictures, key=self._input.size_for):
            alike = list(group)
            for first in range(0, len(alike), self.batch):
                block = alike[first : first + self.batch]
                request = Run(self.path, self._input.name, self._output, self._input.tensor(block, size))
                output: np.ndarray = self._session.ask(request, len(block))
                sides = map_sides(output, len(block))
                if len(sides) != 2:
                    expected, found = f"{len(block)} maps from {self._output}", f"shape {output.shape}"
                    raise AssetError(self.path, expected, found, OTHER_NETWORK)
                maps += list(output.reshape(len(block), *sides).astype(np.float32))
        return maps


def open_onnx(name: str) -> OnnxNetwork:
    """Load `PATH` or `PATH?normalise=unit|imagenet|bytes` (default unit) and try it on a grey picture.

    Raises:
        ConfigError: an unknown scaling, or ONNX Runtime is not installed.
        AssetError: the file is missing or broken, or the network does not turn one RGB picture into one map,
            or takes too long.
    """
    path, scaling = _parse(name)
    if not path.is_file():
        problem = "does not exist"
        if path.exists():
            problem = "is a folder, not an ONNX file" if path.is_dir() else "is no ONNX file"
        raise AssetError(path, "", problem, "check the path")
    for package in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            problem = f"needs {package}, which is not installed"
            raise ConfigError("`depth=onnx:...`", "", problem, "run: pip install 'fgbg[onnx]'")
    session = _Session(path)
    try:
        opened: Opened = session.ask(Open(path, path.absolute(), scaling), 1)
    except BaseException:
        session.close()
        raise
    hashes = [hash_file(path), *(hash_file(path.parent / outside) for outside in opened.outside)]
    weights = hashes[0] if len(hashes) == 1 else blake3("".join(hashes).encode()).hexdigest()
    return OnnxNetwork(
        id=f"onnx:{path.name}?normalise={opened.input.scaling}@{weights}",
        batch=GPU_BATCH if opened.on_gpu and opened.input.any_batch else 1,
        told=_told_by(opened.metadata),
        path=path,
        _session=session,
        _input=opened.input,
        _output=opened.output,
    )


class _Session:
    """The process that runs one network, until the network is no longer used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        while _idle and not _idle[-1].alive:
            _idle.pop()
        self._process = _idle.pop() if _idle else IsolatedProcess(answer)
        self.close = weakref.finalize(self, _give_back, self._process)

    def ask(self, request: Open | Run, pictures: int) -> Any:
        seconds = SECONDS * (1 + pictures)
        try:
            return self._process.ask(request, seconds)
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


def _told_by(metadata: dict[str, str]) -> Told | None:
    """What the metadata of the file say: `depth_convention` inverse or metric."""
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
        raise ConfigError("`depth`", expected, f"?{option}", "correct what follows the question mark")
    return Path(path), scaling
