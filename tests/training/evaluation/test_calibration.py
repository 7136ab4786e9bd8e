"""Calibration against torchmetrics, which keeps all pixels, and by hand for soft truth."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.classification import BinaryCalibrationError, MulticlassCalibrationError

from generator.format.manifest import AlphaMask, ClassMask
from training.evaluation.calibration import BINS, calibration_error, count_bins, reliability_curve
from training.target import AlphaTarget, ClassTarget

EVERYWHERE = torch.ones(1, 1, 4, dtype=torch.bool)


def sums(said: list[float], true: list[float]) -> np.ndarray:
    """Of one sample of 1 x 4 pixels."""
    tensors = [torch.tensor(values).view(1, 1, 4) for values in (said, true)]
    return count_bins(*tensors, EVERYWHERE).numpy()


@pytest.mark.parametrize("seed", range(3))
def test_the_error_of_hard_masks_is_that_of_torchmetrics(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 1, 20, 30, generator=generator) * 3
    mask = (torch.rand(5, 1, 20, 30, generator=generator) < logits.sigmoid() ** 2).float()
    found = [
        count_bins(*AlphaTarget().confidence(*part))
        for part in zip(logits.split(2), mask.split(2), strict=True)
    ]
    error = calibration_error(torch.cat(found).numpy())
    expected = BinaryCalibrationError(n_bins=BINS, norm="l1")(logits.sigmoid(), mask.int())
    assert error.value == pytest.approx(float(expected), rel=1e-5) and error.value > 0.05
    assert error.low < error.value < error.high and error.samples == 5


def test_the_error_of_classes_is_that_of_torchmetrics_and_leaves_out_ignored_pixels() -> None:
    target = ClassTarget(ClassMask(names=["a", "b", "c"], colours=[[0, 0, 0], [9, 9, 9], [8, 8, 8]]))
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 3, 20, 30, generator=generator) * 2
    labels = torch.randint(0, 3, (3, 20, 30), generator=generator)
    labels[:, :5] = 255
    error = calibration_error(count_bins(*target.confidence(logits, labels)).numpy())
    expected = MulticlassCalibrationError(3, n_bins=BINS, norm="l1", ignore_index=255)(logits, labels)
    assert error.value == pytest.approx(float(expected), rel=1e-5)


def test_half_covered_pixels_are_half_true() -> None:
    assert calibration_error(sums([0.5, 0.5, 0, 1], [0.5, 0.5, 0, 1])).value == 0
    # Two of four pixels are wrong by 0.3 in the same direction; errors within a bin cancel each other.
    assert calibration_error(sums([0.5, 0.5, 0, 1], [0.2, 0.2, 0, 1])).value == pytest.approx(0.15)
    assert calibration_error(sums([0.5, 0.5, 0, 1], [0.2, 0.8, 0, 1])).value == pytest.approx(0)


def test_the_curve_has_the_means_of_each_bin() -> None:
    curve = reliability_curve(sums([0.01, 0.05, 0.99, 1], [0, 0.5, 1, 1]))
    assert len(curve) == BINS and curve[0]["from"] == 0 and curve[-1]["to"] == 1
    assert [part["share"] for part in curve] == [0.5, *[0] * 13, 0.5]
    assert (curve[0]["predicted"], curve[0]["true"]) == pytest.approx((0.03, 0.25))
    assert (curve[-1]["predicted"], curve[-1]["true"]) == pytest.approx((0.995, 1))
    assert math.isnan(curve[7]["predicted"]) and math.isnan(curve[7]["true"])


def test_void_pixels_count_nowhere() -> None:
    target = AlphaTarget(AlphaMask(void=127))
    logits = torch.tensor([[[[0.0, 9.0]]], [[[9.0, 9.0]]]])
    found = count_bins(*target.confidence(logits, torch.tensor([[[[1.0, -1.0]]], [[[-1.0, -1.0]]]])))
    assert found[..., 0].sum(dim=1).tolist() == [1, 0]
    error = calibration_error(found.numpy())
    assert (error.value, error.samples) == (0.5, 1)
    nothing = found[1:].numpy()
    assert math.isnan(calibration_error(nothing).value)
    assert math.isnan(reliability_curve(nothing)[0]["share"])
