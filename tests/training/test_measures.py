from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_accuracy
from torchmetrics.functional.segmentation import dice_score

from training.measures import (
    DEPTH_MEASURES,
    MASK_MEASURES,
    boundary_f_per_sample,
    class_accuracy_per_sample,
    class_ious_per_sample,
    depth_abs_rel_per_sample,
    depth_delta_per_sample,
    mean_iou_per_sample,
)

Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]

NAN = float("nan")


def edges_by_hand(mask: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Row and column (n, 2) of the edges of (H, W), pixel by pixel."""
    found = []
    for row, column in np.argwhere(counted & (mask if mask.dtype == bool else True)):
        around = (slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
        if (counted[around] & (mask[around] != mask[row, column])).any():
            found.append((row, column))
    return np.array(found).reshape(-1, 2)


def boundary_f_by_hand(predicted: np.ndarray, actual: np.ndarray, counted: np.ndarray) -> float:
    """Of masks (H, W)."""
    found, true = edges_by_hand(predicted, counted), edges_by_hand(actual, counted)
    if not counted.any() or (not len(true) and len(np.unique(actual[counted])) > 1):
        return NAN
    if not len(found) or not len(true):
        return float(not len(found) and not len(true) and (predicted == actual)[counted].all())
    distances = np.linalg.norm(found[:, None] - true[None], axis=2)
    precision, recall = (distances.min(axis=1) <= 2).mean(), (distances.min(axis=0) <= 2).mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true masks (5, 1, 4, 5) with random shares of foreground."""
    rng = np.random.default_rng(seed)
    predicted, actual = rng.random((2, 5, 1, 4, 5)) < rng.random((2, 5, 1, 1, 1))
    return predicted, actual


def test_dice_and_accuracy_are_those_of_torchmetrics() -> None:
    predicted, actual = map(torch.from_numpy, masks(0))
    first, second = predicted.long(), actual.long()
    dice = dice_score(first, second, num_classes=1, average="macro", input_format="one-hot")
    torch.testing.assert_close(MASK_MEASURES["dice"](predicted, actual, None), dice)
    accuracy = binary_accuracy(first, second, multidim_average="samplewise")
    torch.testing.assert_close(MASK_MEASURES["pixel_accuracy"](predicted, actual, None), accuracy)


@pytest.mark.parametrize("seed", range(10))
def test_measures_of_masks_follow_their_formulas_sample_by_sample(seed: int) -> None:
    predicted, actual = masks(seed)
    expected: dict[str, list[float]] = {name: [] for name in MASK_MEASURES}
    for p, a in zip(predicted, actual, strict=True):
        both, either, total = (p & a).sum(), (p | a).sum(), p.sum() + a.sum()
        expected["iou"].append(both / either if either else 1)
        expected["dice"].append(2 * both / total if total else 1)
        expected["pixel_accuracy"].append((p == a).mean())
        expected["boundary_f"].append(boundary_f_by_hand(p[0], a[0], np.ones_like(p[0])))
    for name, measure in MASK_MEASURES.items():
        found = measure(torch.from_numpy(predicted), torch.from_numpy(actual))
        assert found.shape == (5,) and found.is_floating_point()
        assert found.tolist() == pytest.approx(expected[name], rel=1e-6)


def test_empty_and_full_masks_are_defined() -> None:
    # Predicted and true pixels: none, none; half, none; none, half; all, all; all, none; half, all.
    predicted = torch.tensor([[0, 0], [1, 0], [0, 0], [1, 1], [1, 1], [1, 0]]).view(6, 1, 1, 2) > 0
    actual = torch.tensor([[0, 0], [0, 0], [1, 0], [1, 1], [0, 0], [1, 1]]).view(6, 1, 1, 2) > 0
    found = {name: measure(predicted, actual).tolist() for name, measure in MASK_MEASURES.items()}
    assert found["iou"] == [1, 0, 0, 1, 0, 0.5]
    assert found["dice"] == pytest.approx([1, 0, 0, 1, 0, 2 / 3])
    assert found["pixel_accuracy"] == [1, 0.5, 0.5, 1, 0, 0.5]
    assert found["boundary_f"] == [1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 3, 4), (3, 1, 1, 1)])
@pytest.mark.parametrize("name", MASK_MEASURES)
def test_batches_and_masks_may_be_of_one(name: str, shape: tuple[int, ...]) -> None:
    full = torch.ones(shape) > 0
    assert MASK_MEASURES[name](full, full).tolist() == [1] * shape[0]
    assert MASK_MEASURES[name](full, ~full).tolist() == [0] * shape[0]


