"""The whole ONNX model: the graphs around the network joined with the network."""

from typing import TYPE_CHECKING

from generator.format.manifest import MaskEntry
from generator.resize import scaled_size
from training.export.core import DEPTH, INPUT, MASK
from training.export.glue import DOMAIN, FUNCTIONS, OPSET, entry_graph, exit_graph, rembg_graphs
from training.models import Network

if TYPE_CHECKING:
    from onnx import ModelProto

REMBG_SIDE = 320
"""Side in pixels of the pictures that rembg gives to a custom network."""


def join_contract(core: "ModelProto", network: Network, entry: MaskEntry, res: int) -> "ModelProto":
    """The model that fgbg documents: pictures as they are -> mask and depth at their size.

    Args:
        core: the converted network (`convert_core`).
        network: the same in torch.
        entry: the meaning of the mask.
        res: longer side in pixels that the network looks at.
    """
    has_depth = network.depth_head is not None
    before = entry_graph(network.inputs, res, network.stride)
    return _joined(before, core, exit_graph(entry, has_depth), has_depth, ("full", "small"))


def join_rembg(core: "ModelProto", network: Network, res: int) -> "ModelProto":
    """The model that rembg runs as a custom network: prepared picture -> mask, without a background.

    Args:
        core, network, res: as of `join_contract`; the mask must be alpha.
    """
    size = scaled_size(REMBG_SIDE, REMBG_SIDE, res)
    before, after = rembg_graphs(network.inputs, size, network.stride, REMBG_SIDE)
    return _joined(before, core, after, False, ())


def _joined(before: str, core: "ModelProto", after: str, depth: bool, sizes: tuple[str, ...]) -> "ModelProto":
    """One graph: before, the network, and after, which also gets `sizes` from before."""
    from onnx.compose import add_prefix, merge_models

    first, last = _parsed(before, core.ir_version), _parsed(after, core.ir_version)
    answers = [MASK, DEPTH] if depth else [MASK]
    # Names inside must differ. Those of inputs and outputs stay.
    inside = {"rename_inputs": False, "rename_outputs": False}
    first, last = add_prefix(first, "enter.", **inside), add_prefix(last, "leave.", **inside)
    core = add_prefix(core, "network.", **inside)
    seen = merge_models(first, core, [(INPUT, INPUT)], outputs=[*sizes, *answers])
    whole = merge_models(seen, last, [(name, name) for name in (*answers, *sizes)])
    del whole.opset_import[1:]
    return whole


def _parsed(graph: str, ir_version: int) -> "ModelProto":
    """A graph without functions of its own, because few programs but ONNX Runtime know them."""
    from onnx.inliner import inline_local_functions
    from onnx.parser import parse_model

    head = f'<ir_version: {ir_version}, opset_import: ["" : {OPSET}, "{DOMAIN}" : 1]>\n'
    model = inline_local_functions(parse_model(head + graph + FUNCTIONS))
    del model.opset_import[1:]
    return model
