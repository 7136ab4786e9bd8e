"""Exporting checkpoints, of which torch converts two; the others are not written, or are safetensors."""

from pathlib import Path

import onnx
import pytest
import torch

from generator.errors import ConfigError, ExistsError
from training.checkpoint import load_checkpoint
from training.errors import CheckpointError
from training.export import pipeline
from training.export.agreement import HALF_TOLERANCE
from training.export.config import NetworkExportConfig
from training.export.core import ConversionError
from training.export.pipeline import export_network
from training.models import Network

from .conftest import Save


def test_half(save: Save, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save(depth_head=False, inputs=3)
    licence = "Ask me."
    config = NetworkExportConfig(checkpoint=tmp_path, format="onnx", half=True, licence=licence)
    said: list[str] = []
    outcome = export_network(config, say=said.append)  # warnings are errors here
    assert len(said) == 1 and "best.pt: converting" in said[0]
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""
    assert outcome.difference is not None and 0 < outcome.difference <= HALF_TOLERANCE
    assert outcome.bytes == outcome.path.stat().st_size
    assert outcome.path.name == "best.half.onnx" and outcome.licence == licence
    model = onnx.load(outcome.path)
    types = {tensor.data_type for tensor in model.graph.initializer if len(tensor.dims) == 4}
    assert types == {onnx.TensorProto.FLOAT16}
    (entry,) = model.graph.input
    assert entry.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert model.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_safetensors_predict_and_say_the_same(save: Save, tmp_path: Path) -> None:
    source = save()
    outcome = export_network(NetworkExportConfig(checkpoint=source, format="safetensors"))
    assert outcome.path == tmp_path / "best.safetensors" and outcome.difference is None
    before, after = load_checkpoint(source), load_checkpoint(outcome.path)
    assert after.config == before.config and after.res == before.res == 24
    assert after.dataset_id == before.dataset_id
    assert after.ema.keys() == before.ema.keys()
    assert all(torch.equal(after.ema[name], before.ema[name]) for name in before.ema)


def test_nothing_is_written_that_differs(save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = save()
    config = NetworkExportConfig(checkpoint=source, format="onnx")

    def fail(network: Network, half: bool) -> onnx.ModelProto:
        raise ConversionError("no such operator")

    monkeypatch.setattr(pipeline, "convert_core", fail)
    with pytest.raises(CheckpointError, match="found no such operator; use"):
        export_network(config)
    monkeypatch.setattr(pipeline, "convert_core", lambda network, half: None)
    monkeypatch.setattr(pipeline, "join_contract", lambda *given: onnx.ModelProto())
    monkeypatch.setattr(pipeline.agreement, "largest_difference", lambda *given: (0.0002, 1e-7))
    with pytest.raises(CheckpointError, match=r"up to 0\.0001 .* found 0\.0002 .* nothing was written"):
        export_network(config)
    monkeypatch.setattr(pipeline.agreement, "largest_difference", lambda *given: (float("nan"),) * 2)
    with pytest.raises(CheckpointError, match="found nan"):
        export_network(config)
    assert [path.name for path in tmp_path.iterdir()] == ["best.pt"]


def test_an_existing_file_is_kept(save: Save, tmp_path: Path) -> None:
    config = NetworkExportConfig(checkpoint=save(), format="safetensors", out=tmp_path / "net")
    (tmp_path / "net").write_text("mine")
    with pytest.raises(ExistsError):
        export_network(config)
    assert (tmp_path / "net").read_text() == "mine"
    assert export_network(config, overwrite=True).bytes > 4


def test_what_does_not_go_together(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"contract": "rembg"}, {"half": True}):
        with pytest.raises(ConfigError, match="goes with `format=onnx` only"):
            NetworkExportConfig(format="safetensors", **wrong)
    with pytest.raises(CheckpointError, match="does not exist"):
        export_network(NetworkExportConfig(checkpoint="nowhere", format="onnx"))
    source = save(mask={"kind": "classes", "names": ["a", "b"], "colours": [[0, 0, 0], [1, 1, 1]]})
    with pytest.raises(ConfigError, match="expected a network of soft masks, found one of 2 classes"):
        export_network(NetworkExportConfig(checkpoint=source, format="onnx", contract="rembg"))
    monkeypatch.setattr(pipeline, "_LARGEST", 10)
    with pytest.raises(
        ConfigError, match=r"at most 2 GB of weights, found 0\.0 GB; use `format=safetensors`"
    ):
        export_network(NetworkExportConfig(checkpoint=source, format="onnx"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs onnx, which is not installed"):
        export_network(NetworkExportConfig(checkpoint=source, format="onnx"))