@pytest.mark.parametrize("classes", [0, 4])
@pytest.mark.parametrize("seed", range(12))
def test_boundary_f_follows_its_formula_pixel_by_pixel(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (6, 11, 14)
    if classes:
        predicted, actual = (
            np.kron(rng.integers(0, classes, (6, 3, 3)), np.ones((1, 4, 5), int)) for _ in "pa"
        )
    else:
        predicted, actual = (np.kron(rng.random((6, 3, 3)) < 0.5, np.ones((1, 4, 5), bool)) for _ in "pa")
    predicted, actual = predicted[:, :11, :14], actual[:, :11, :14]
    counted = rng.random(shape) > rng.choice([0, 0.2, 0.9], (6, 1, 1))
    counted[0] = False
    expected = [boundary_f_by_hand(p, a, c) for p, a, c in zip(predicted, actual, counted, strict=True)]
    found = boundary_f_per_sample(*(torch.from_numpy(part)[:, None] for part in (predicted, actual, counted)))
    assert found.tolist() == pytest.approx(expected, rel=1e-6, nan_ok=True)
    assert np.isnan(expected[0]) and np.isfinite(expected[1:]).any()


def test_edges_are_the_same_up_to_2_pixels() -> None:
    actual = torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    actual[..., 5:15, 5:15] = True
    moved = [float(boundary_f_per_sample(actual.roll(step, dims=-1), actual)) for step in (0, 1, 2, 3)]
    # Of the 36 edge pixels of a square moved by 3, all of its upper and lower side but the last one are near,
    # and 2 at each end of the side that lies in the other square.
    assert moved == pytest.approx([1, 1, 1, (2 * 9 + 4) / 36])
    # The borders of the picture are no edges.
    assert boundary_f_per_sample(torch.ones(1, 1, 9, 9) > 0, torch.ones(1, 1, 9, 9) > 0).tolist() == [1]


def test_without_any_visible_edge_of_the_truth_there_is_no_boundary_f() -> None:
    actual = torch.zeros(3, 1, 8, 12, dtype=torch.bool)
    actual[1:, ..., :6] = True
    counted = torch.ones_like(actual)
    counted[1:, ..., 5:7] = False  # the edge between object and background
    counted[2] = False
    found = boundary_f_per_sample(torch.zeros_like(actual), actual, counted).tolist()
    assert found[0] == 1 and np.isnan(found[1]) and np.isnan(found[2])


def mean_iou_by_hand(predicted: np.ndarray, labels: np.ndarray, classes: int) -> float:
    counted, scores = labels != 255, []
    for number in range(classes):
        found, actual = (predicted == number) & counted, labels == number
        if (found | actual).any():
            scores.append((found & actual).sum() / (found | actual).sum())
    return float(np.mean(scores))


@pytest.mark.parametrize("seed", range(10))
def test_mean_iou_is_over_the_classes_there_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, labels = rng.integers(0, 6, (2, 4, 3, 4))
    labels[rng.random(labels.shape) < 0.2] = 255
    found = mean_iou_per_sample(torch.from_numpy(predicted), torch.from_numpy(labels), 6)
    expected = [mean_iou_by_hand(p, a, 6) for p, a in zip(predicted, labels, strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


def test_mean_iou_by_hand() -> None:
    # First: IoU 1 of class 0; 0 of classes 1 and 2; no 3 and 4. Second: all right. Third: all ignored.
    labels = torch.tensor([[0, 0, 2, 255], [4, 4, 4, 4], [255] * 4])[:, None]
    predicted = torch.tensor([[0, 0, 1, 3], [4, 4, 4, 4], [0, 1, 2, 3]])[:, None]
    found = mean_iou_per_sample(predicted, labels, 5).tolist()
    assert found[:2] == pytest.approx([(1 + 0 + 0) / 3, 1])
    assert np.isnan(found[2])


def test_each_class_has_its_iou_and_absent_ones_none() -> None:
    labels = torch.tensor([[0, 0, 2, 255], [4, 4, 4, 4], [255] * 4])[:, None]
    predicted = torch.tensor([[0, 0, 1, 3], [4, 4, 4, 4], [0, 1, 2, 3]])[:, None]
    found = class_ious_per_sample(predicted, labels, 5)
    nan = float("nan")
    expected = [[1, 0, 0, nan, nan], [nan, nan, nan, nan, 1], [nan] * 5]
    assert torch.equal(found.nan_to_num(-1), torch.tensor(expected).nan_to_num(-1))


def test_a_rare_class_counts_like_a_frequent_one_in_the_mean() -> None:
    # 99 of 100 pixels are right; the only pixel of class 1 is wrong.
    labels, predicted = torch.zeros(1, 10, 10, dtype=torch.int64), torch.zeros(1, 10, 10, dtype=torch.int64)
    labels[0, 0, 0] = 1
    assert float(mean_iou_per_sample(predicted, labels, 4)) == pytest.approx((0.99 + 0) / 2)
    assert float(class_accuracy_per_sample(predicted, labels)) == pytest.approx(0.99)


def test_accuracy_of_classes_leaves_out_ignored_pixels() -> None:
    labels = torch.tensor([[0, 1, 255, 255], [255] * 4])[:, None]
    predicted = torch.tensor([[0, 2, 1, 0], [0, 1, 2, 3]])[:, None]
    found = class_accuracy_per_sample(predicted, labels).tolist()
    assert found[0] == 0.5 and np.isnan(found[1])


@pytest.mark.parametrize("seed", range(5))
def test_measures_of_depth_follow_their_formulas_sample_by_sample(
    ssim_by_hand: Similarity, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # The cubes of random numbers, so that some are below the floor of 0.02.
    prediction, truth = rng.random((2, 4, 1, 8, 9)) ** 3
    known = rng.random((4, 1, 8, 9)) > 0.2
    expected: dict[str, list[float]] = {name: [] for name in DEPTH_MEASURES}
    for p, t, k in zip(prediction[:, 0], truth[:, 0], known[:, 0], strict=True):
        errors = (p - t)[k]
        expected["rmse"].append(np.sqrt((errors**2).mean()))
        expected["mae"].append(np.abs(errors).mean())
        expected["ssim"].append(ssim_by_hand(p * k, t * k)[k].mean())
        high, low = np.maximum(p[k], 0.02), np.maximum(t[k], 0.02)
        expected["abs_rel"].append((np.abs(high - low) / low).mean())
        expected["delta_1.25"].append(((high / low < 1.25) & (low / high < 1.25)).mean())
    tensors = [torch.from_numpy(values) for values in (prediction, truth, known)]
    for name, measure in DEPTH_MEASURES.items():
        found = measure(*tensors)
        assert found.shape == (4,)
        assert found.tolist() == pytest.approx(expected[name], rel=1e-6)


@pytest.mark.parametrize("name", DEPTH_MEASURES)
def test_depth_that_is_right_is_perfect_and_depth_that_is_unknown_not_a_number(name: str) -> None:
    truth = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    known = torch.ones(2, 1, 8, 8) > 0
    known[1] = False
    found = DEPTH_MEASURES[name](truth, truth.clone(), known).tolist()
    assert found[0] == pytest.approx(1 if name in ("ssim", "delta_1.25") else 0, abs=1e-4)
    assert np.isnan(found[1])


def test_ratios_by_hand() -> None:
    # Both are below the floor; 0.6 for 0.5; 0.25 for 0.2 (a ratio of exactly 1.25); unknown.
    prediction = torch.tensor([0.0, 0.6, 0.25, 1.0], dtype=torch.float64).view(1, 1, 1, 4)
    truth = torch.tensor([0.01, 0.5, 0.2, 0.0], dtype=torch.float64).view(1, 1, 1, 4)
    known = torch.tensor([True, True, True, False]).view(1, 1, 1, 4)
    assert float(depth_abs_rel_per_sample(prediction, truth, known)) == pytest.approx((0 + 0.2 + 0.25) / 3)
    assert float(depth_delta_per_sample(prediction, truth, known)) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", DEPTH_MEASURES)
def test_half_precision_is_raised_before_it_is_summed(name: str) -> None:
    rng = torch.Generator().manual_seed(0)
    prediction, truth = torch.rand(2, 2, 1, 64, 64, generator=rng).bfloat16()
    known = torch.ones(2, 1, 64, 64) > 0
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = DEPTH_MEASURES[name](prediction, truth, known)
    assert found.dtype == torch.float32
    expected = DEPTH_MEASURES[name](prediction.double(), truth.double(), known)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-4)
