"""A network that needs no training, on the three pictures of `test_evaluate`."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.training.evaluation.test_evaluate import Drawn
from training.evaluation.empty_scenes import EmptyScenes
from training.evaluation.ready_made import found_at, measure_ready_made
from training.target import AlphaTarget


class Pictures(Drawn):
    """The same, read as a `Split` reads them; backgrounds are green, with a white pixel."""

    def read(self, rows: np.ndarray, out: Any = None) -> Any:
        bg = np.zeros((len(rows), 8, 8, 3), np.uint8)
        bg[:, 0, 0] = 255
        batch = Drawn()
        batch.bg, batch.fg_bg, batch.mask = bg, self.fg_bg[rows], self.mask[rows]
        return batch


def find(pictures: np.ndarray) -> np.ndarray:
    """What is green, as far as it is; the network is never quite sure."""
    assert pictures.dtype == np.uint8
    return pictures[:, None, :, :, 1].astype(np.float32) / 255 * 0.98 + 0.01


def test_it_is_measured_as_the_trained_network_is() -> None:
    found = measure_ready_made(Pictures(), np.arange(3), find, AlphaTarget(), 8, None)
    assert found.measures["iou"] == pytest.approx([1, 0, 1]) and found.false is None
    assert found.measures["boundary_f"] == pytest.approx([1, 0, 1])
    # The object of the first picture is given 0.98 * 200 / 255 + 0.01, and is there.
    assert found.calibration[0, 11, :2] == pytest.approx([16, 16 * (0.98 * 200 / 255 + 0.01)])
    assert found.calibration[0, 11, 2] == 16 and found.calibration[0].sum(axis=0)[0] == 64


@pytest.mark.parametrize("samples", [17, 40])
def test_batches_are_joined_in_order(samples: int) -> None:
    rows = np.arange(samples) % 3
    found = measure_ready_made(Pictures(), rows, find, AlphaTarget(), 8, None)
    assert found.measures["iou"].tolist() == np.array([1, 0, 1])[rows].tolist()
    assert len(found.calibration) == samples


def test_false_pixels_in_empty_samples_and_in_backgrounds() -> None:
    split = Pictures()
    split.fg_bg[2, :2, :, 1] = 255
    of_samples, of_backgrounds = (
        measure_ready_made(split, np.arange(3), find, AlphaTarget(), 8, EmptyScenes(kind, rows)).false
        for kind, rows in (("samples", np.array([2])), ("backgrounds", np.array([0, 1])))
    )
    assert of_samples == pytest.approx([16 / 64]) and of_backgrounds == pytest.approx([1 / 64, 1 / 64])


def test_it_sees_pictures_at_their_own_size_and_is_measured_at_another() -> None:
    seen = []

    def look(pictures: np.ndarray) -> np.ndarray:
        seen.append(pictures.shape)
        return find(pictures)

    pictures = Drawn().fg_bg
    prediction = found_at(look, pictures, 4)
    assert seen == [(3, 8, 8, 3)] and prediction.mask_logits.shape == (3, 1, 4, 4)
    shares = prediction.mask_logits.sigmoid()
    assert shares[0, 0, 0, 0] == pytest.approx(0.98 * 200 / 255 + 0.01) and prediction.depth is None
    # Shares of 0 and 1 have finite logits, and one half is an object.
    sure = found_at(lambda _: np.array([0, 1, 0.5], np.float32).reshape(3, 1, 1, 1), pictures[:, :1, :1], 1)
    assert sure.mask_logits.isfinite().all()
    assert (AlphaTarget().shares(sure.mask_logits) >= 0.5).flatten().tolist() == [False, True, True]
    assert isinstance(sure.mask_logits, torch.Tensor)
