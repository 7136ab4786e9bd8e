from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from generator.errors import ConfigError
from training.losses import WeightedLoss, bce_loss, dice_loss, l1_loss, ssim_loss
from training.models import Prediction
from training.prepare import Truth

SEEDS = st.integers(0, 2**32 - 1)
DepthLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def rand(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def logits_and_mask(
    seed: int, count: int = 2, height: int = 4, width: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Random logits, and masks of which some are soft, some hard and some empty."""
    rng = np.random.default_rng(seed)
    mask = rng.random((count, 1, height, width))
    if rng.random() < 0.5:
        mask = np.rint(mask)
    return rng.normal(0, 4, mask.shape), mask * rng.integers(0, 2, (count, 1, 1, 1))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_dice_follows_its_formula(seed: int) -> None:
    logits, mask = logits_and_mask(seed)
    costs = []
    for x, m in zip(sigmoid(logits), mask, strict=True):
        costs.append(1 - (2 * (x * m).sum() + 1) / (x.sum() + m.sum() + 1))
    found = dice_loss(torch.from_numpy(logits), torch.from_numpy(mask))
    assert float(found) == pytest.approx(np.mean(costs), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_cross_entropy_follows_its_formula(seed: int) -> None:
    logits, mask = logits_and_mask(seed)
    p = sigmoid(logits)
    expected = -(mask * np.log(p) + (1 - mask) * np.log(1 - p)).mean()
    assert float(bce_loss(torch.from_numpy(logits), torch.from_numpy(mask))) == pytest.approx(
        expected, rel=1e-9
    )


def test_dice_by_hand() -> None:
    # Probabilities 0.5 against (1, 0): (2 * 0.5 + 1) / (1 + 1 + 1) = 2/3; against (0, 0): 1 / (1 + 1) = 1/2.
    mask = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(2, 1, 1, 2)
    assert float(dice_loss(torch.zeros(2, 1, 1, 2), mask)) == pytest.approx((1 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_empty_or_full_mask_that_is_found_costs_nothing_and_one_that_is_missed_much(value: float) -> None:
    mask = torch.full((2, 1, 8, 8), value)
    right = torch.full_like(mask, 40 * value - 20).requires_grad_()
    wrong = (-right).detach().requires_grad_()
    for logits, low, high in ((right, 0, 1e-5), (wrong, 0.95, 1)):
        loss = dice_loss(logits, mask)
        loss.backward()
        assert low <= float(loss.detach()) <= high
        assert logits.grad is not None and logits.grad.isfinite().all()


def test_dice_pulls_an_empty_mask_towards_empty() -> None:
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    dice_loss(logits, torch.zeros(1, 1, 4, 4)).backward()
    assert logits.grad is not None and (logits.grad > 0).all()


def ssim_by_hand(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """SSIM (H, W) of Wang et al. 2004: Gaussian of 11 taps and sigma 1.5, range 1, borders mirrored."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2

    def blur(x: np.ndarray) -> np.ndarray:
        views = sliding_window_view(np.pad(x, 5, mode="reflect"), (11, 11))
        blurred: np.ndarray = (views * window).sum(axis=(2, 3))
        return blurred

    mean_1, mean_2 = blur(one), blur(other)
    variance_1, variance_2 = blur(one**2) - mean_1**2, blur(other**2) - mean_2**2
    covariance = blur(one * other) - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
    structure: np.ndarray = (2 * covariance + c2) / (variance_1 + variance_2 + c2)
    return luminance * structure


def test_ssim_follows_its_formula_sample_by_sample() -> None:
    one, other = rand(3, 1, 16, 20), rand(3, 1, 16, 20, seed=1)
    other[0] = one[0] * 0.9 + 0.05
    maps = [
        ssim_by_hand(a[0].double().numpy(), b[0].double().numpy()) for a, b in zip(one, other, strict=True)
    ]
    known = torch.ones(3, 1, 16, 20, dtype=torch.bool)
    assert float(ssim_loss(one, other, known)) == pytest.approx((1 - np.mean(maps)) / 2, rel=1e-4)
    assert float(ssim_loss(one[:1], other[:1], known[:1])) == pytest.approx(
        (1 - maps[0].mean()) / 2, rel=1e-4
    )


def test_ssim_is_averaged_over_known_pixels_with_the_unknown_set_to_0() -> None:
    one, other = rand(2, 1, 16, 16), rand(2, 1, 16, 16, seed=1)
    other[0] = one[0] * 0.9 + 0.05
    known = torch.ones(2, 1, 16, 16, dtype=torch.bool)
    known[0, ..., :6] = False
    a, b = ((x * known)[:, 0].double().numpy() for x in (one, other))
    first, second = ((1 - ssim_by_hand(x, y)) / 2 for x, y in zip(a, b, strict=True))
    expected = (first[:, 6:].sum() + second.sum()) / (16 * 10 + 16 * 16)
    assert float(ssim_loss(one, other, known)) == pytest.approx(expected, rel=1e-4)


def test_the_same_trained_and_validated() -> None:
    one, other, known = rand(2, 1, 16, 16), rand(2, 1, 16, 16, seed=1), torch.ones(2, 1, 16, 16) > 0
    with torch.no_grad():
        validated = float(ssim_loss(one, other, known))
    assert float(ssim_loss(one.requires_grad_(), other, known).detach()) == pytest.approx(validated, rel=1e-5)


@pytest.mark.parametrize("trained", [True, False])
def test_ssim_is_reckoned_in_fp32_under_autocast(trained: bool) -> None:
    one, other, known = rand(2, 1, 16, 16), rand(2, 1, 16, 16, seed=1), torch.ones(2, 1, 16, 16) > 0
    one = one.bfloat16().requires_grad_(trained)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = ssim_loss(one, other, known)
    assert found.dtype == torch.float32
    assert torch.equal(found, ssim_loss(one.float(), other, known))


def test_absolute_error_by_hand() -> None:
    prediction, truth = torch.tensor([0.5, 0.25, 1.0, 0.0]), torch.tensor([0.25, 0.25, 0.0, 0.5])
    known = torch.tensor([True, True, False, True])
    # (0.25 + 0 + 0.5) / 3
    views = (values.view(1, 1, 2, 2) for values in (prediction, truth, known))
    assert float(l1_loss(*views)) == pytest.approx(0.25)


@pytest.mark.parametrize("loss", [ssim_loss, l1_loss])
def test_equal_depth_costs_nothing(loss: DepthLoss) -> None:
    depth = rand(2, 1, 16, 16)
    assert float(loss(depth, depth.clone(), depth > 0.2)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [ssim_loss, l1_loss])
def test_unknown_pixels_change_nothing_and_get_no_gradient(loss: DepthLoss) -> None:
    prediction, truth = rand(2, 1, 16, 16), rand(2, 1, 16, 16, seed=1)
    known = rand(2, 1, 16, 16, seed=2) > 0.3
    otherwise = torch.where(known, prediction, 1 - prediction)
    otherwise_truth = torch.where(known, truth, rand(2, 1, 16, 16, seed=3))
    assert torch.equal(loss(prediction, truth, known), loss(otherwise, otherwise_truth, known))
    prediction.requires_grad_()
    loss(prediction, truth, known).backward()
    assert prediction.grad is not None
    assert (prediction.grad[~known] == 0).all() and (prediction.grad[known] != 0).any()


@pytest.mark.parametrize("loss", [ssim_loss, l1_loss])
def test_depth_unknown_everywhere_costs_nothing(loss: DepthLoss) -> None:
    prediction = rand(1, 1, 16, 16).requires_grad_()
    found = loss(prediction, torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16, dtype=torch.bool))
    found.backward()
    assert float(found.detach()) == 0
    assert prediction.grad is not None and (prediction.grad == 0).all()


def test_gradients_are_the_slopes_of_the_losses() -> None:
    logits = (rand(2, 1, 3, 4, dtype=torch.float64) * 4 - 2).requires_grad_()
    mask = rand(2, 1, 3, 4, seed=1, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: dice_loss(x, mask), logits)
    assert torch.autograd.gradcheck(lambda x: bce_loss(x, mask), logits)
    known = mask > 0.3
    # Apart from the truth, where the absolute value has a corner.
    prediction = (mask + torch.where(logits.detach() > 0, 0.1, -0.1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: l1_loss(x, mask, known), prediction)


def predicted(seed: int = 0) -> tuple[Prediction, Truth]:
    prediction = Prediction(rand(2, 1, 16, 16, seed=seed) * 4 - 2, rand(2, 1, 16, 16, seed=seed + 1))
    mask = (rand(2, 1, 16, 16, seed=seed + 2) > 0.5).float()
    return prediction, Truth(mask, rand(2, 1, 16, 16, seed=seed + 3), rand(2, 1, 16, 16, seed=seed + 4) > 0.1)


def test_the_loss_is_the_weighted_sum_of_its_terms() -> None:
    prediction, truth = predicted()
    terms = WeightedLoss({"dice": 2.0, "bce": 0.5}, {"ssim": 3.0, "l1": 0.25})(prediction, truth)
    assert list(terms) == ["loss", "dice", "bce", "ssim", "l1"]
    assert torch.equal(terms["dice"], dice_loss(prediction.mask_logits, truth.mask))
    assert torch.equal(terms["bce"], bce_loss(prediction.mask_logits, truth.mask))
    assert torch.equal(terms["ssim"], ssim_loss(prediction.depth, truth.depth, truth.known))
    assert torch.equal(terms["l1"], l1_loss(prediction.depth, truth.depth, truth.known))
    expected = 2 * terms["dice"] + 0.5 * terms["bce"] + 3 * terms["ssim"] + 0.25 * terms["l1"]
    assert float(terms["loss"]) == pytest.approx(float(expected), rel=1e-6)


def test_terms_not_asked_for_are_left_out() -> None:
    terms = WeightedLoss({"bce": 1.0}, {"l1": 1.0})(*predicted())
    assert list(terms) == ["loss", "bce", "l1"]


@pytest.mark.parametrize(
    ("mask_terms", "depth_terms", "option"),
    [({"dise": 1.0}, {}, "--mask-loss"), ({"bce": 1.0}, {"dice": 1.0}, "--depth-loss")],
)
def test_an_unknown_term_is_refused_with_those_there_are(
    mask_terms: dict[str, float], depth_terms: dict[str, float], option: str
) -> None:
    with pytest.raises(ConfigError) as error:
        WeightedLoss(mask_terms, depth_terms)
    assert error.value.where == option
    assert error.value.found in ("dise", "dice")
    assert {"--mask-loss": "dice, bce", "--depth-loss": "ssim, l1"}[option] in error.value.expected
