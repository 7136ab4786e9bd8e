"""An engine that runs an exported network with ONNX Runtime. It does not import torch.

The file may come from a stranger, so its inputs, outputs, metadata and answers are checked.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fgbg.predictor.engine import ONNX_SUFFIX, Answer
from generator.errors import ConfigError, FgbgError, one_line
from generator.files import hash_file, open_regular
from generator.format.manifest import AlphaMask, MaskEntry
from generator.networks.onnx_runtime import (
    CPU,
    CUDA,
    OnnxRuntimeError,
    open_session,
    providers_here,
    require_onnx,
    run_session,
)
from generator.workers import cores
from training.errors import CheckpointError
from training.records.weights_file import FORMAT, KEY, VERSION
from training.stages import MOST_RES

_EXPORT = "give a file that 'fgbg export' wrote with the contract 'fgbg'"
_PICTURE = "uint8 (B, H, W, 3)"
_INPUTS = f"inputs picture {_PICTURE}, or picture, background {_PICTURE} and has_background bool (B)"
_INPUT_SHAPES = {
    "picture": ("tensor(uint8)", (None, None, None, 3)),
    "background": ("tensor(uint8)", (None, None, None, 3)),
    "has_background": ("tensor(bool)", (None,)),
}
"""Types and shapes of inputs by name; None for a side of any length."""
_OUTPUTS = "outputs mask float (B, C, H, W), and depth float (B, 1, H, W) if any"
_MOST_METADATA = 2**20
_NO_SPINNING = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}
"""Threads that wait do not keep a core busy, which other threads need to decode pictures."""


class _Metadata(BaseModel):
    """The metadata that `training.export` writes, as far as predicting needs them."""

    model_config = ConfigDict(strict=True)

    res: int = Field(ge=8, le=MOST_RES)
    stride: int = Field(default=1, ge=1, le=MOST_RES)
    mask: MaskEntry
    dataset_id: str = Field(default="", max_length=200)
    checkpoint: str = Field(default="", max_length=200)
    precision: str = Field(default="", max_length=20)


@dataclass(frozen=True)
class OnnxEngine:
    """An `Engine` that runs a file that `fgbg export` wrote.

    The file scales each picture to `res` itself, so a picture whose longer side is `res` is seen as it is.

    Attributes:
        path: of the file.
        session: of ONNX Runtime.
        res, stride, entry, takes_bg, has_depth, dataset_id, device: see `Engine`.
        equals: the BLAKE3 hash of the checkpoint that it was exported from, in hex, if it computes as exactly
            as the checkpoint; else empty.
    """

    path: Path
    session: Any
    res: int
    stride: int
    entry: MaskEntry
    takes_bg: bool
    has_depth: bool
    dataset_id: str
    device: str
    equals: str = ""

    @classmethod
    def load(cls, path: Path, device: str = "auto", res: int | None = None) -> "OnnxEngine":
        """Open a file.

        Args:
            path: the file.
            device: auto, cpu or cuda.
            res: longer side in pixels of what the network looks at, for a file that does not say it.

        Raises:
            CheckpointError: it is not a network of fgbg, or is damaged.
            ConfigError: ONNX Runtime is not installed or has no such device, or `res` is missing or differs
                from the file's.
        """
        require_onnx(f"{path}")
        session = _open(path, _providers(device))
        on = "cuda" if session.get_providers()[0] == CUDA else "cpu"
        if device == "cuda" and on == "cpu":
            raise _no_device("cuda", "CUDA, which ONNX Runtime can start", "no driver or library for it")
        inputs = _require_signature(path, session)
        told = _metadata(path, session)
        if told is None:
            told = _guessed(path, session, res)
        if res not in (None, told.res):
            fix = "leave `res` out, or give the checkpoint instead"
            raise ConfigError("`res`", f"{told.res}, for which {path} was exported", str(res), fix)
        takes_bg = "background" in inputs
        has_depth = any(entry.name == "depth" for entry in session.get_outputs())
        equals = told.checkpoint if told.precision == "float32" else ""
        return cls(
            path, session, told.res, told.stride, told.mask, takes_bg, has_depth, told.dataset_id, on, equals
        )

    @classmethod
    def of_checkpoint(cls, path: Path, res: int | None = None) -> "OnnxEngine | None":
        """Open the export of a checkpoint for the CPU, if it stands beside it: NAME.onnx beside NAME.pt.

        Args:
            path: of the checkpoint.
            res: as of `load`.

        Returns:
            None if there is none, if it cannot be used, or if the checkpoint has changed since.
        """
        export = path.with_suffix(ONNX_SUFFIX)
        if not export.is_file() or find_spec("onnxruntime") is None:
            return None
        try:
            engine = cls.load(export, "cpu", res)
            return engine if engine.equals == hash_file(path) else None
        except (FgbgError, OSError):
            return None

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None, mirror: bool = False) -> Answer:
        """See `Engine`.

        Raises:
            CheckpointError: the network fails, or answers something else than masks and depth.
            MemoryError: there is too little memory.
        """
        straight = self._run(pictures, bgs)
        if not mirror:
            return straight
        turned = self._run(pictures[:, :, ::-1], None if bgs is None else bgs[:, :, ::-1])
        depth = None
        if straight.depth is not None and turned.depth is not None:
            depth = (straight.depth + turned.depth[..., ::-1]) / 2
        return Answer(_mean_of_logits(straight.mask, turned.mask[..., ::-1]), depth)

    def _run(self, pictures: np.ndarray, bgs: np.ndarray | None) -> Answer:
        feeds = {"picture": np.ascontiguousarray(pictures)}
        if self.takes_bg:
            feeds["background"] = np.zeros_like(pictures) if bgs is None else np.ascontiguousarray(bgs)
            feeds["has_background"] = np.full(len(pictures), bgs is not None)
        names = ["mask", "depth"] if self.has_depth else ["mask"]
        try:
            answers = run_session(self.session, names, feeds)
        except OnnxRuntimeError as error:
            expected = f"a network that runs on pictures of {pictures.shape[2]} x {pictures.shape[1]}"
            raise CheckpointError(self.path, expected, one_line(error), _EXPORT) from error
        channels = 1 if self.entry.kind == "alpha" else len(self.entry.names)
        for name, answer, depth in zip(names, answers, (channels, 1), strict=False):
            self._check(name, answer, (len(pictures), depth, *pictures.shape[1:3]))
        return Answer(answers[0], answers[1] if self.has_depth else None)

    def _check(self, name: str, answer: Any, shape: tuple[int, ...]) -> None:
        """Check one output, and limit it to [0, 1] in place."""
        if answer.shape != shape:
            raise CheckpointError(self.path, f"{name} of shape {shape}", f"{answer.shape}", _EXPORT)
        if not np.isfinite(answer).all():
            raise CheckpointError(self.path, f"numbers as {name}", "NaN or infinity", _EXPORT)
        np.clip(answer, 0, 1, out=answer)


def _mean_of_logits(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The shares whose logits are the mean of the logits of two masks (B, C, h, w) in [0, 1].

    That is the geometric mean, divided by its sum over the classes; alpha has a second class, 1 - alpha.
    """
    if one.shape[1] == 1:
        one, other = (np.concatenate([mask, 1 - mask], axis=1) for mask in (one, other))
        return _mean_of_logits(one, other)[:, :1]
    mean = np.sqrt(one * other)
    total = mean.sum(axis=1, keepdims=True)
    # Where each is sure of another class, no logit decides.
    shares: np.ndarray = np.where(total > 0, mean / np.where(total > 0, total, 1), (one + other) / 2)
    return shares


