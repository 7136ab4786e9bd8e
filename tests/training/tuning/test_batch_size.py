from typing import Any

import pytest

from generator.reading.dataset import Dataset
from training.config import TrainConfig
from training.process.fabric import Fabric
from training.stages import Stage
from training.tuning import batch_size
from training.tuning.batch_size import find_batch_size

Fields = dict[str, Any]


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def config(small: Fields, **fields: Any) -> TrainConfig:
    return TrainConfig(stages=(Stage(res=16, epochs=1), Stage(res=32, epochs=1)), **(small | fields))


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({4: 100, 8: 180, 16: 200, 32: 205, 64: 400}, 16),  # 32 is hardly faster
        ({4: 100, 8: 90}, 4),
        ({4: 100, 8: 200, 16: None}, 8),  # too little memory
        ({4: 1, 8: 2, 16: 4, 32: 8, 64: 16, 128: 32}, 128),  # the dataset has only 144 samples
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

    monkeypatch.setattr(batch_size, "_training_rate", rate)
    assert find_batch_size(config(small, batch_size="auto"), fabric, dataset) == expected
    assert {res for _, res in asked} == {32}
    asked.clear()
    find_batch_size(config(small, batch_size="auto", scale_batch=True), fabric, dataset)
    assert {res for _, res in asked} == {16}


def test_of_several_processes_the_first_alone_tries_sizes(
    dataset: Dataset, small: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With clocks of their own, processes could try different sizes and wait for each other forever."""

    def rate(config: TrainConfig, fabric: Fabric, dataset: Dataset, size: int, res: int) -> float:
        assert fabric.world_size == 1
        return 1.0

    first, told = Fabric(accelerator="cpu", devices=1), list[int]()

    def broadcast(size: int) -> int:
        told.append(size)
        return 32

    monkeypatch.setattr(Fabric, "world_size", property(lambda fabric: 2 if fabric is first else 1))
    monkeypatch.setattr(first, "broadcast", broadcast)
    monkeypatch.setattr(batch_size, "_training_rate", rate)
    assert find_batch_size(config(small, batch_size="auto"), first, dataset) == 32 and told == [4]
    monkeypatch.setattr(Fabric, "is_global_zero", property(lambda _: False))
    monkeypatch.setattr(batch_size, "_training_rate", lambda *_: pytest.fail("a second one tried"))
    assert find_batch_size(config(small, batch_size="auto"), first, dataset) == 32
