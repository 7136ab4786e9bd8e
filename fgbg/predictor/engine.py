"""The network of a predictor, in whichever program runs it. Everything around it is NumPy and OpenCV."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from generator.format.manifest import MaskEntry

ONNX_SUFFIX = ".onnx"


@dataclass(frozen=True)
class Answer:
    """The answer of a network to B pictures, at the size that it was given.

    Attributes:
        mask: (B, C, h, w) float32 in [0, 1]: alpha (C = 1), or a share for each class. The shares of a
            picture that was seen in tiles are uint8, 255 for 1.
        depth: (B, 1, h, w) float32 in [0, 1], relative inverse depth, 1 nearest; None without a depth head.
    """

    mask: np.ndarray
    depth: np.ndarray | None

    def part(self, number: int) -> "Answer":
        """The answer to one picture of the batch, with B = 1."""
        one = slice(number, number + 1)
        return Answer(self.mask[one], None if self.depth is None else self.depth[one])


def joined(answers: Sequence[Answer]) -> Answer:
    """One answer to the pictures of several batches of the same size."""
    depths = [answer.depth for answer in answers if answer.depth is not None]
    return Answer(
        np.concatenate([answer.mask for answer in answers]), np.concatenate(depths) if depths else None
    )


class Engine(Protocol):
    """A network that is ready to see pictures. It imports its libraries when it is opened."""

    @property
    def res(self) -> int:
        """Longer side in pixels of what the network saw last in training."""

    @property
    def stride(self) -> int:
        """Sides that are multiples of it are not padded."""

    @property
    def entry(self) -> MaskEntry:
        """The meaning of the mask: alpha or classes."""

    @property
    def takes_bg(self) -> bool:
        """Whether the network looks at backgrounds."""

    @property
    def has_depth(self) -> bool:
        """Whether the network estimates depth."""

    @property
    def dataset_id(self) -> str:
        """Of the dataset that it was trained on; empty if that is not known."""

    @property
    def device(self) -> str:
        """Where it runs: cpu, cuda or mps."""

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None, mirror: bool = False) -> Answer:
        """Run the network on a batch.

        Args:
            pictures: (B, h, w, 3) uint8 sRGB, of any h and w, which the network sees as they are.
            bgs: (B, h, w, 3) uint8 sRGB, the same views without the object; None if there are none.
            mirror: also look at the mirror images, and average the logits of both.

        Raises:
            MemoryError, RuntimeError: there is too little memory (`is_out_of_memory`).
        """


def open_engine(path: Path, device: str = "auto", res: int | None = None) -> Engine:
    """Open the network in a file. Only a checkpoint needs torch.

    On the CPU, ONNX Runtime is faster: the export of a checkpoint is opened instead, if it stands beside it.

    Args:
        path: a checkpoint, or a file ending in .onnx.
        device: auto (the best there is), cpu, cuda or mps.
        res: as of `Predictor.load`. An ONNX file allows only its own; one without metadata needs it.

    Raises:
        CheckpointError: the file cannot be used.
        ConfigError: this computer does not have the device, or the file does not fit `res`.
    """
    if path.suffix.lower() == ONNX_SUFFIX:
        from fgbg.predictor.onnx_engine import OnnxEngine

        return OnnxEngine.load(path, device, res)
    if device == "cpu":
        from fgbg.predictor.onnx_engine import OnnxEngine

        if export := OnnxEngine.of_checkpoint(path, res):
            return export
    if "torch" not in sys.modules:
        # Read when torch is loaded. Waiting threads of torch then keep a core busy for microseconds, not for
        # milliseconds, and the threads that decode pictures get it. Threads that sleep at once take twice as
        # long for a small network.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    from fgbg.predictor.torch_engine import TorchEngine

    return TorchEngine.load(path, device)
