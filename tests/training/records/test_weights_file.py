"""Networks in safetensors files: whatever such a file contains, it is used or refused with one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from training.checkpoint import load_checkpoint, model_of
from training.errors import CheckpointError
from training.records.weights_file import KEY, read_weights, weights_bytes

STORED = Path(__file__).parents[2] / "stored" / "run-1" / "last.pt"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The network of a stored run."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(weights_bytes(load_checkpoint(STORED).ema, told()))
    return path


def told() -> dict[str, Any]:
    checkpoint = load_checkpoint(STORED)
    stage = checkpoint.position.stage
    return {"config": checkpoint.config, "stage": stage, "dataset_id": checkpoint.dataset_id}


def test_the_same_network_comes_back(file: Path) -> None:
    stored, checkpoint = load_checkpoint(STORED), load_checkpoint(file)
    assert checkpoint.res == stored.res and checkpoint.target.entry == stored.target.entry
    picture = torch.rand(1, 6, 16, 16)
    with torch.no_grad():
        one, other = model_of(file, checkpoint)(picture), model_of(STORED, stored)(picture)
    assert torch.equal(one.mask_logits, other.mask_logits)
    weights, description = read_weights(file)
    assert description["version"] == 1 and weights.keys() == stored.ema.keys()


def test_files_that_are_no_such_network(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    weights = load_checkpoint(STORED).ema
    strangers: dict[str, bytes] = {
        "half": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"no network",
        "long": (2**62).to_bytes(8, "little") + whole[8:],
    }
    for name, content in strangers.items():
        (tmp_path / f"{name}.safetensors").write_bytes(content)
        with pytest.raises(
            CheckpointError, match=r"expected a network that fgbg exported, found a damaged"
        ) as seen:
            load_checkpoint(tmp_path / f"{name}.safetensors")
        assert "\n" not in str(seen.value)
    for name, metadata in (("bare", None), ("other", {KEY: "[]"}), ("more", {"format": "pt"})):
        save_file(weights, tmp_path / f"{name}.safetensors", metadata)
        with pytest.raises(CheckpointError, match="found weights without a description by fgbg; export the"):
            load_checkpoint(tmp_path / f"{name}.safetensors")
    later = json.dumps({"format": "fgbg-network", "version": 2})
    save_file(weights, tmp_path / "later.safetensors", {KEY: later})
    with pytest.raises(CheckpointError, match="found version 2 instead of 1"):
        load_checkpoint(tmp_path / "later.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(CheckpointError, match="a folder, not a file"):
        load_checkpoint(tmp_path / "folder.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"config": None},
        {"config": {}},
        {"config": {"model": "unet"}},
        {"stage": None},
        {"stage": -1},
        {"stage": 99},
        {"stage": True},
        {"dataset_id": 3},
        {"dataset_id": None},
    ],
    ids=str,
)
def test_descriptions_that_no_export_writes(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(weights_bytes(load_checkpoint(STORED).ema, told() | change))
    with pytest.raises(CheckpointError) as seen:
        load_checkpoint(path)
    assert "\n" not in str(seen.value)


def test_weights_that_do_not_fit_or_are_not_numbers(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    weights = dict(load_checkpoint(STORED).ema)
    name = next(iter(weights))
    path.write_bytes(weights_bytes(weights | {name: torch.full_like(weights[name], float("nan"))}, told()))
    with pytest.raises(CheckpointError, match="NaN or infinity"):
        load_checkpoint(path)
    path.write_bytes(weights_bytes(weights | {name: torch.zeros(3)}, told()))
    with pytest.raises(CheckpointError, match="size mismatch"):
        load_checkpoint(path)
    del weights[name]
    path.write_bytes(weights_bytes(weights, told()))
    with pytest.raises(CheckpointError, match=f"found no {name}"):
        load_checkpoint(path)
