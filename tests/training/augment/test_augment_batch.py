from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from generator.reading.dataset import Dataset
from training.augment import augment_batch as augmenting
from training.augment.augment_batch import augment_batch
from training.augment.backgrounds import draw_background_change, jitter_backgrounds, withhold_backgrounds
from training.augment.strangers import draw_strangers, paste_strangers
from training.augment.view import apply_view, draw_view
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.batches.prepare import join, prepare
from training.config import TrainConfig
from training.target import AlphaTarget

ALL = {"flip": 0.5, "light": 0.7, "noise": 0.6, "jpeg": 0.4, "blur": 0.4, "cutout": 0.5}
CPU = torch.device("cpu")


@pytest.fixture
def batch(dataset: Dataset) -> IntegerBatch:
    return next(read_batches(dataset["train"], [np.arange(8)], CPU))


def augmented(batch: IntegerBatch, number: int = 3, *part: int, **fields: Any) -> list[torch.Tensor]:
    config = TrainConfig(**{"augment": ALL, "seed": 7, **fields})
    inputs, truth = augment_batch(batch, AlphaTarget(), config, 24, number, *part)
    return [inputs, truth.mask, truth.depth, truth.known]


def test_the_steps_follow_each_other_in_one_order(batch: IntegerBatch) -> None:
    change = draw_background_change(7, 3, 8, 0.4, 0.4)
    expected = prepare(batch, AlphaTarget(), 24)
    for strangers in draw_strangers(7, 3, 0.8, change.dropped):
        expected = paste_strangers(expected, strangers)
    expected = replace(expected, bg=jitter_backgrounds(expected.bg, batch.bg, change))
    expected = apply_view(expected, draw_view(7, 3, 8, ALL))
    found = augmented(batch, bg_dropout=0.4, bg_jitter=0.4, strangers=0.8)
    assert torch.equal(found[0], join(withhold_backgrounds(expected.bg, change), expected.fg_bg))
    assert torch.equal(found[1], expected.truth.mask) and torch.equal(found[2], expected.truth.depth)


def test_another_batch_is_augmented_otherwise(batch: IntegerBatch) -> None:
    first, again, other = (augmented(batch, number) for number in (3, 3, 4))
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_processes_share_a_batch(batch: IntegerBatch) -> None:
    """Without noise (which each process draws itself), the parts together equal the whole batch."""
    plain = {"augment": ALL | {"noise": 0.0}, "bg_dropout": 0.5, "bg_jitter": 0.0, "strangers": 0.0}
    whole = augmented(batch, **plain)
    for rank in (0, 1):
        mine = slice(4 * rank, 4 * rank + 4)
        part = IntegerBatch(batch.bg[mine], batch.fg_bg[mine], batch.mask[mine], batch.depth[mine])
        for one, all_rows in zip(augmented(part, 3, rank, 2, **plain), whole, strict=True):
            assert torch.allclose(one, all_rows[mine], atol=1e-6)


def test_three_inputs_are_those_beside_a_background_which_is_never_scaled(
    batch: IntegerBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = augmented(batch, bg_dropout=0.5, bg_jitter=0.5, strangers=0.0)
    scaled: list[bool] = []

    def note(integers: IntegerBatch, *others: Any) -> Any:
        scaled.append(integers.bg is not None)
        return prepare(integers, *others)

    monkeypatch.setattr(augmenting, "prepare", note)
    for integers in (batch, batch.without_bg()):
        found = augmented(integers, inputs=3)
        assert torch.equal(found[0], beside[0][:, 3:])
        assert all(torch.equal(one, two) for one, two in zip(found[1:], beside[1:], strict=True))
    assert scaled == [False, False]


def test_strangers_that_borrow_nothing_are_the_same_for_every_process(
    batch: IntegerBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.augment.strangers.SILHOUETTES", 0.0)
    monkeypatch.setattr("training.augment.strangers.CAMOUFLAGE", 1.0)
    plain = {"augment": {}, "bg_dropout": 0.5, "bg_jitter": 0.0, "strangers": 1.0}
    whole = augmented(batch, **plain)
    for rank in (0, 1):
        mine = slice(4 * rank, 4 * rank + 4)
        part = IntegerBatch(batch.bg[mine], batch.fg_bg[mine], batch.mask[mine], batch.depth[mine])
        for one, all_rows in zip(augmented(part, 3, rank, 2, **plain), whole, strict=True):
            assert torch.allclose(one.float(), all_rows[mine].float(), atol=1e-6)
