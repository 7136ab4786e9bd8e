from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.fabric import Fabric
from PIL import Image

from generator.reading.dataset import Dataset
from training import tuning
from training.config import TrainConfig
from training.errors import RunError
from training.stages import Stage
from training.tuning import LrRange, find_batch_size, find_lr, plot_lr_range, resolve_auto

Fields = dict[str, Any]


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def config(small: Fields, **fields: Any) -> TrainConfig:
    return TrainConfig(stages=(Stage(res=16, epochs=1), Stage(res=32, epochs=1)), **(small | fields))


def test_a_range_test_finds_a_rate_at_which_the_loss_falls(
    dataset: Dataset, small: Fields, fabric: Fabric
) -> None:
    # At these rates Muon never loses a network as small as this one.
    asked = config(small, lr="auto", optimizer="adamw")
    found = find_lr(asked, fabric, dataset)
    assert np.all(np.diff(found.rates) > 0) and len(found.rates) == len(found.losses)
    # At the rates of the beginning nothing happens, at those of the end the network is lost.
    assert 1e-5 < found.suggested < found.rates[found.losses.argmin()]
    assert found.losses.min() < 0.95 * found.losses[0]
    again = find_lr(asked, fabric, dataset)
    assert again.suggested == found.suggested


def test_a_loss_that_never_falls_is_told(
    dataset: Dataset, small: Fields, fabric: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_LOWEST_LR", 1e3)
    monkeypatch.setattr(tuning, "_HIGHEST_LR", 1e9)
    with pytest.raises(RunError, match=r"`lr=auto`: expected a loss that falls .* give `lr` a number"):
        find_lr(config(small, lr="auto", seed=3), fabric, dataset)


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    rates = np.geomspace(1e-6, 1, 20)
    path = tmp_path / "log" / "range.png"
    plot_lr_range(LrRange(rates, 1 + np.cos(np.arange(20) / 5), 1e-3), path)
    assert np.asarray(Image.open(path).convert("L")).std() > 10


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({4: 100, 8: 180, 16: 200, 32: 205, 64: 400}, 16),  # 32 is not worth it
        ({4: 100, 8: 90}, 4),
        ({4: 100, 8: 200, 16: None}, 8),  # too little memory
        ({4: 1, 8: 2, 16: 4, 32: 8, 64: 16, 128: 32}, 128),  # no more samples than 144
    ],
)
def test_the_batch_is_doubled_as_long_as_that_is_faster(
    dataset: Dataset,
    small: Fields,
    fabric: Fabric,
    monkeypatch: pytest.MonkeyPatch,
    rates: dict[int, float | None],
    expected: int,
) -> None:
    asked: list[tuple[int, int]] = []

    def rate(config: TrainConfig, fabric: Fabric, dataset: Dataset, size: int, res: int) -> float:
        asked.append((size, res))
        if rates[size] is None:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
        return float(rates[size] or 0)

    monkeypatch.setattr(tuning, "_training_rate", rate)
    assert find_batch_size(config(small, batch_size="auto"), fabric, dataset) == expected
    assert {res for _, res in asked} == {32}
    asked.clear()
    find_batch_size(config(small, batch_size="auto", scale_batch=True), fabric, dataset)
    assert {res for _, res in asked} == {16}


def test_of_several_processes_the_first_alone_tries_sizes(
    dataset: Dataset, small: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by its own clock would try other sizes, and wait for the others for ever."""

    def rate(config: TrainConfig, fabric: Fabric, dataset: Dataset, size: int, res: int) -> float:
        assert fabric.world_size == 1
        return 1.0

    first, told = Fabric(accelerator="cpu", devices=1), list[int]()

    def broadcast(size: int) -> int:
        told.append(size)
        return 32

    monkeypatch.setattr(Fabric, "world_size", property(lambda fabric: 2 if fabric is first else 1))
    monkeypatch.setattr(first, "broadcast", broadcast)
    monkeypatch.setattr(tuning, "_training_rate", rate)
    assert find_batch_size(config(small, batch_size="auto"), first, dataset) == 32 and told == [4]
    monkeypatch.setattr(Fabric, "is_global_zero", property(lambda _: False))
    monkeypatch.setattr(tuning, "_training_rate", lambda *_: pytest.fail("a second one tried"))
    assert find_batch_size(config(small, batch_size="auto"), first, dataset) == 32


def test_what_is_auto_becomes_a_number_that_is_said(
    dataset: Dataset, small: Fields, fabric: Fabric, tmp_path: Path
) -> None:
    said: list[str] = []
    asked = config(small, lr="auto", batch_size="auto", out=tmp_path)
    resolved = resolve_auto(asked, fabric, dataset, said.append)
    assert isinstance(resolved.lr, float) and isinstance(resolved.batch_size, int)
    assert said == [f"`batch_size=auto`: {resolved.batch_size}", f"`lr=auto`: {resolved.lr:.2g}"]
    assert (tmp_path / "log" / "lr-range.png").exists()
    plain = config(small)
    assert resolve_auto(plain, fabric, dataset, said.append) is plain
