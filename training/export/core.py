"""The network itself as ONNX, converted by torch: from its padded input to logits."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from generator.errors import one_line
from training.export.fixed_padding import fix_padding
from training.export.glue import OPSET
from training.models import Network

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, MASK, DEPTH = "input", "mask_logits", "depth_logits"


class ConversionError(Exception):
    """torch cannot convert a network; says why in a few words."""


class _Core(nn.Module):
    """A network without padding, which ends in float32 logits."""

    def __init__(self, network: Network, dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype = network.to(dtype), dtype

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        features = self.network.features(picture.to(self.dtype))
        mask = self.network.mask_head(features).float()
        depth = self.network.depth_head
        return (mask,) if depth is None else (mask, depth(features).float())


def convert_core(network: Network, half: bool = False) -> "ModelProto":
    """Convert a network, for any batch and any sides that are multiples of its stride.

    Args:
        network: in evaluation mode, on the CPU; it is changed.
        half: compute in float16.

    Returns:
        A model (B, inputs, H, W) float32 -> mask_logits (B, C, H, W) and depth_logits (B, 1, H, W) float32.

    Raises:
        ConversionError: torch cannot convert it.
    """
    from torch.export import Dim

    fix_padding(network)
    stride = network.stride
    core = _Core(network, torch.float16 if half else torch.float32).eval()
    # Sides that differ, and more than one of each, so that torch takes none of them for a constant.
    example = torch.zeros(2, network.inputs, 2 * stride, 3 * stride)
    sides = {0: Dim("B"), 2: stride * Dim("rows"), 3: stride * Dim("columns")}
    names = [MASK] if network.depth_head is None else [MASK, DEPTH]
    try:
        with _in_silence():
            program = torch.onnx.export(
                core,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=names,
                dynamic_shapes=(sides,),
                verbose=False,
            )
            assert program is not None
            return program.model_proto
    except Exception as error:  # each step of the conversion raises its own types
        raise ConversionError(one_line(error)) from error


@contextlib.contextmanager
def _in_silence() -> Iterator[None]:
    """Hide what torch prints, warns and logs about its own steps."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
