"""Fixtures of many tests: drawn sample pictures and small datasets made of them."""

import json
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest
from blake3 import blake3
from onnx import TensorProto, helper, numpy_helper

from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples, write_samples
from generator.format.manifest import ClassMask
from generator.pipeline import generate

CLASSES = ClassMask(
    names=["none", "left", "middle", "right"],
    colours=[[40, 40, 40], [200, 40, 40], [40, 200, 40], [40, 40, 200]],
)


@pytest.fixture(scope="session", autouse=True)
def hears_ctrl_c() -> None:
    """Turn Ctrl-C on again: a background job ignores it, but some tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> DrawnSamples:
    """12 foregrounds of 32 px and 12 backgrounds of 64 px with exact depth."""
    return write_samples(tmp_path_factory.mktemp("assets"), count=12, size=64, seed=3)


@pytest.fixture(scope="session")
def salient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX network as rembg runs them, 1 x 3 x 32 x 32: it finds what is more red than green."""
    shape = (1, 3, 32, 32)
    weights = np.array([10, -10, 0], np.float32).reshape(1, 3, 1, 1)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["rgb", "weights", "bias"], ["logits"]),
            helper.make_node("Sigmoid", ["logits"], ["mask"]),
        ],
        "salient",
        [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-10], np.float32), "bias"),
        ],
    )
    path = tmp_path_factory.mktemp("salient") / "salient.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def request_fields(assets: DrawnSamples) -> dict[str, object]:
    """Fields of a small dataset: train has 8 fgs x 8 bgs x 2 flips x 2 positions; val and test have less."""
    return {
        "fg": assets.fg,
        "bg": assets.bg,
        "size": (32, 24),
        "fg_size": 16,
        "positions": 2,
        "split": (60, 20, 20),
        "seed": 5,
        "shard_samples": 100,
    }


@pytest.fixture(scope="session")
def unrendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset without pixels (render=False). Tests must not change it."""
    out = tmp_path_factory.mktemp("unrendered")
    generate(GenerateConfig(**request_fields, out=out, render=False))
    return out


@pytest.fixture(scope="session")
def rendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset with pixels. Tests must not change it."""
    out = tmp_path_factory.mktemp("rendered")
    generate(GenerateConfig(**request_fields, out=out))
    return out


@pytest.fixture(scope="session")
def crowded(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset without pixels: zero to three overlapping objects with shadows. Tests must not change it."""
    out = tmp_path_factory.mktemp("crowded")
    several = {"objects": (1, 3), "overlap": 1, "truncate": 0.3, "empty": 0.1, "shadow": 0.7, "samples": 60}
    generate(GenerateConfig(**{**request_fields, **several}, out=out, render=False))
    return out


@pytest.fixture(scope="session")
def labelled(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with pixels and classes: none, and left, middle or right, by thirds of the picture.

    Soft edges of objects are ignored, and the whole first sample of val. Tests must not change it.
    """
    out = tmp_path_factory.mktemp("labelled")
    generate(GenerateConfig(**{**request_fields, "samples": 60}, out=out))
    manifest = json.loads((out / "dataset.json").read_text())
    manifest["mask"] = CLASSES.model_dump()
    for name, split in manifest["splits"].items():
        for number, shard in enumerate(split["shards"]):
            path = out / shard["file"]
            with h5py.File(path, "r+") as file:
                alpha = file["mask"][:]
                thirds = 1 + np.arange(alpha.shape[2]) * 3 // alpha.shape[2]
                labels = np.where(alpha == 255, thirds, np.where(alpha == 0, 0, 255))
                if name == "val" and number == 0:
                    labels[0] = 255
                file["mask"][:] = labels.astype(np.uint8)
            shard["blake3"] = blake3(path.read_bytes()).hexdigest()
    (out / "dataset.json").write_text(json.dumps(manifest))
    return out
