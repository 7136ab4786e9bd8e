from collections.abc import Callable

import numpy as np
import pytest
import torch
from cv2 import BORDER_REFLECT_101, pyrDown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve

from training.losses import (
    MASK_LOSSES,
    bce_loss,
    dice_loss,
    focal_loss,
    iou_loss,
    laplacian_loss,
    mask_rmse_loss,
    mask_ssim_loss,
    pixelwise_loss,
)

MaskLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]

ALL = pytest.mark.parametrize("loss", MASK_LOSSES.values(), ids=MASK_LOSSES)


def random(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test with many seeds."""
    loose = settings(
        max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    return loose(given(seed=st.integers(0, 2**32 - 1))(test))


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def logits_and_mask(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random logits (2, 1, 4, 5), and masks: some are soft, some hard, some empty."""
    rng = np.random.default_rng(seed)
    mask = rng.random((2, 1, 4, 5))
    if rng.random() < 0.5:
        mask = np.rint(mask)
    return rng.normal(0, 4, mask.shape), mask * rng.integers(0, 2, (2, 1, 1, 1))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def check(loss: MaskLoss, seed: int, by_hand: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Compare a loss with the mean over samples of `by_hand(probabilities, mask)`."""
    logits, mask = logits_and_mask(seed)
    expected = np.mean([by_hand(p, m) for p, m in zip(sigmoid(logits), mask, strict=True)])
    found = loss(torch.from_numpy(logits), torch.from_numpy(mask))
    assert found.dtype == torch.float64
    assert float(found) == pytest.approx(expected, rel=1e-9)


@random
def test_dice_follows_its_formula(seed: int) -> None:
    check(dice_loss, seed, lambda p, m: 1 - (2 * np.minimum(p, m).sum() + 1) / (p.sum() + m.sum() + 1))


@random
def test_intersection_over_union_follows_its_formula(seed: int) -> None:
    check(iou_loss, seed, lambda p, m: 1 - (np.minimum(p, m).sum() + 1) / (np.maximum(p, m).sum() + 1))


@random
def test_cross_entropy_follows_its_formula(seed: int) -> None:
    check(bce_loss, seed, lambda p, m: -(m * np.log(p) + (1 - m) * np.log(1 - p)).mean())


@random
def test_focal_loss_follows_its_formula(seed: int) -> None:
    def by_hand(p: np.ndarray, m: np.ndarray) -> float:
        return float(-(m * (1 - p) ** 2 * np.log(p) + (1 - m) * p**2 * np.log(1 - p)).mean())

    check(focal_loss, seed, by_hand)


@random
def test_pixelwise_loss_follows_its_formula(seed: int) -> None:
    check(pixelwise_loss, seed, lambda p, m: ((p - m) ** 2).mean())


@random
def test_root_mean_squared_error_follows_its_formula(seed: int) -> None:
    check(mask_rmse_loss, seed, lambda p, m: ((p - m) ** 2).mean() ** 0.5)


@random
def test_ssim_follows_its_formula(ssim_by_hand: Similarity, seed: int) -> None:
    check(mask_ssim_loss, seed, lambda p, m: (1 - ssim_by_hand(p[0], m[0]).mean()) / 2)


def laplacian_by_hand(error: np.ndarray) -> float:
    """Of an error (H, W), with sides of at least 3 at each level."""
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    costs = []
    for level in range(4):
        half = pyrDown(error, borderType=BORDER_REFLECT_101)
        spread = np.zeros_like(error)
        spread[::2, ::2] = half
        details = error - 4 * convolve(spread, kernel, mode="mirror")
        costs.append(2**level * np.abs(details).mean())
        error = half
    return float(np.mean([*costs, 16 * np.abs(error).mean()]))


@pytest.mark.parametrize("size", [(33, 47), (32, 64), (96, 50)])
def test_the_laplacian_loss_follows_its_formula(size: tuple[int, int]) -> None:
    logits, mask = rand(2, 1, *size) * 8 - 4, rand(2, 1, *size, seed=1).round()
    errors = (logits.sigmoid() - mask)[:, 0].numpy()
    expected = np.mean([laplacian_by_hand(error) for error in errors])
    assert float(laplacian_loss(logits, mask)) == pytest.approx(expected, rel=1e-9)


def test_the_laplacian_loss_of_one_wrong_pixel_by_hand() -> None:
    # Of 4 x 4 pixels a corner is wrong by 1. Blurred by 1, 4, 6, 4, 1 and halved, 6 / 16 of it stay in a row,
    # and 1 / 16 reaches the other pixel.
    logits, mask = torch.full((1, 1, 4, 4), -50.0).double(), torch.zeros(1, 1, 4, 4).double()
    mask[..., 0, 0] = 1
    weights = np.array([6, 1]) / 16
    half = np.outer(weights, weights)
    # Doubled, pixels are the mean of 1, 6, 1, or of their two neighbours; at borders these are mirrored.
    spread = np.array([[6 / 8, 2 / 8], [4 / 8, 4 / 8], [1 / 8, 7 / 8], [0, 1]])
    details = mask[0, 0].numpy() - spread @ half @ spread.T
    expected = (np.abs(details).mean() + 2 * half.mean()) / 2
    assert float(laplacian_loss(logits, mask)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (3, 3), (5, 7), (32, 32)])
def test_the_laplacian_loss_of_small_pictures(size: tuple[int, int]) -> None:
    mask = rand(2, 1, *size)
    assert float(laplacian_loss(mask.logit(), mask)) == pytest.approx(0, abs=1e-12)
    assert float(laplacian_loss(mask.logit(), 1 - mask)) > 0.1


def test_overlaps_by_hand() -> None:
    # Probabilities 0.5 against (1, 0) and (0, 0). Dice: 1 - (2 * 0.5 + 1) / (1 + 1 + 1) and 1 - 1 / (1 + 1);
    # IoU: 1 - (0.5 + 1) / (1.5 + 1) and 1 - 1 / (1 + 1).
    mask = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(2, 1, 1, 2)
    assert float(dice_loss(torch.zeros(2, 1, 1, 2), mask)) == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert float(iou_loss(torch.zeros(2, 1, 1, 2), mask)) == pytest.approx((0.4 + 0.5) / 2)


def test_a_pixel_already_right_hardly_counts_in_the_focal_loss() -> None:
    easy, mask = torch.full((1, 1, 1, 1), 4.0), torch.ones(1, 1, 1, 1)
    share = float(focal_loss(easy, mask) / bce_loss(easy, mask))
    assert share == pytest.approx((1 - sigmoid(np.array(4.0))) ** 2, rel=1e-4)


WORST = {
    **{"dice": 0.98, "bce": 19, "focal": 19, "iou": 0.98, "laplacian": 1.06},
    **{"pixelwise": 0.99, "rmse": 0.99, "ssim": 0.49},
}
MOST = {"bce": 20.0, "focal": 20.0, "laplacian": 3.0}
"""What a missed mask costs at most, if it is more than 1."""


@pytest.mark.parametrize("kind", ["empty", "full", "half"])
@pytest.mark.parametrize("name", MASK_LOSSES)
def test_a_mask_that_is_found_costs_nothing_and_one_that_is_missed_all_there_is(name: str, kind: str) -> None:
    mask = torch.full((2, 1, 8, 8), 0.0 if kind == "empty" else 1.0)
    if kind == "half":
        mask[..., :4] = 0
    right = (40 * mask - 20).requires_grad_()
    wrong = (-right).detach().requires_grad_()
    for logits, low, high in ((right, 0, 1e-5), (wrong, WORST[name], MOST.get(name, 1))):
        loss = MASK_LOSSES[name](logits, mask)
        loss.backward()
        assert low <= float(loss.detach()) <= high + 1e-4
        assert logits.grad is not None and logits.grad.isfinite().all()


@pytest.mark.parametrize("name", ["dice", "iou", "laplacian", "pixelwise", "rmse", "ssim"])
def test_soft_edges_that_are_met_cost_nothing(name: str) -> None:
    mask = rand(2, 1, 8, 8)
    assert float(MASK_LOSSES[name](mask.logit(), mask)) == pytest.approx(0, abs=1e-7)


@ALL
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_each_pulls_every_pixel_of_an_empty_or_full_mask_the_right_way(loss: MaskLoss, value: float) -> None:
    logits = torch.zeros(1, 1, 8, 8, requires_grad=True)
    loss(logits, torch.full((1, 1, 8, 8), value)).backward()
    assert logits.grad is not None and (logits.grad * (1 - 2 * value) > 0).all()


@ALL
def test_gradients_are_the_slopes(loss: MaskLoss) -> None:
    logits, mask = rand(2, 1, 3, 4) * 4 - 2, rand(2, 1, 3, 4, seed=1)
    mask[1] = 0
    assert torch.autograd.gradcheck(lambda x: loss(x, mask), logits.requires_grad_(), fast_mode=True)


@ALL
def test_a_sample_costs_the_same_in_any_company(loss: MaskLoss) -> None:
    logits, mask = rand(3, 1, 8, 8) * 8 - 4, rand(3, 1, 8, 8, seed=1).round()
    alone = [float(loss(logits[n : n + 1], mask[n : n + 1])) for n in range(3)]
    assert float(loss(logits, mask)) == pytest.approx(np.mean(alone), rel=1e-9)


@ALL
def test_half_precision_and_autocast_change_no_more_than_their_rounding(loss: MaskLoss) -> None:
    logits, mask = (rand(2, 1, 64, 64) * 8 - 4).bfloat16(), rand(2, 1, 64, 64, seed=1).round().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(logits, mask)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(loss(logits.double(), mask.double())), rel=1e-5)
