import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from generator.depth.network_protocol import Told
from generator.depth.networks import open_network
from generator.errors import AssetError, ConfigError
from generator.networks import onnx_file

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (8, 8, 3), np.uint8)
Shape = Sequence[int | str]


def save(
    path: Path, inputs: list[onnx.ValueInfoProto], nodes: list[onnx.NodeProto], outputs: list[str]
) -> Path:
    """Save a network; its outputs are floats of any shape."""
    free = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "tiny", inputs, free)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def save_mean(path: Path, shape: Shape, axis: int = 1, keepdims: int = 1) -> Path:
    """Save a network that returns the mean of the channels."""
    mean = helper.make_node("ReduceMean", ["rgb"], ["depth"], axes=[axis], keepdims=keepdims)
    return save(path, [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)], [mean], ["depth"])


@pytest.mark.parametrize(
    ("shape", "axis", "keepdims"),
    [
        ((1, 3, 8, 8), 1, 1),
        ((1, 3, 8, 8), 1, 0),
        ((1, 8, 8, 3), 3, 1),
        (("n", 3, 8, 8), 1, 1),
        (("n", 8, 8, 3), 3, 0),
    ],
)
def test_layouts_and_batches_give_the_same_map(
    tmp_path: Path, shape: Shape, axis: int, keepdims: int
) -> None:
    network = open_network(f"onnx:{save_mean(tmp_path / 'mean.onnx', shape, axis, keepdims)}")
    first, second = network.predict([PICTURE, PICTURE[::-1]])
    assert first.shape == (8, 8) and first.dtype == np.float32
    np.testing.assert_allclose(first, PICTURE.mean(axis=2) / 255, atol=1e-6)
    np.testing.assert_allclose(second, PICTURE[::-1].mean(axis=2) / 255, atol=1e-6)


def test_pictures_are_stretched_to_a_fixed_size(tmp_path: Path) -> None:
    network = open_network(f"onnx:{save_mean(tmp_path / 'mean.onnx', (1, 3, 8, 8))}")
    halves = np.zeros((24, 32, 3), np.uint8)
    halves[:, 16:] = 255
    (values,) = network.predict([halves])
    assert values.shape == (8, 8) and (values[:, :4] == 0).all() and (values[:, 4:] == 1).all()


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(30, 30, (448, 448)), (30, 40, (448, 672)), (64, 36, (896, 448)), (10, 500, (448, 896))],
)
def test_free_sides_become_multiples_of_224(
    tmp_path: Path, height: int, width: int, expected: tuple[int, int]
) -> None:
    network = open_network(f"onnx:{save_mean(tmp_path / 'mean.onnx', ('n', 3, 'h', 'w'))}")
    (values,) = network.predict([np.full((height, width, 3), 51, np.uint8)])
    assert values.shape == expected
    np.testing.assert_allclose(values, 0.2, atol=1e-6)


def test_batches_answer_as_single_pictures_do(tmp_path: Path) -> None:
    single = open_network(f"onnx:{save_mean(tmp_path / 'mean.onnx', ('n', 3, 'h', 8))}")
    batched = replace(single, batch=3)
    sizes = [(8, 8)] * 4 + [(30, 8)] + [(8, 8)]
    pictures = [RNG.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    for one, other in zip(single.predict(pictures), batched.predict(pictures), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_scalings(tmp_path: Path) -> None:
    path = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8))
    white = np.full((8, 8, 3), 255, np.uint8)

    def answer(spec: str) -> float:
        return float(open_network(spec).predict([white])[0][0, 0])

    assert answer(f"onnx:{path}") == answer(f"onnx:{path}?normalise=unit") == 1
    assert answer(f"onnx:{path}?normalise=bytes") == 255
    # (1 - mean) / standard deviation, averaged over the channels.
    expected = ((1 - 0.485) / 0.229 + (1 - 0.456) / 0.224 + (1 - 0.406) / 0.225) / 3
    assert answer(f"onnx:{path}?normalise=imagenet") == pytest.approx(expected, abs=1e-5)


