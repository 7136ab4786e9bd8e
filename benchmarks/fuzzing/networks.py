"""ONNX depth networks from strangers: damaged bytes, changed fields, weights in other files."""

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from onnx import TensorProto, helper, numpy_helper

from fuzzing.mutate import ODD_INTEGERS, ODD_TEXT, mutate_bytes
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run

_OPERATORS = ("Loop", "Neg", "Reshape", "Tile", "Expand", "Resize", "ConstantOfShape", "NoSuch", "Softmax")


def prepare(seeds: Path) -> None:
    """Write small networks: free or fixed size, channels last, constant, weights in another file."""
    folder = seeds / "onnx"
    folder.mkdir()
    for name, shape, kind in (
        ("free", (1, 3, "h", "w"), TensorProto.FLOAT),
        ("fixed", (1, 3, 28, 28), TensorProto.FLOAT),
        ("half", ("n", 3, 28, 28), TensorProto.FLOAT16),
        ("bytes", (1, 28, 28, 3), TensorProto.UINT8),
    ):
        axis = 3 if name == "bytes" else 1
        weight = numpy_helper.from_array(np.full((1, 1, 1, 1), 2, np.float32), "weight")
        cast = helper.make_node("Cast", ["rgb"], ["float"], to=TensorProto.FLOAT)
        mean = helper.make_node("ReduceMean", ["float"], ["mean"], axes=[axis], keepdims=int(axis == 1))
        scaled = helper.make_node("Mul", ["mean", "weight"], ["depth"])
        graph = helper.make_graph(
            [cast, mean, scaled],
            name,
            [helper.make_tensor_value_info("rgb", kind, shape)],
            [helper.make_tensor_value_info("depth", TensorProto.FLOAT, None)],
            [weight],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, folder / f"{name}.onnx")


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """A mutated network that has to give the depth of one background."""
    path = case / "network.onnx"
    model = rng.choice(sorted((seeds / "onnx").iterdir()))
    data = model.read_bytes()
    what = rng.random()
    if what < 0.03:
        put_odd_file(rng, path)
    elif what < 0.35:
        path.write_bytes(mutate_bytes(rng, data))
    else:
        path.write_bytes(_changed(rng, onnx.load_from_string(data)))
    fg, bg = case / "fg", case / "bg"
    for folder in (fg, bg):
        folder.mkdir()
        shutil.copy(sorted((seeds / "assets" / folder.name).glob("*[0-9].png"))[0], folder / "a.png")
    scaling = rng.choice(("", "", "?normalise=imagenet", "?normalise=bytes", "?normalise=", "?", "?a=b"))
    options = ["--fg", fg, "--bg", bg, "--size", "32", "--split", "none", "--positions", "1", "--no-render"]
    options += ["--depth-cache", case / "cache", "--out", case / "out", "--workers", "1"]
    options += ["--depth-convention", rng.choice(("inverse", "metric"))]
    return lambda: run("generate", *options, "--depth", f"onnx:{path}{scaling}")


def _changed(rng: random.Random, model: onnx.ModelProto) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError, UnicodeError):
            what = rng.random()
            if what < 0.1:
                _send_weights_elsewhere(rng, model)
            elif what < 0.25:
                node = rng.choice(model.graph.node)
                node.op_type = rng.choice((*_OPERATORS, *[other.op_type for other in model.graph.node]))
            else:
                _change_field(rng, model)
    return bytes(model.SerializeToString())


def _send_weights_elsewhere(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    places = ("../outside/keep.txt", "/etc/passwd", "weights.bin", "network.onnx", "", "a\0b", "..")
    for key, value in (
        ("location", rng.choice(places)),
        ("offset", "0"),
        ("length", str(rng.choice((4, -1)))),
    ):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def _change_field(rng: random.Random, message: Any) -> None:
    """Follow a random path into the message and change the field at its end."""
    fields = message.ListFields()
    descriptor, value = rng.choice(fields)
    repeated = not isinstance(value, bool | int | float | str | bytes) and hasattr(value, "__len__")
    if descriptor.type == FieldDescriptor.TYPE_MESSAGE:
        if repeated:
            at = rng.randrange(len(value))
            if rng.random() < 0.1:
                del value[at]
                return
            if rng.random() < 0.1:
                value.add().CopyFrom(value[at])
                return
            value = value[at]
        _change_field(rng, value)
    elif repeated:
        at = rng.randrange(len(value))
        value[at] = _odd(rng, value[at])
    elif rng.random() < 0.1:
        message.ClearField(descriptor.name)
    else:
        setattr(message, descriptor.name, _odd(rng, value))


def _odd(rng: random.Random, value: Any) -> Any:
    if isinstance(value, int):
        return rng.choice((value + 1, -1, -(2**31), *ODD_INTEGERS))
    if isinstance(value, float):
        return rng.choice((-value, 0.0, float("nan"), float("inf"), 1e38))
    if isinstance(value, bytes):
        return mutate_bytes(rng, value)
    return rng.choice(ODD_TEXT)
