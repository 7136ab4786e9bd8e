"""Odd checkpoints: whatever a checkpoint contains, it is accepted or refused with one line."""

import io
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from generator.errors import FgbgError
from generator.reading.dataset import Dataset
from training.checkpoint import load_checkpoint, model_of
from training.config import TrainConfig, read_identity
from training.engine import _Run
from training.models import MODELS, build_model, weight_shapes
from training.process.fabric import Fabric

STORED = Path(__file__).parents[1] / "stored" / "run-1" / "last.pt"
MUTATIONS = int(os.environ.get("FGBG_MUTATIONS", "60"))


def content() -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(STORED, weights_only=True)
    return loaded


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in nested dicts and lists."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def strangers(value: Any, draw: random.Random) -> Any:
    """A value that should not be in the place of `value`."""
    if isinstance(value, torch.Tensor) and draw.random() < 0.5:
        spoilt, count = value.clone(memory_format=torch.contiguous_format), value.numel()
        if count and spoilt.is_floating_point():
            spoilt.view(-1)[draw.randrange(count)] = draw.choice([math.nan, math.inf, -1e30])
        return draw.choice([spoilt, value[None], value.double(), value.long(), value.flatten()[:-1].clone()])
    numbers = [0, 1, -1, 2, 7, 10**6, 10**12, 2**63 - 1, -(2**63), 0.5, -0.5, 1e300, math.nan, math.inf]
    others = [None, True, False, "", "auto", "x" * 300, [], {}, (), [[[]]], {"a": 1}, {1: "a"}, ["unet"]]
    tensors = [torch.zeros(0), torch.zeros(3), torch.tensor(math.nan), torch.tensor([True])]
    return draw.choice([*numbers, *others, *tensors])


def mutated(draw: random.Random) -> bytes:
    """A stored checkpoint with one to three values replaced, removed or added."""
    whole = content()
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        path = draw.choice(list(places(whole)))
        while path[0] in ("model", "ema") and draw.random() < 0.8:  # most values are weights
            path = draw.choice(list(places(whole)))
        parent = whole
        for key in path[:-1]:
            parent = parent[key]
        kind = draw.random()
        if kind < 0.7:
            parent[path[-1]] = strangers(parent[path[-1]], draw)
        elif isinstance(parent, dict) and kind < 0.85:
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[draw.choice(["", "extra", 5, path[-1] if path[-1] != "format" else "x"])] = 1
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    return buffer.getvalue()


def drive(path: Path, dataset: Dataset) -> bool:
    """Do everything with a checkpoint up to the first step; return whether it was accepted."""
    try:
        checkpoint = load_checkpoint(path)
        model_of(path, checkpoint)
        fields = read_identity(checkpoint.config)
        assert isinstance(fields, TrainConfig)
        config = fields.model_copy(update={"out": path.parent, "device": "cpu", "precision": "32"})
        if config.lr != "auto" and config.batch_size != "auto":
            _Run(config, Fabric(accelerator="cpu", devices=1), dataset, checkpoint)
    except FgbgError as error:
        assert "\n" not in str(error) and len(str(error)) < 700
        return False
    return True


@pytest.mark.parametrize("seed", range(3))
def test_a_mutated_checkpoint_is_taken_or_one_line(dataset: Dataset, tmp_path: Path, seed: int) -> None:
    draw, taken = random.Random(seed), 0
    path = tmp_path / "last.pt"
    path.write_bytes(STORED.read_bytes())
    assert drive(path, dataset)
    for _ in range(MUTATIONS // 3):
        path.write_bytes(mutated(draw))
        taken += drive(path, dataset)
    assert taken < MUTATIONS // 6


@pytest.mark.parametrize("kind", ["model", "ema"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, kind: str, value: float) -> None:
    whole = content()
    whole[kind]["depth_head.bias"][0] = value
    torch.save(whole, tmp_path / "last.pt")
    with pytest.raises(FgbgError, match=rf"finite weights, found NaN or .* depth_head\.bias \({kind}\)"):
        load_checkpoint(tmp_path / "last.pt")


@pytest.mark.parametrize("model", MODELS)
def test_a_network_is_outlined_as_it_is_built(model: str) -> None:
    architecture = TrainConfig(model=model, widths=(4, 8, 16)).architecture
    built = {name: part.shape for name, part in build_model(architecture).state_dict().items()}
    assert weight_shapes(architecture) == built


def test_an_encoder_that_cannot_be_outlined_bounds_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = content()
    monkeypatch.setattr("training.checkpoint.weight_shapes", lambda _: None)
    assert load_checkpoint(STORED).dataset_id == whole["dataset_id"]
    monkeypatch.setattr("training.checkpoint.read_identity", lambda _: TrainConfig(widths=(64, 64)))
    with pytest.raises(FgbgError, match="found too few of them"):
        load_checkpoint(STORED)


def test_a_network_beyond_what_is_stored_takes_no_memory(tmp_path: Path) -> None:
    whole = content()
    whole["config"]["widths"] = [8192] * 5  # this network needs 25 GB
    torch.save(whole, tmp_path / "last.pt")
    with pytest.raises(FgbgError, match="expected weights of the network its config names, found"):
        load_checkpoint(tmp_path / "last.pt")