def test_other_number_formats(tmp_path: Path) -> None:
    for name, kind, expected in (("u1", TensorProto.UINT8, 51), ("f2", TensorProto.FLOAT16, 0.2)):
        nodes = [
            helper.make_node("Cast", ["rgb"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["float"], ["depth"], axes=[1]),
        ]
        picture = helper.make_tensor_value_info("rgb", kind, (1, 3, 8, 8))
        path = save(tmp_path / f"{name}.onnx", [picture], nodes, ["depth"])
        (values,) = open_network(f"onnx:{path}").predict([np.full((8, 8, 3), 51, np.uint8)])
        np.testing.assert_allclose(values, expected, atol=1e-3)
    with pytest.raises(AssetError, match="expected an input of float for normalise=imagenet"):
        open_network(f"onnx:{tmp_path / 'u1.onnx'}?normalise=imagenet")


def test_the_first_output_that_is_a_map_is_taken(tmp_path: Path) -> None:
    rgb = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, (1, 3, 8, 8))
    means = helper.make_node("ReduceMean", ["rgb"], ["colour"], axes=[2, 3])
    depth = helper.make_node("ReduceMean", ["rgb"], ["depth"], axes=[1])
    strip = helper.make_node("ReduceMean", ["rgb"], ["strip"], axes=[2])
    negative = helper.make_node("Neg", ["depth"], ["second"])
    several = save(
        tmp_path / "several.onnx",
        [rgb],
        [means, depth, strip, negative],
        ["colour", "strip", "depth", "second"],
    )
    (values,) = open_network(f"onnx:{several}").predict([PICTURE])
    np.testing.assert_allclose(values, PICTURE.mean(axis=2) / 255, atol=1e-6)
    none = save(tmp_path / "none.onnx", [rgb], [means, strip], ["colour", "strip"])
    with pytest.raises(
        AssetError, match=r"one map of a 8 x 8 picture, found colour \[1, 3, 1, 1\], strip \[1, 3, 1, 8\]"
    ):
        open_network(f"onnx:{none}")


def test_the_id_follows_the_weights_not_the_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    one = open_network(f"onnx:{save_mean(tmp_path / 'a' / 'mean.onnx', (1, 3, 8, 8))}").id
    same = open_network(f"onnx:{save_mean(tmp_path / 'b' / 'mean.onnx', (1, 3, 8, 8))}").id
    scaled = open_network(f"onnx:{tmp_path / 'b' / 'mean.onnx'}?normalise=imagenet").id
    other = open_network(f"onnx:{save_mean(tmp_path / 'b' / 'mean.onnx', (1, 3, 8, 16))}").id
    assert one == same and len({one, scaled, other}) == 3
    assert one.startswith("onnx:mean.onnx?normalise=unit@") and str(tmp_path) not in one


def test_the_id_follows_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    ids = []
    for bias in (1.0, 2.0):
        weights = onnx.numpy_helper.from_array(np.full((1, 1, 8, 8), bias, np.float32), "bias")
        graph = helper.make_graph(
            [
                helper.make_node("ReduceMean", ["rgb"], ["mean"], axes=[1]),
                helper.make_node("Add", ["mean", "bias"], ["depth"]),
            ],
            "tiny",
            [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, (1, 3, 8, 8))],
            [helper.make_tensor_value_info("depth", TensorProto.FLOAT, (1, 1, 8, 8))],
            [weights],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / "big.onnx"
        (tmp_path / "big.weights").unlink(missing_ok=True)
        onnx.save(model, path, save_as_external_data=True, location="big.weights", size_threshold=0)
        network = open_network(f"onnx:{path}")
        ids.append(network.id)
        np.testing.assert_allclose(network.predict([np.zeros((8, 8, 3), np.uint8)])[0], bias)
    assert ids[0] != ids[1]
    (tmp_path / "big.weights").unlink()
    with pytest.raises(AssetError, match=r"big\.onnx: expected an ONNX network, found .*big\.weights"):
        open_network(f"onnx:{path}")


def test_files_that_are_no_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"missing\.onnx does not exist\. Check the path"):
        open_network(f"onnx:{tmp_path / 'missing.onnx'}")
    with pytest.raises(AssetError, match="is a folder, not an ONNX file"):
        open_network(f"onnx:{tmp_path}")
    (tmp_path / "text.onnx").write_bytes(b"not a network at all")
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name in ("text.onnx", "empty.onnx"):
        with pytest.raises(AssetError, match=rf"{name}: expected an ONNX network, found .*; export it again"):
            open_network(f"onnx:{tmp_path / name}")
    whole = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8)).read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AssetError, match=r"half\.onnx: expected"):
        open_network(f"onnx:{tmp_path / 'half.onnx'}")


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (2, 3, 8, 8), (3, 8, 8), (1, 8, 8, 4), ("n", "c", "h", "w")])
def test_inputs_that_are_not_one_picture_are_refused(tmp_path: Path, shape: Shape) -> None:
    with pytest.raises(
        AssetError, match=r"expected one input \[n, 3, H, W\] or \[n, H, W, 3\].*found rgb \["
    ):
        open_network(f"onnx:{save_mean(tmp_path / 'mean.onnx', shape)}")


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3, 8, 8)) for name in ("left", "right")
    ]
    path = save(
        tmp_path / "stereo.onnx", inputs, [helper.make_node("Sub", ["left", "right"], ["depth"])], ["depth"]
    )
    with pytest.raises(AssetError, match=r"stereo\.onnx: expected one input .*found left .*, right "):
        open_network(f"onnx:{path}")


