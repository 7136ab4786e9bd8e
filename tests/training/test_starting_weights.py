"""`load`: a new run from the weights of another one."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from generator.files import hash_file
from training.checkpoint import load_checkpoint
from training.config import TrainConfig
from training.errors import CheckpointError
from training.export.config import NetworkExportConfig
from training.export.pipeline import export_network
from training.run import describe_network, start_run, suggest_lr
from training.stages import Stage
from training.tuning import learning_rate

from .conftest import Run

TINY: dict[str, Any] = {
    "stages": [Stage(res=16, epochs=1)],
    "epoch_samples": 8,
    "val_samples": 4,
    "batch_size": 4,
    "device": "cpu",
    "precision": "32",
    "ema": 0.0,
}


@pytest.fixture(scope="module")
def source(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with its own widths. Tests must not change it."""
    out = tmp_path_factory.mktemp("source") / "run"
    run(out, "16:1", widths=(4, 6))
    return out


def start(data: Path, out: Path, **fields: Any) -> list[str]:
    lines: list[str] = []
    start_run({**TINY, "data": data, "out": out, **fields}, say=lines.append, progress=False)
    return lines


@pytest.mark.parametrize("kind", ["folder", "file", "safetensors"])
def test_a_new_run_begins_with_the_averaged_weights_and_its_own_rate(
    source: Path, data: Path, tmp_path: Path, kind: str
) -> None:
    load = {"folder": source, "file": source / "best.pt", "safetensors": tmp_path / "a.safetensors"}[kind]
    if kind == "safetensors":
        export_network(NetworkExportConfig(checkpoint=source, format="safetensors", out=load))
    # At this rate nothing changes, so the last weights are the first.
    lines = start(data, tmp_path / "out", load=load, lr=1e-30, weight_decay=0.0, optimizer="adamw")
    saved, theirs = load_checkpoint(tmp_path / "out" / "last.pt"), load_checkpoint(source / "best.pt")
    for name, weight in theirs.ema.items():
        if "running" not in name and "num_batches" not in name:
            assert torch.equal(saved.model[name], weight), name
    assert saved.config["widths"] == [4, 6] and saved.config["lr"] == 1e-30
    file = source / "best.pt" if kind == "folder" else load
    assert f"{file}: weights of 15 of 15 layers loaded" in lines
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["loaded_from"] == saved.config["loaded_from"] == hash_file(file)
    assert str(source) not in (tmp_path / "out" / "config.json").read_text()


def test_another_network_takes_the_layers_that_fit(source: Path, data: Path, tmp_path: Path) -> None:
    lines = start(data, tmp_path / "out", load=source, inputs=3, depth_head=False)
    assert f"{source / 'best.pt'}: weights of 13 of 14 layers loaded; new: encoder.0.0" in lines
    with pytest.raises(CheckpointError) as error:
        start(data, tmp_path / "other", load=source, model="conv-deconv")
    assert str(error.value) == (
        f"{source / 'best.pt'}: expected layers that fit conv-deconv with widths 16,32,64, found unet-siam"
        " with widths 4,6; leave `model`, `encoder` and `widths` out, or load another checkpoint"
    )
    assert not (tmp_path / "other" / "last.pt").exists()


def test_a_resumed_run_continues_with_its_own_weights_and_says_so(
    source: Path, data: Path, tmp_path: Path
) -> None:
    fields = {**TINY, "data": data, "out": tmp_path / "out", "load": source}
    first: list[str] = []
    start_run(fields, resume=True, say=first.append, progress=False)
    assert any("layers loaded" in line for line in first)
    again: list[str] = []
    more = fields | {"stages": [Stage(res=16, epochs=2)], "load": tmp_path / "gone"}
    start_run(more, resume=True, say=again.append, progress=False)
    assert "`load` has no effect with `resume=True`: the run continues with its own weights" in again
    assert not any("layers loaded" in line for line in again)
    assert load_checkpoint(tmp_path / "out" / "last.pt").config["loaded_from"] == hash_file(
        source / "best.pt"
    )


def test_a_run_can_be_replaced_by_one_that_begins_with_its_weights(
    run: Run, data: Path, tmp_path: Path
) -> None:
    run(tmp_path / "out", "16:1", widths=(4, 6))
    fields = {**TINY, "data": data, "out": tmp_path / "out", "load": tmp_path / "out"}
    start_run(fields, overwrite=True, progress=False)
    assert load_checkpoint(tmp_path / "out" / "last.pt").config["loaded_from"]


def test_the_summary_and_the_range_test_are_of_the_loaded_network(
    source: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning_rate, "_LR_STEPS", 25)
    fields = {**TINY, "data": data, "out": tmp_path / "out", "load": source}
    theirs = sum(
        weight.numel()
        for name, weight in load_checkpoint(source / "best.pt").ema.items()
        if name.endswith(("weight", "bias"))
    )
    assert describe_network(fields).parameters == theirs
    assert 1e-6 < suggest_lr(fields, progress=False).suggested < 1


def test_what_cannot_be_loaded_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"\x08x")
    (tmp_path / "a.pt").write_bytes(b"x")
    for name, message in (
        ("none", "does not exist. Give a checkpoint, or the folder of a run, with `load`."),
        ("a.onnx", "expected a checkpoint, found an ONNX file; give the .pt file of the run"),
        ("a.pt", "expected a checkpoint, found another kind of file"),
    ):
        with pytest.raises(CheckpointError, match=message):
            start(data, tmp_path / "out", load=tmp_path / name)
        assert not (tmp_path / "out").exists()


def test_a_frozen_encoder_without_trained_weights_needs_a_file(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"encoder": "resnet18", "encoder_weights": "none", "freeze_encoder": True}
    assert TrainConfig(**fields, load=tmp_path / "a.pt").freeze_encoder
    assert TrainConfig(**fields, loaded_from="0" * 64).freeze_encoder