def _providers(device: str) -> Sequence[str]:
    """Names of providers of ONNX Runtime, the first one that works is used."""
    here = providers_here()
    if device == "auto":
        return here
    if device == "cpu":
        return [CPU]
    if device == "cuda" and CUDA in here:
        return [CUDA, CPU]
    found = "ONNX Runtime without CUDA" if device == "cuda" else device
    raise _no_device(device, "auto, cpu or cuda for an ONNX file", found)


def _no_device(device: str, expected: str, found: str) -> ConfigError:
    fix = "install onnxruntime-gpu, or use `device=cpu`" if device == "cuda" else "use `device=cpu`"
    return ConfigError("`device`", expected, found, fix)


def _open(path: Path, providers: Sequence[str]) -> Any:
    try:
        open_regular(path).close()  # ONNX Runtime would wait for a pipe
        return open_session(path.absolute(), providers, cores(), _NO_SPINNING)
    except OnnxRuntimeError as error:
        raise CheckpointError(path, "a network in an ONNX file", one_line(error), _EXPORT) from error
    except OSError as error:
        raise CheckpointError(path, "a file to read", error.strerror or one_line(error), _EXPORT) from error


def _require_signature(path: Path, session: Any) -> list[str]:
    """The names of the inputs.

    Raises:
        CheckpointError: inputs or outputs are not those of an exported network.
    """
    inputs = {entry.name: entry for entry in session.get_inputs()}
    outputs = {entry.name: entry for entry in session.get_outputs()}
    if set(inputs) not in ({"picture"}, set(_INPUT_SHAPES)) or not all(map(_is_input, inputs.values())):
        raise CheckpointError(path, _INPUTS, _described(inputs.values()), _EXPORT)
    answers = [outputs[name] for name in ("mask", "depth") if name in outputs]
    if "mask" not in outputs or any(
        entry.type != "tensor(float)" or len(entry.shape) != 4 for entry in answers
    ):
        raise CheckpointError(path, _OUTPUTS, _described(outputs.values()), _EXPORT)
    return list(inputs)


