"""A network after `fgbg export` gives the results of its checkpoint."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from fgbg.predictor import Predictor
from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import draw_object
from training.checkpoint import load_checkpoint
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
