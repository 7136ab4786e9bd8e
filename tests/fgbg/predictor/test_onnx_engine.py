import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx.parser import parse_model

from fgbg.predictor import Predictor
from fgbg.predictor import onnx_engine as running
from fgbg.predictor.onnx_engine import OnnxEngine
from generator.errors import ConfigError
from training.errors import CheckpointError, DeviceMemoryError

METADATA: dict[str, Any] = {
    "format": "fgbg-network",
    "version": 1,
    "res": 32,
    "stride": 4,
    "mask": {"kind": "alpha"},
    "dataset_id": "abc",
}

_BACKGROUND = ", uint8[B, bgH, bgW, 3] background, bool[B] has_background"
_BEHIND = """
  column = Constant <value = int64[4] {-1, 1, 1, 1}> ()
  given = Reshape (has_background, column)
  behind = Cast <to = 1> (background)
  shown = Where (given, behind, zero)
  difference = Sub (levels, shown)
"""
_GRAPH = """
<ir_version: 9, opset_import: ["" : 18]>
drawn (uint8[B, H, W, 3] picture%s) => (%s)
{
  zero = Constant <value = float {0.0}> ()
  most = Constant <value = float {255.0}> ()
  levels = Cast <to = 1> (picture)
  %s
  size = Abs (difference)
  unit = Div (size, most)
  planes = Transpose <perm = [0, 3, 1, 2]> (unit)
  red, green, blue = Split <axis = 1, num_outputs = 3> (planes)
  sides = Shape <start = 2, end = 3> (red)
  width = Shape <start = 3, end = 4> (red)
  scalar = Constant <value = int64[0] {}> ()
  last = Reshape (width, scalar)
  first = Constant <value = int64 {0}> ()
  step = Constant <value = int64 {1}> ()
  places = Range (first, last, step)
  numbers = Cast <to = 1> (places)
  whole = Cast <to = 1> (last)
  ramp = Div (numbers, whole)
  %s
}
"""


def save_drawn(
    path: Path,
    *,
    bg: bool = True,
    depth: bool = True,
    classes: bool = False,
    metadata: dict[str, Any] | None = METADATA,
    mask: str = "",
) -> Path:
    """Write a network that looks at each pixel separately and at its column.

    Its mask is red times the column's share of the width (without the background's red, if there is one), or
    red, green and blue as the shares of three classes. Its depth is green times the same.

    Args:
        path: of the file.
        bg, depth: whether it takes backgrounds, and estimates depth.
        classes: whether the mask has three classes.
        metadata: JSON values; None for none.
        mask: other steps that compute the mask.
    """
    channels = 3 if classes else 1
    outputs = f"float[B, {channels}, H, W] mask" + (", float[B, 1, H, W] depth" if depth else "")
    steps = [mask or ("mask = Identity (planes)" if classes else "mask = Mul (red, ramp)")]
    if depth:
        steps.append("depth = Mul (green, ramp)")
    behind = _BEHIND if bg else "difference = Identity (levels)"
    model = parse_model(_GRAPH % (_BACKGROUND if bg else "", outputs, behind, "\n  ".join(steps)))
    if metadata is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "fgbg", json.dumps(metadata)
    onnx.save(model, path)
    return path


