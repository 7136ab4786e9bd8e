import math

import pytest
import torch

from training.measures import iou_per_sample
from training.models import Prediction, Truth
from training.target import AlphaTarget
from training.validation import Scores

CPU = torch.device("cpu")


def rows(*values: list[float]) -> torch.Tensor:
    """Samples (B, 1, 1, W) of one row each."""
    return torch.tensor(values)[:, None, None]


def test_intersection_over_union_by_hand() -> None:
    predicted = rows([1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]) > 0
    actual = rows([1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]) > 0
    # Common pixels: 1 of 3; all; none. Then both empty, and twice only one of them empty.
    assert iou_per_sample(predicted, actual).tolist() == pytest.approx([1 / 3, 1, 0, 1, 0, 0])


def test_a_batch_of_one_sample_counts_like_any_other() -> None:
    assert iou_per_sample(rows([1, 1, 0, 0]) > 0, rows([1, 0, 1, 0]) > 0).tolist() == pytest.approx([1 / 3])


def test_iou_is_the_mean_over_samples_of_all_batches() -> None:
    # IoU 1/1, 1/4, 1/2 and 0/1: the mean is 7/16. All pixels together would give 3/8.
    logits = rows([9, -9, -9, -9], [9, -9, -9, -9], [9, -9, -9, -9], [9, -9, -9, -9])
    mask, nothing = rows([1.0, 0, 0, 0], [1.0, 1, 1, 1], [1.0, 0, 1, 0], [0.0] * 4), torch.zeros(4, 1, 1, 4)
    together, apart = Scores(AlphaTarget(), CPU), Scores(AlphaTarget(), CPU)
    together.update(Prediction(logits, nothing), Truth(mask, nothing, nothing > 0))
    for some in (slice(0, 2), slice(2, 4)):
        truth = Truth(mask[some], nothing[some], nothing[some] > 0)
        apart.update(Prediction(logits[some], nothing[some]), truth)
    assert together.iou() == apart.iou() == 7 / 16
    assert together.samples == apart.samples == 4


def test_masks_are_cut_at_one_half_inclusive() -> None:
    # Predicted: logit 0 (0.5) is in, -0.1 is out. True: 0.5 is in, 0.49 is out. 1 of 3 pixels is common.
    scores, logits, mask = (
        Scores(AlphaTarget(), CPU),
        rows(*[[0.0, 0.1, -0.1, -0.1]] * 2),
        rows(*[[0.5, 0.49, 0.5, 0.0]] * 2),
    )
    depth = torch.zeros_like(mask)
    scores.update(Prediction(logits, depth), Truth(mask, depth, depth > 0))
    assert scores.iou() == pytest.approx(1 / 3)


def test_depth_rmse_is_over_known_pixels_of_all_batches() -> None:
    scores, nothing = Scores(AlphaTarget(), CPU), torch.zeros(2, 1, 1, 2)
    for depth, known in (
        (rows([0.9, 0.5], [1.0, 1.0]), rows([1, 1], [0, 0]) > 0),
        (rows([1.0, 1.0], [0.7, 1.0]), rows([0, 0], [1, 0]) > 0),
    ):
        scores.update(Prediction(nothing, depth), Truth(nothing, torch.full_like(depth, 0.5), known))
    # sqrt((0.16 + 0 + 0.04) / 3)
    assert scores.depth_rmse() == pytest.approx(math.sqrt(0.2 / 3))


def test_without_known_depth_there_is_no_rmse_but_an_iou() -> None:
    scores, nothing = Scores(AlphaTarget(), CPU), torch.zeros(2, 1, 1, 2)
    scores.update(Prediction(nothing - 5, nothing), Truth(nothing, nothing, nothing > 0))
    assert math.isnan(scores.depth_rmse())
    assert scores.iou() == 1


def test_without_a_depth_head_there_is_no_rmse_but_an_iou() -> None:
    scores, nothing = Scores(AlphaTarget(), CPU), torch.zeros(2, 1, 1, 2)
    scores.update(Prediction(nothing - 5, None), Truth(nothing, nothing + 0.5, nothing == 0))
    assert math.isnan(scores.depth_rmse())
    assert scores.iou() == 1


def test_nothing_counted_is_not_a_number() -> None:
    assert math.isnan(Scores(AlphaTarget(), CPU).iou()) and math.isnan(
        Scores(AlphaTarget(), CPU).depth_rmse()
    )
