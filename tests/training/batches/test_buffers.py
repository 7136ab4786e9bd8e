import numpy as np
import pytest
import torch

from generator.reading.batch import Batch
from generator.reading.dataset import Dataset
from generator.reading.split import Split
from training.batches.buffers import BatchBuffer


def test_batches_of_any_length_lie_in_the_same_memory(dataset: Dataset) -> None:
    split, buffer = dataset["train"], BatchBuffer(torch.device("cpu"))
    places = []
    for length in (6, 2, 6, 9, 0, 9):
        rows = np.arange(length) + length
        batch, expected = buffer.read(split, rows), split.read(rows)
        assert np.array_equal(batch.bg, expected.bg) and np.array_equal(batch.fg_bg, expected.fg_bg)
        assert np.array_equal(batch.mask, expected.mask)
        assert np.array_equal(batch.depth.numpy().view(np.uint16), expected.depth)
        places.append(batch.fg_bg.untyped_storage().data_ptr())
    assert places[0] == places[1] == places[2] and places[3] == places[4] == places[5]


def test_nothing_is_read_into_memory_that_is_still_copied_from(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    read = Split.read

    class Copying:
        def synchronize(self) -> None:
            happened.append("waited")

    def note(split: Split, rows: np.ndarray, out: Batch) -> Batch:
        happened.append("read")
        return read(split, rows, out)

    monkeypatch.setattr(Split, "read", note)
    buffer = BatchBuffer(torch.device("cpu"))
    buffer.read(dataset["train"], np.arange(2))
    buffer._copied = Copying()  # as on a CUDA device
    buffer.read(dataset["train"], np.arange(2))
    assert happened == ["read", "waited", "read"]


def test_backgrounds_are_left_out_where_they_are_not_needed(dataset: Dataset) -> None:
    split, device = dataset["train"], torch.device("cpu")
    batch, whole = (BatchBuffer(device, with_bg).read(split, np.arange(5)) for with_bg in (False, True))
    assert batch.bg is None and len(batch.tensors()) == 3
    assert torch.equal(batch.fg_bg, whole.fg_bg) and torch.equal(batch.depth, whole.depth)