def _is_input(entry: Any) -> bool:
    """Whether an input has the type and shape that its name stands for."""
    kind, shape = _INPUT_SHAPES[entry.name]
    return (
        entry.type == kind
        and len(entry.shape) == len(shape)
        and all(
            not isinstance(found, int) if wanted is None else found == wanted
            for found, wanted in zip(entry.shape, shape, strict=True)
        )
    )


def _described(entries: Any) -> str:
    return ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in entries)[:300] or "none"


def _metadata(path: Path, session: Any) -> _Metadata | None:
    """The metadata of the file; None if it has none.

    Raises:
        CheckpointError: they are damaged, or of another release.
    """
    text = session.get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        return None
    try:
        content = json.loads(text) if len(text) <= _MOST_METADATA else None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise CheckpointError(path, f"metadata {KEY} of the format {FORMAT}", "another format", _EXPORT)
        if content.get("version") != VERSION:
            found = f"version {str(content.get('version'))[:20]}"
            raise CheckpointError(path, f"metadata of version {VERSION}", found, "use a matching fgbg")
        return _Metadata.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else one_line(error)
        raise CheckpointError(path, f"metadata {KEY} of an exported network", said[:120], _EXPORT) from error


def _guessed(path: Path, session: Any, res: int | None) -> _Metadata:
    """The properties of a network without metadata, whose mask must be alpha.

    Raises:
        CheckpointError: its mask has classes, whose names are not known.
        ConfigError: `res` is missing.
    """
    (mask,) = (entry for entry in session.get_outputs() if entry.name == "mask")
    channels = mask.shape[1]
    if isinstance(channels, int) and channels != 1:
        raise CheckpointError(path, f"metadata {KEY}, which name the {channels} classes", "none", _EXPORT)
    if res is None:
        fix = "give the longer side in pixels for which it was exported"
        raise ConfigError("`res`", f"a number, because {path} has no metadata {KEY}", "none", fix)
    return _Metadata(res=res, mask=AlphaMask())
