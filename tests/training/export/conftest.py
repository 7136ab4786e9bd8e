"""Networks that need no training, and their conversion without torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from training.checkpoint import Checkpoint, save_checkpoint
from training.config import TrainConfig
from training.export.core import DEPTH, INPUT, MASK
from training.models import Network, build_model
from training.run_position import RunPosition

Save = Callable[..., Path]


class PixelNetwork(Network):
    """A network that looks at each pixel separately. Because of its stride, its input is padded."""

    def __init__(self, inputs: int = 6, classes: int = 1, depth: bool = True) -> None:
        super().__init__(inputs, stride=8)
        torch.manual_seed(0)
        self.add_heads(inputs, classes, depth)

    def features(self, picture: torch.Tensor) -> torch.Tensor:
        return picture


def convert_pixels(network: Network) -> onnx.ModelProto:
    """The same as `convert_core`, written by hand for a PixelNetwork."""
    heads = {MASK: network.mask_head, DEPTH: network.depth_head}
    nodes, weights, outputs = [], [], []
    for name, head in heads.items():
        if head is None:
            continue
        assert head.bias is not None
        nodes.append(helper.make_node("Conv", [INPUT, f"{name}.w", f"{name}.b"], [name]))
        for mark, values in (("w", head.weight), ("b", head.bias)):
            weights.append(numpy_helper.from_array(values.detach().numpy(), f"{name}.{mark}"))
        shape = ["B", head.out_channels, "rows", "columns"]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    shape = ["B", network.inputs, "rows", "columns"]
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "pixels", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """A function that writes best.pt with random weights. It takes fields of TrainConfig."""

    def write(**fields: Any) -> Path:
        config = TrainConfig(
            **{"stages": [(16, 1), (24, 2)], "model": "conv-deconv", "widths": (4, 6), **fields}
        )
        torch.manual_seed(0)
        weights = build_model(config.architecture).state_dict()
        empty: dict[str, Any] = {}
        path = tmp_path / "best.pt"
        save_checkpoint(
            path,
            Checkpoint(
                config=config.identity(),
                dataset_id="0" * 64,
                position=RunPosition(stage=1),
                metrics={},
                model={name: torch.zeros_like(weight) for name, weight in weights.items()},
                ema=weights,
                optimizer={"state": {}, "param_groups": []},
                scheduler=empty,
                rng={},
            ),
        )
        return path

    return write


def random_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
