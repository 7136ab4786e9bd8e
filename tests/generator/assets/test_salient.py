import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from generator.assets import salient as module
from generator.assets.salient import SalientNetwork
from generator.errors import AssetError, ConfigError, EmptyMaskError

RED, GREEN = (220, 60, 40), (60, 160, 90)
PATH = Path("photo.png")


def photo(red: tuple[slice, slice] = (slice(20, 60), slice(30, 90))) -> np.ndarray:
    """A red box on green, 80 x 120."""
    rgb = np.full((80, 120, 3), GREEN, np.uint8)
    rgb[red] = RED
    return rgb


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[tuple[str, int, Sequence[int | str]]] = (("rgb", TensorProto.FLOAT, (1, 3, 16, 16)),),
    metadata: dict[str, Any] | None = None,
) -> Path:
    """A network with an output `mask`."""
    values = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
    free = helper.make_tensor_value_info("mask", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "tiny", values, [free])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata:
        helper.set_model_props(model, {"fgbg": json.dumps(metadata)})
    path.write_bytes(model.SerializeToString())
    return path


def red_channel(*after: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Nodes that give the red channel as `red`."""
    return [
        helper.make_node("Constant", [], ["first"], value_ints=[0]),
        helper.make_node("Constant", [], ["second"], value_ints=[1]),
        helper.make_node("Slice", ["rgb", "first", "second", "second"], ["red"]),
        *after,
    ]


def test_it_finds_the_object(salient: Path) -> None:
    network = SalientNetwork.open(str(salient))
    assert network.about == "sees 32 x 32 px, normalised by 'imagenet'"
    alpha = network.alpha(PATH, photo())
    assert alpha.shape == (80, 120) and alpha.dtype == np.uint8
    assert (alpha[24:56, 36:84] == 255).all()
    assert (alpha[:14] == 0).all() and (alpha[:, :22] == 0).all() and (alpha[66:] == 0).all()


def test_without_an_object_it_says_so(salient: Path) -> None:
    network = SalientNetwork.open(str(salient))
    with pytest.raises(
        EmptyMaskError, match=r"photo\.png: expected an object, found none \(the network is sure"
    ):
        network.alpha(PATH, np.full((80, 120, 3), GREEN, np.uint8))


def test_the_normalisation_is_chosen(tmp_path: Path) -> None:
    """The network answers with the red channel, which tells how it was normalised."""
    nodes = red_channel(helper.make_node("Identity", ["red"], ["mask"]))
    file = save(tmp_path / "net.onnx", nodes)
    dis = save(tmp_path / "isnet-general-use.onnx", nodes)
    assert "normalised by 'imagenet'" in SalientNetwork.open(str(file)).about
    assert "normalised by 'half'" in SalientNetwork.open(str(dis)).about
    assert "normalised by 'imagenet'" in SalientNetwork.open(f"{dis}?normalise=imagenet").about
    rgb = photo()
    seen = [
        SalientNetwork.open(f"{file}?normalise={scaling}")._stranger_mask(rgb).max()
        for scaling in ("unit", "half", "imagenet")
    ]
    # The brightest value becomes 1. Beyond 1, and below 0, answers are logits.
    sigmoid = [1 / (1 + np.exp(-value)) for value in (0.5, (1 - 0.485) / 0.229)]
    np.testing.assert_allclose(seen, [1, *sigmoid], atol=1e-5)
    with pytest.raises(ConfigError, match=r"normalise=imagenet\|half\|unit, found \?normalise=x; correct"):
        SalientNetwork.open(f"{file}?normalise=x")


def test_faint_answers_are_stretched_and_ghosts_removed(tmp_path: Path) -> None:
    """As rembg does; a faint spot that is opaque nowhere is left out."""
    nodes = red_channel(
        helper.make_node("Constant", [], ["share"], value_float=0.6),
        helper.make_node("Mul", ["red", "share"], ["mask"]),
    )
    network = SalientNetwork.open(f"{save(tmp_path / 'faint.onnx', nodes)}?normalise=unit")
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[16:40, 16:40] = 255
    rgb[52:60, 52:60, 0] = 80
    alpha = network.alpha(PATH, rgb)
    assert (alpha[20:36, 20:36] == 255).all() and not alpha[46:, 46:].any()


def test_a_network_of_fgbg(tmp_path: Path) -> None:
    """Its input is the picture at its own resolution, and its answer is taken as it is."""
    nodes = [
        helper.make_node("Cast", ["picture"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["rgb"], perm=[0, 3, 1, 2]),
        *red_channel(
            helper.make_node("Constant", [], ["top"], value_float=255.0),
            helper.make_node("Div", ["red", "top"], ["mask"]),
        ),
    ]
    inputs = [("picture", TensorProto.UINT8, ("B", "H", "W", 3))]
    told = {"contract": "fgbg", "res": 48, "mask": {"kind": "alpha"}}
    network = SalientNetwork.open(str(save(tmp_path / "own.onnx", nodes, inputs, told)))
    assert network.about == "a network of fgbg that sees 48 px"
    assert network._own_mask(photo()).shape == (32, 48)
    alpha = network.alpha(PATH, photo())
    assert (alpha[24:56, 36:84] > 240).all() and (alpha[:14] < 50).all()
    dark = np.full((80, 120, 3), 20, np.uint8)
    with pytest.raises(EmptyMaskError, match=r"sure to 8% at most"):
        network.alpha(PATH, dark)
    classes = told | {"mask": {"kind": "classes"}}
    with pytest.raises(AssetError, match="expected a network of soft masks, found one of classes"):
        SalientNetwork.open(str(save(tmp_path / "classes.onnx", nodes, inputs, classes)))


def test_a_single_pixel_is_no_object(tmp_path: Path) -> None:
    """Masks that fgbg exports for rembg have one pixel at 1, so that rembg does not stretch them."""
    mark = np.zeros((1, 1, 16, 16), np.float32)
    mark[0, 0, 3, 3] = 1
    nodes = red_channel(
        helper.make_node("Constant", [], ["mark"], value=numpy_helper.from_array(mark)),
        helper.make_node("Max", ["red", "mark"], ["mask"]),
    )
    network = SalientNetwork.open(f"{save(tmp_path / 'marked.onnx', nodes)}?normalise=unit")
    assert network.alpha(PATH, photo()).any()
    with pytest.raises(EmptyMaskError, match=r"sure to 38% at most"):
        network.alpha(PATH, np.full((80, 120, 3), GREEN, np.uint8))


def test_files_that_are_no_such_network(tmp_path: Path, salient: Path) -> None:
    half = tmp_path / "half.onnx"
    half.write_bytes(salient.read_bytes()[: salient.stat().st_size // 2])
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    for path in (half, text):
        with pytest.raises(AssetError, match="expected an ONNX network, found"):
            SalientNetwork.open(str(path))
    with pytest.raises(AssetError, match="does not exist"):
        SalientNetwork.open(str(tmp_path / "none.onnx"))
    copied = [helper.make_node("Identity", ["rgb"], ["mask"])]
    pair = [("rgb", TensorProto.FLOAT, (1, 3, 8, 8)), ("other", TensorProto.FLOAT, (1,))]
    for inputs in (
        pair,
        [("rgb", TensorProto.FLOAT, (1, 8, 8, 3))],
        [("rgb", TensorProto.FLOAT, (4, 3, 8, 8))],
    ):
        with pytest.raises(AssetError, match=r"expected one input \[1, 3, H, W\].*found rgb \["):
            SalientNetwork.open(str(save(tmp_path / "wrong.onnx", copied, inputs)))
    flat = [helper.make_node("ReduceMean", ["rgb"], ["mask"], axes=[1, 2, 3], keepdims=0)]
    network = SalientNetwork.open(str(save(tmp_path / "flat.onnx", flat)))
    with pytest.raises(AssetError, match=r"flat\.onnx: expected one mask .* found an output of shape \(1,\)"):
        network.alpha(PATH, photo())
    nothing = [
        helper.make_node("Sub", ["rgb", "rgb"], ["zero"]),
        helper.make_node("Div", ["zero", "zero"], ["mask"]),
    ]
    network = SalientNetwork.open(str(save(tmp_path / "nan.onnx", nothing)))
    with pytest.raises(AssetError, match="expected a mask of numbers, found NaN"):
        network.alpha(PATH, photo())


def test_a_network_of_any_size(tmp_path: Path) -> None:
    nodes = red_channel(helper.make_node("Identity", ["red"], ["mask"]))
    inputs = [("rgb", TensorProto.FLOAT, ("n", 3, "h", "w"))]
    network = SalientNetwork.open(f"{save(tmp_path / 'free.onnx', nodes, inputs)}?normalise=unit")
    assert network.about.startswith(f"sees {module.FREE_SIDE} x {module.FREE_SIDE} px")
    assert network.alpha(PATH, photo()).shape == (80, 120)