def drawn_answers(pictures: np.ndarray, bgs: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mask and depth of the drawn network: (B, 1, h, w) float32 each."""
    levels = pictures.astype(np.float32)
    planes = (levels if bgs is None else np.abs(levels - bgs)) / 255
    ramp = np.arange(pictures.shape[2], dtype=np.float32) / pictures.shape[2]
    return (planes[..., 0] * ramp)[:, None], (planes[..., 1] * ramp)[:, None]


def random_pictures(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def odds(mask: np.ndarray) -> np.ndarray:
    return np.log(mask.astype(np.float64)) - np.log1p(-mask.astype(np.float64))


def test_it_sees_pictures_with_and_without_backgrounds(tmp_path: Path) -> None:
    engine = OnnxEngine.load(save_drawn(tmp_path / "a.onnx"), "cpu")
    assert (engine.res, engine.stride, engine.entry.kind, engine.dataset_id) == (32, 4, "alpha", "abc")
    assert (engine.takes_bg, engine.has_depth, engine.device) == (True, True, "cpu")
    pictures, bgs = random_pictures(2, 5, 7), random_pictures(2, 5, 7)[::-1]
    for given in (None, bgs):
        answer, (mask, depth) = engine.see(pictures, given), drawn_answers(pictures, given)
        assert np.allclose(answer.mask, mask) and np.allclose(answer.depth, depth)
        assert answer.mask.dtype == answer.depth.dtype == np.float32
    plain = OnnxEngine.load(save_drawn(tmp_path / "b.onnx", bg=False, depth=False))
    assert not (plain.takes_bg or plain.has_depth) and plain.see(pictures).depth is None
    with pytest.raises(ConfigError, match="leave `bg` out"):
        Predictor(plain, 32)(pictures[0], bgs[0])


def test_with_mirror_images_logits_are_averaged(tmp_path: Path) -> None:
    engine = OnnxEngine.load(save_drawn(tmp_path / "a.onnx"))
    pictures = random_pictures(1, 5, 8).clip(9, 245)
    both, (one, depth) = engine.see(pictures, mirror=True), drawn_answers(pictures)
    other, turned = (part[..., ::-1] for part in drawn_answers(pictures[:, :, ::-1]))
    inner = (..., slice(1, -1))  # the mask of the first column is exactly 0
    wanted = (odds(one[inner]) + odds(other[inner])) / 2
    assert np.allclose(odds(both.mask[inner]), wanted, atol=1e-5)
    assert np.allclose(both.depth, (depth + turned) / 2)


def test_the_logits_of_classes_are_averaged_too() -> None:
    one, other = np.random.default_rng(0).dirichlet(np.ones(3), (2, 4, 5)).transpose(0, 3, 1, 2)[:, None]
    powers = np.exp((np.log(one) + np.log(other)) / 2)
    found = running._mean_of_logits(one.astype(np.float32), other.astype(np.float32))
    assert np.allclose(found, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    certain = np.array([0, 1, 1], np.float32).reshape(1, 1, 1, 3)
    found = running._mean_of_logits(certain, certain[..., ::-1])
    assert found.ravel().tolist() == [0.5, 1, 0.5]  # answers that differ give 0.5


def test_a_predictor_scales_pictures_for_it(tmp_path: Path) -> None:
    predictor = Predictor.load(save_drawn(tmp_path / "a.onnx"), device="cpu", mirror=False, refine=False)
    picture = cv2.resize(random_pictures(1, 6, 8)[0], (96, 72), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(picture, (32, 24), interpolation=cv2.INTER_AREA)
    mask, depth = (cv2.resize(part[0, 0], (96, 72)) for part in drawn_answers(small[None]))
    for predicted in (predictor(picture), *predictor.predict_many([picture] * 3)):
        assert np.abs(predicted.mask - mask * 255).max() < 0.51
        assert np.abs(predicted.depth - (depth * 65534 + 1)).max() < 1


def test_predicting_with_an_onnx_file_does_not_import_torch(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), random_pictures(1, 6, 8)[0])
    save_drawn(tmp_path / "net.onnx")
    script = (
        "import sys\nfrom fgbg.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "assert 'onnxruntime' in sys.modules\n"
        "heavy = {'torch', 'lightning_fabric', 'timm', 'kornia', 'scipy', 'h5py', 'numba'}\n"
        "heavy |= {'matplotlib', 'onnx'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    arguments = ["predict", "a.png", "--bg", "a.png", "--checkpoint", "net.onnx", "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a.mask.png").exists()


def test_a_file_without_metadata_needs_a_resolution(tmp_path: Path) -> None:
    path = save_drawn(tmp_path / "a.onnx", metadata=None)
    with pytest.raises(ConfigError, match=r"`res`: expected a number, because .*a\.onnx has no metadata"):
        Predictor.load(path)
    predictor = Predictor.load(path, res=24)
    assert predictor.res == predictor.engine.res == 24 and predictor.entry.kind == "alpha"
    named = Predictor.load(save_drawn(tmp_path / "b.onnx"))
    assert named.res == 32 and named.dataset_id == "abc"
    with pytest.raises(ConfigError, match=r"`res`: expected 32, for which .*b\.onnx was exported, found 24"):
        Predictor.load(tmp_path / "b.onnx", res=24)
    with pytest.raises(CheckpointError, match="which name the 3 classes, found none"):
        Predictor.load(save_drawn(tmp_path / "c.onnx", classes=True, metadata=None), res=24)


def test_classes_are_named_by_the_metadata(tmp_path: Path) -> None:
    entry = {"kind": "classes", "names": ["a", "b", "c"], "colours": [[0, 0, 0], [9, 9, 9], [99, 0, 0]]}
    path = save_drawn(tmp_path / "a.onnx", classes=True, metadata=METADATA | {"mask": entry})
    predictor = Predictor.load(path, mirror=False)
    picture = random_pictures(1, 24, 32)[0]
    predicted = predictor(picture)
    assert predicted.classes is not None and predicted.classes.names == ["a", "b", "c"]
    assert (predicted.mask == picture.argmax(axis=2)).all()


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"format": "other"}, "metadata fgbg of the format fgbg-network, found another format"),
        (METADATA | {"version": 2}, "metadata of version 1, found version 2"),
        (METADATA | {"res": "96"}, "metadata fgbg of an exported network, found Input should be"),
        (METADATA | {"res": 4}, "metadata fgbg of an exported network, found Input should be"),
        (METADATA | {"mask": {"kind": "other"}}, "metadata fgbg of an exported network, found Input tag"),
        ({"res": 96}, "format fgbg-network"),
    ],
)
def test_damaged_metadata_are_one_line(metadata: dict[str, Any], expected: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=expected) as raised:
        Predictor.load(save_drawn(tmp_path / "a.onnx", metadata=metadata))
    assert str(raised.value).startswith(f"{tmp_path / 'a.onnx'}: expected ")


def save_graph(path: Path, graph: str) -> Path:
    onnx.save(parse_model(f'<ir_version: 9, opset_import: ["" : 18]>\ng {graph}'), path)
    return path


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (
            "(float[1, 3, 320, 320] input) => (float[1, 3, 320, 320] mask) { mask = Identity (input) }",
            "input t",
        ),
        (
            "(uint8[1, 8, 8, 3] picture) => (float[1, 8, 8, 3] mask) { mask = Cast <to = 1> (picture) }",
            "inputs",
        ),
        (
            "(uint8[B, H, W, 3] picture) => (float[B, H, W, 3] out) { out = Cast <to = 1> (picture) }",
            "outputs",
        ),
        ("(uint8[B, H, W, 3] picture) => (uint8[B, H, W, 3] mask) { mask = Identity (picture) }", "outputs"),
    ],
)
def test_other_inputs_or_outputs_are_named(graph: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=expected) as raised:
        OnnxEngine.load(save_graph(tmp_path / "a.onnx", graph), res=32)
    assert "give a file that 'fgbg export' wrote" in str(raised.value)
    assert raised.value.found.split()[0] in ("input", "picture", "out", "mask")


def test_answers_that_are_no_mask_are_one_line(tmp_path: Path) -> None:
    pictures = random_pictures(1, 5, 7)
    for mask, expected in (
        ("bad = Div (red, zero)\n  mask = Mul (bad, zero)", "numbers as mask, found NaN or infinity"),
        ("mask = Concat <axis = 2> (red, red)", r"mask of shape \(1, 1, 5, 7\), found \(1, 1, 10, 7\)"),
    ):
        engine = OnnxEngine.load(save_drawn(tmp_path / "a.onnx", mask=mask))
        with pytest.raises(CheckpointError, match=expected):
            engine.see(pictures)
    engine = OnnxEngine.load(save_drawn(tmp_path / "a.onnx", mask="mask = Add (red, most)"))
    assert engine.see(pictures).mask.max() == 1


def test_a_file_that_holds_no_network_or_fails_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="expected a network in an ONNX file, found"):
        OnnxEngine.load(tmp_path / "a.onnx")
    steps = "odd = Constant <value = int64[1] {3}> ()\n wrong = Reshape (red, odd)\n mask = Mul (wrong, red)"
    engine = OnnxEngine.load(save_drawn(tmp_path / "b.onnx", mask=steps))
    with pytest.raises(CheckpointError, match="expected a network that runs on pictures of 7 x 5, found"):
        engine.see(random_pictures(1, 5, 7))


def save_with_weights(path: Path, location: str) -> None:
    """Write a network whose weights are in another file."""
    model = onnx.load(save_drawn(path))
    weight = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[1])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    model.graph.initializer.append(weight)
    for node in model.graph.node:
        if node.output[0] == "mask":
            node.input[1] = "outside"
    path.write_bytes(model.SerializeToString())


def test_weights_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.onnx"
    for folder in (tmp_path, tmp_path / "in"):
        np.array([0.5], np.float32).tofile(folder / "weights.bin")
    save_with_weights(path, "weights.bin")
    assert OnnxEngine.load(path).see(random_pictures(1, 5, 7)).mask.any()
    for location in ("../weights.bin", str(tmp_path / "weights.bin")):
        save_with_weights(path, location)
        with pytest.raises(CheckpointError, match="expected a network in an ONNX file, found"):
            OnnxEngine.load(path)


def test_an_onnx_runtime_that_reads_any_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.__version__", "1.23.2")
    with pytest.raises(ConfigError, match=r"ONNX Runtime: expected 1\.24 or newer, found 1\.23\.2, which"):
        OnnxEngine.load(save_drawn(tmp_path / "a.onnx"))


def test_a_device_that_onnx_runtime_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_drawn(tmp_path / "a.onnx")
    with pytest.raises(ConfigError, match="`device`: expected auto, cpu or cuda for an ONNX file, found mps"):
        Predictor.load(path, device="mps")
    monkeypatch.setattr(running, "providers_here", lambda: [running.CPU])
    with pytest.raises(ConfigError, match="found ONNX Runtime without CUDA; install onnxruntime-gpu"):
        Predictor.load(path, device="cuda")


def test_too_little_memory_is_one_error(tmp_path: Path) -> None:
    predictor = Predictor.load(save_drawn(tmp_path / "a.onnx"))

    class Full:
        def run(self, *given: object) -> None:
            raise Exception("[ONNXRuntimeError] : 6 : FAIL : Failed to allocate memory for requested buffer")

    full = OnnxEngine(**vars(predictor.engine) | {"session": Full()})
    with pytest.raises(DeviceMemoryError, match="cpu has too little memory for a picture at 32 px"):
        Predictor(full, 32)(random_pictures(1, 5, 7)[0])
