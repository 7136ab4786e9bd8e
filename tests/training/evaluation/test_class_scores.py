"""Scores of classes over all pixels; every number is calculated by hand or by torchmetrics."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from training.evaluation.bootstrap import estimate, estimate_of_sums
from training.evaluation.class_scores import ClassCounts, count_batch, join_counts, score_classes
from training.measures import confusion_per_sample

NAMES = ["sky", "road", "car", "tree"]


def answers(seed: int, samples: int, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    predicted, labels = rng.integers(0, classes, (2, samples, 5, 7))
    labels[rng.random(labels.shape) < 1 / 5] = 255
    return torch.from_numpy(predicted), torch.from_numpy(labels)


def counted(predicted: torch.Tensor, labels: torch.Tensor, size: int = 3) -> ClassCounts:
    """The counts of samples that come in batches."""
    batches = [
        count_batch(confusion_per_sample(*pair, 4))
        for pair in zip(predicted.split(size), labels.split(size), strict=True)
    ]
    return join_counts({name: np.concatenate([b[name].numpy() for b in batches]) for name in batches[0]})


def test_they_are_those_of_torchmetrics_over_all_pixels() -> None:
    predicted, labels = answers(0, 8)
    counts = counted(predicted, labels)
    matrix = MulticlassConfusionMatrix(4, ignore_index=255)(predicted, labels)
    assert counts.confusion.tolist() == matrix.tolist()
    found = score_classes(counts, NAMES)
    ious = MulticlassJaccardIndex(4, average="none", ignore_index=255)(predicted, labels)
    assert [found["by_class"][name]["iou"].value for name in NAMES] == pytest.approx(ious.tolist())
    assert found["mean_iou"].value == pytest.approx(float(ious.mean()))
    right = (predicted == labels).sum() / (labels != 255).sum()
    assert found["pixel_accuracy"].value == pytest.approx(float(right))
    assert found["mean_iou"].low < found["mean_iou"].value < found["mean_iou"].high


def test_a_class_that_is_nowhere_is_absent_and_one_that_is_only_predicted_counts_as_0() -> None:
    # Truth: 3 sky, 1 road. Predicted: 2 sky, 1 road (of the sky), 1 car (of the road).
    labels, predicted = torch.tensor([[[0, 0, 0, 1]]]), torch.tensor([[[0, 0, 1, 2]]])
    found = score_classes(counted(predicted, labels), NAMES)
    of_class = found["by_class"]
    assert of_class["tree"] is None
    assert [of_class[name]["iou"].value for name in NAMES[:3]] == pytest.approx([2 / 3, 0, 0])
    assert found["mean_iou"].value == pytest.approx(2 / 9)
    assert found["mean_dice"].value == pytest.approx(0.8 / 3)
    assert (of_class["sky"]["recall"], of_class["sky"]["precision"]) == pytest.approx((2 / 3, 1))
    assert math.isnan(of_class["car"]["recall"]) and of_class["car"]["precision"] == 0
    assert (of_class["sky"]["share"], of_class["sky"]["samples"]) == (0.75, 1)
    assert math.isnan(found["mean_iou"].low)
    assert found["worst_confusions"] == [
        {"truth": "sky", "predicted": "road", "share": 0.25, "share_of_truth": pytest.approx(1 / 3)},
        {"truth": "road", "predicted": "car", "share": 0.25, "share_of_truth": 1.0},
    ]


def test_without_any_pixel_that_counts_there_is_no_number() -> None:
    predicted, _ = answers(0, 2)
    found = score_classes(counted(predicted, torch.full_like(predicted, 255)), NAMES)
    assert math.isnan(found["mean_iou"].value) and found["mean_iou"].samples == 0
    assert not any(found["by_class"].values()) and found["worst_confusions"] == []


def test_intervals_of_sums_are_those_of_the_bootstrap_of_samples() -> None:
    rng = np.random.default_rng(0)
    hits, all_pixels = rng.random(60), np.ones(60)
    (ratio,) = estimate_of_sums(
        np.stack([hits, all_pixels], axis=1), lambda sums: sums[..., :1] / sums[..., 1:]
    )
    mean = estimate(hits)
    assert ratio.value == pytest.approx(mean.value)
    # Both are percentiles of 1,000 resamples.
    assert (ratio.low, ratio.high) == pytest.approx((mean.low, mean.high), abs=0.01)