def test_a_network_that_fails_while_running_is_named(tmp_path: Path) -> None:
    rgb = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, (1, 3, "h", "w"))
    shape = onnx.numpy_helper.from_array(np.array([1, 5, 5], np.int64), "shape")
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["rgb", "shape"], ["depth"])],
        "tiny",
        [rgb],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, (1, 5, 5))],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(
        AssetError, match=r"odd\.onnx: expected a network that runs on \(1, 3, 448, 448\), found "
    ):
        open_network(f"onnx:{tmp_path / 'odd.onnx'}")


def test_options_are_checked(tmp_path: Path) -> None:
    path = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8))
    for option in ("normalise=caffe", "normalize=imagenet", "x"):
        with pytest.raises(ConfigError, match=rf"normalise=unit\|imagenet\|bytes, found \?{option}; correct"):
            open_network(f"onnx:{path}?{option}")
    path.rename(tmp_path / "what?.onnx")
    assert open_network(f"onnx:{tmp_path / 'what?.onnx'}").id.startswith("onnx:what?.onnx?normalise=unit@")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    path = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ConfigError, match=rf"needs {package}, which is not installed\. Run: pip install 'fgbg\[onnx\]'"
    ):
        open_network(f"onnx:{path}")


def test_a_file_may_say_what_its_numbers_tell(tmp_path: Path) -> None:
    path = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8))
    assert open_network(f"onnx:{path}").told is None
    model = onnx.load(path)
    helper.set_model_props(model, {"depth_convention": "metric"})
    onnx.save(model, path)
    assert open_network(f"onnx:{path}").told == Told("metric", "depth_convention metric in the file")


def test_inputs_beyond_reason_are_refused(tmp_path: Path) -> None:
    for shape in ((1, 3, 8, 4097), (1, 3, 2_000_000, 2_000_000), (1, 10**6, 8, 3)):
        with pytest.raises(AssetError, match="expected an input with sides up to 4,096, found rgb "):
            open_network(f"onnx:{save_mean(tmp_path / 'huge.onnx', shape)}")


def save_loop(path: Path) -> Path:
    """Save a network whose computation never ends."""

    def value(name: str, kind: int, shape: Shape | None = ()) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_next"]) for name in ("going", "map")],
        "body",
        [
            value("round", TensorProto.INT64),
            value("going", TensorProto.BOOL),
            value("map", TensorProto.FLOAT, None),
        ],
        [value("going_next", TensorProto.BOOL), value("map_next", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("ReduceMean", ["rgb"], ["mean"], axes=[1]),
        helper.make_node("Loop", ["limit", "yes", "mean"], ["depth"], body=body),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [value("rgb", TensorProto.FLOAT, (1, 3, 8, 8))],
        [value("depth", TensorProto.FLOAT, None)],
        [
            onnx.numpy_helper.from_array(np.array(2**62, np.int64), "limit"),
            onnx.numpy_helper.from_array(np.array(True), "yes"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_a_network_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "SECONDS", 0.25)
    with pytest.raises(
        AssetError,
        match=r"loop\.onnx: expected an answer of the network, found none within 0.5 seconds; use a",
    ):
        open_network(f"onnx:{save_loop(tmp_path / 'loop.onnx')}")


def test_a_network_that_takes_its_process_down_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_mean(tmp_path / "mean.onnx", (1, 3, 8, 8))
    network = open_network(f"onnx:{path}")
    network._file._process._process.kill()  # type: ignore[attr-defined]
    with pytest.raises(
        AssetError, match=r"mean\.onnx: expected an answer of the network, found the end of its"
    ):
        network.predict([PICTURE])
    assert open_network(f"onnx:{path}").predict([PICTURE])


def test_answers_beyond_reason_are_refused(tmp_path: Path) -> None:
    rgb = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, (1, 3, 8, 8))
    shape = onnx.numpy_helper.from_array(np.array([1, 1, 8 * 1200, 8 * 1200], np.int64), "shape")
    nodes = [
        helper.make_node("ReduceMean", ["rgb"], ["mean"], axes=[1, 2, 3]),
        helper.make_node("Expand", ["mean", "shape"], ["depth"]),
    ]
    free = helper.make_tensor_value_info("depth", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "large", [rgb], [free], [shape])
    path = tmp_path / "large.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(
        AssetError, match="expected at most 67,108,864 numbers from a network, found 92,160,000"
    ):
        open_network(f"onnx:{path}")
