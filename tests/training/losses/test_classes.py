from collections.abc import Callable

import numpy as np
import pytest
import torch

from training.losses import CLASS_LOSSES, class_cross_entropy_loss, class_dice_loss
from training.losses.classes import one_hot

ClassLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
ALL = pytest.mark.parametrize("loss", CLASS_LOSSES.values(), ids=CLASS_LOSSES)


def logits_and_labels(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (3, 4, 5, 6) of 4 classes, and labels (a sixth is ignored). The last sample lacks class 3."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (3, 5, 6))
    labels[2][labels[2] == 3] = 0
    labels[rng.random(labels.shape) < 1 / 6] = 255
    return torch.from_numpy(rng.normal(0, 3, (3, 4, 5, 6))), torch.from_numpy(labels)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the first axis."""
    powers = np.exp(logits)
    shares: np.ndarray = powers / powers.sum(axis=0)
    return shares


def cross_entropy_by_hand(logits: np.ndarray, labels: np.ndarray, focus: float) -> float:
    costs = []
    for sample, y, x in np.ndindex(labels.shape):
        if labels[sample, y, x] != 255:
            p = softmax(logits[sample, :, y, x])[labels[sample, y, x]]
            costs.append(-((1 - p) ** focus) * np.log(p))
    return float(np.mean(costs))


def overlaps_by_hand(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The Dice loss and the IoU loss."""
    dice, iou = [], []
    for scores, truth in zip(logits, labels, strict=True):
        for number, p in enumerate(softmax(scores)):
            inside, outside = p[truth == number].sum(), p[(truth != number) & (truth != 255)].sum()
            area = (truth == number).sum()
            dice.append(1 - (2 * inside + 1) / (inside + outside + area + 1))
            iou.append(1 - (inside + 1) / (outside + area + 1))
    return float(np.mean(dice)), float(np.mean(iou))


@pytest.mark.parametrize("seed", range(5))
def test_each_follows_its_formula(seed: int) -> None:
    logits, labels = logits_and_labels(seed)
    arrays = logits.numpy(), labels.numpy()
    dice, iou = overlaps_by_hand(*arrays)
    expected = {
        "ce": cross_entropy_by_hand(*arrays, focus=0),
        "focal": cross_entropy_by_hand(*arrays, focus=2),
        "dice": dice,
        "iou": iou,
    }
    found = {name: float(loss(logits, labels)) for name, loss in CLASS_LOSSES.items()}
    assert found == pytest.approx(expected, rel=1e-9)


@ALL
def test_gradients_are_the_slopes_and_ignored_pixels_have_none(loss: ClassLoss) -> None:
    logits, labels = logits_and_labels()
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), logits, fast_mode=True)
    loss(logits, labels).backward()
    assert logits.grad is not None
    ignored = (labels == 255)[:, None].expand_as(logits)
    assert (logits.grad[ignored] == 0).all() and (logits.grad[~ignored] != 0).all()


@ALL
def test_where_all_is_ignored_there_is_no_cost_and_no_gradient(loss: ClassLoss) -> None:
    logits = logits_and_labels()[0].requires_grad_()
    found = loss(logits, torch.full((3, 5, 6), 255))
    found.backward()
    assert float(found.detach()) == 0
    assert logits.grad is not None and (logits.grad == 0).all()


@ALL
def test_a_right_answer_costs_nothing_and_a_wrong_one_much(loss: ClassLoss) -> None:
    labels = logits_and_labels()[1]
    right = 40.0 * torch.stack([labels == number for number in range(4)], dim=1)
    wrong = right.roll(1, dims=1)
    assert float(loss(right, labels)) == pytest.approx(0, abs=1e-6)
    assert float(loss(wrong, labels)) > 0.8


def test_one_class_everywhere_and_the_others_absent() -> None:
    # Two classes, 4 pixels of class 0. All right: 0 for both. All wrong: 1 - 1 / 5 for both.
    labels, sure = torch.zeros(1, 2, 2, dtype=torch.int64), torch.zeros(1, 2, 2, 2)
    sure[:, 0] = 40
    assert float(class_dice_loss(sure, labels)) == pytest.approx(0, abs=1e-6)
    assert float(class_dice_loss(-sure, labels)) == pytest.approx(0.8)


def test_a_rare_class_weighs_like_a_frequent_one_in_dice_and_by_its_pixels_in_cross_entropy() -> None:
    # 1 of 100 pixels has class 1, but class 0 is predicted everywhere.
    labels, sure = torch.zeros(1, 10, 10, dtype=torch.int64), torch.zeros(1, 2, 10, 10)
    labels[0, 0, 0], sure[:, 0] = 1, 20.0
    expected = ((1 - (2 * 99 + 1) / (99 + 100 + 1)) + (1 - 1 / (1 + 1))) / 2
    assert float(class_dice_loss(sure, labels)) == pytest.approx(expected, abs=1e-6)
    assert float(class_cross_entropy_loss(sure, labels)) == pytest.approx(20 / 100, abs=1e-6)


def test_labels_become_a_mask_for_each_class_and_an_ignored_pixel_none() -> None:
    flags = one_hot(torch.tensor([[[0, 2, 255]]]), 3)
    assert flags.dtype == torch.bool
    assert flags[0, :, 0].tolist() == [[True, False, False], [False, False, False], [False, True, False]]


@ALL
def test_half_precision_and_autocast_change_no_more_than_their_rounding(loss: ClassLoss) -> None:
    logits, labels = logits_and_labels()
    halved = logits.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(halved, labels)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(loss(halved.double(), labels)), rel=1e-5)


WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 4.0])


def test_weights_of_classes_are_those_of_torch() -> None:
    logits, labels = logits_and_labels()
    expected = torch.nn.functional.cross_entropy(
        logits, labels, weight=WEIGHTS.to(logits), ignore_index=255, reduction="mean"
    )
    assert float(class_cross_entropy_loss(logits, labels, WEIGHTS)) == pytest.approx(float(expected))
    # The focal loss without its focus is the cross-entropy.
    pixels = torch.nn.functional.cross_entropy(logits, labels, ignore_index=255, reduction="none")
    shares = WEIGHTS.to(logits)[labels.clamp(max=3)] * (labels != 255)
    expected = (shares * (1 - torch.exp(-pixels)) ** 2 * pixels).sum() / shares.sum()
    assert float(CLASS_LOSSES["focal"](logits, labels, WEIGHTS)) == pytest.approx(float(expected))


@pytest.mark.parametrize("name", ["dice", "iou"])
def test_overlaps_are_averaged_by_weight(name: str) -> None:
    logits, labels = logits_and_labels()
    loss = CLASS_LOSSES[name]
    alone = [float(loss(logits, labels, torch.eye(4)[number])) for number in range(4)]
    assert float(loss(logits, labels)) == pytest.approx(np.mean(alone))
    expected = np.average(alone, weights=WEIGHTS.numpy())
    assert float(loss(logits, labels, WEIGHTS)) == pytest.approx(expected)


@ALL
def test_the_same_weight_for_all_classes_changes_nothing(loss: ClassLoss) -> None:
    logits, labels = logits_and_labels()
    weighted = loss(logits, labels, torch.full((4,), 3.0))  # type: ignore[call-arg]
    assert float(weighted) == pytest.approx(float(loss(logits, labels)))
    assert float(loss(logits, torch.full_like(labels, 255), WEIGHTS)) == pytest.approx(0, abs=1e-6)  # type: ignore[call-arg]
