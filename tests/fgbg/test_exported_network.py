"""A network after `fgbg export` gives the results of its checkpoint."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from PIL import Image

from fgbg.cli import main
from fgbg.predictor import Predictor
from fgbg.predictor.engine import open_engine
from fgbg.predictor.onnx_engine import OnnxEngine
from fgbg.predictor.torch_engine import TorchEngine
from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import draw_object
from generator.files import hash_file
from training.checkpoint import load_checkpoint, save_checkpoint
from training.export.config import NetworkExportConfig
from training.export.pipeline import export_network
from training.records.run_files import find_checkpoint


@pytest.fixture
def photo() -> tuple[np.ndarray, np.ndarray]:
    """A drawn picture with an object, 120 x 70, and its background."""
    background = draw_scene(3, 0, 120)[0][:70]
    picture = background.copy()
    rgba = draw_object(3, 0, 40)
    part = picture[20 : 20 + rgba.shape[0], 30 : 30 + rgba.shape[1]]
    np.copyto(part, rgba[..., :3], where=rgba[..., 3:] > 128)
    return picture, background


def test_predictions_agree(exported: Path, trained: Path, photo: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = Predictor.load(trained, device="cpu"), Predictor.load(exported, device="cpu")
    for bg in (None, photo[1]):
        here, there = one(photo[0], bg), other(photo[0], bg)
        assert np.abs(here.mask.astype(int) - there.mask).max() <= 1
        assert (here.mask != there.mask).mean() < 0.01
        assert here.depth is not None and there.depth is not None
        assert np.abs(here.depth.astype(int) - there.depth).max() <= 8


def test_the_cpu_takes_the_export_beside_a_checkpoint(exported: Path, trained: Path, tmp_path: Path) -> None:
    checkpoint, export = tmp_path / "best.pt", tmp_path / "best.onnx"
    shutil.copy(trained / "best.pt", checkpoint)
    assert isinstance(open_engine(checkpoint, "cpu"), TorchEngine)
    shutil.copy(exported, export)
    taken = open_engine(checkpoint, "cpu")
    assert isinstance(taken, OnnxEngine) and taken.path == export
    assert isinstance(open_engine(checkpoint, "cpu", taken.res), OnnxEngine)
    # It has its own resolution.
    assert isinstance(open_engine(checkpoint, "cpu", taken.res + 8), TorchEngine)
    model = onnx.load(export)
    (entry,) = (entry for entry in model.metadata_props if entry.key == "fgbg")
    entry.value = entry.value.replace("float32", "float16")
    onnx.save(model, export)
    assert isinstance(open_engine(checkpoint, "cpu"), TorchEngine)
    export.write_bytes(b"damaged")
    assert isinstance(open_engine(checkpoint, "cpu"), TorchEngine)
    shutil.copy(exported, export)
    save_checkpoint(checkpoint, replace(load_checkpoint(checkpoint), dataset_id="another"))
    assert hash_file(checkpoint) != taken.equals
    assert isinstance(open_engine(checkpoint, "cpu"), TorchEngine)


def test_predict_says_that_it_takes_the_export(exported: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "best.pt", tmp_path / "best.pt")
    shutil.copy(exported, tmp_path / "best.onnx")
    Image.new("RGB", (32, 24)).save(tmp_path / "a.png")
    options = ["--out", str(tmp_path / "out"), "--overwrite", "--device", "cpu"]
    line = f"{tmp_path / 'best.onnx'} is used, the export of this checkpoint: faster on the CPU"
    for given, told in ((tmp_path, True), (tmp_path / "best.pt", True), (tmp_path / "best.onnx", False)):
        result = CliRunner().invoke(
            main, ["predict", str(tmp_path / "a.png"), "--checkpoint", str(given), *options]
        )
        assert result.exit_code == 0 and (line in result.stderr) is told


def test_it_describes_itself(exported: Path, trained: Path) -> None:
    checkpoint = load_checkpoint(find_checkpoint(trained))
    model = onnx.load(exported)
    described = json.loads({entry.key: entry.value for entry in model.metadata_props}["fgbg"])
    assert described["version"] == 1 and described["contract"] == "fgbg" and described["inputs"] == 6
    assert described["res"] == checkpoint.res and described["dataset_id"] == checkpoint.dataset_id
    assert described["stride"] == 2 and described["depth"] is True and described["mask"]["kind"] == "alpha"
    assert "random" in described["licence"] and described["licence"] in model.doc_string
    assert not model.functions and [used.domain for used in model.opset_import] == [""]


def test_any_batch_and_size(exported: Path, photo: tuple[np.ndarray, np.ndarray]) -> None:
    session = onnxruntime.InferenceSession(exported)
    for rows, columns in ((1, 1), (5, 90), (70, 33)):
        pictures = np.stack([photo[0][:rows, :columns], photo[1][:rows, :columns]])
        given = {
            "picture": pictures,
            "background": pictures[::-1].copy(),
            "has_background": np.array([True, False]),
        }
        mask, depth = session.run(["mask", "depth"], given)
        assert mask.shape == depth.shape == (2, 1, rows, columns) and mask.dtype == np.float32
        assert 0 <= mask.min() <= mask.max() <= 1 and 0 <= depth.min() <= depth.max() <= 1


def test_safetensors_predict_the_same(
    trained: Path, tmp_path: Path, photo: tuple[np.ndarray, np.ndarray]
) -> None:
    path = tmp_path / "net.safetensors"
    export_network(NetworkExportConfig(checkpoint=trained, format="safetensors", out=path))
    one, other = Predictor.load(trained, device="cpu"), Predictor.load(path, device="cpu")
    assert (one(photo[0]).mask == other(photo[0]).mask).all()
