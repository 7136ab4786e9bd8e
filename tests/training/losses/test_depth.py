from collections.abc import Callable

import numpy as np
import pytest
import torch

from training.losses import DEPTH_LOSSES, edge_loss, l1_loss, mse_loss, rmse_loss, ssim_loss

DepthLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]

ALL = pytest.mark.parametrize("loss", DEPTH_LOSSES.values(), ids=DEPTH_LOSSES)


def rand(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_ssim_follows_its_formula_sample_by_sample(ssim_by_hand: Similarity) -> None:
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


def test_ssim_is_averaged_over_known_pixels_with_the_unknown_set_to_0(ssim_by_hand: Similarity) -> None:
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


@ALL
def test_equal_depth_costs_nothing(loss: DepthLoss) -> None:
    depth = rand(2, 1, 16, 16)
    assert float(loss(depth, depth.clone(), depth > 0.2)) == pytest.approx(0, abs=1e-6)


@ALL
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


@ALL
def test_depth_unknown_everywhere_costs_nothing(loss: DepthLoss) -> None:
    prediction = rand(1, 1, 16, 16).requires_grad_()
    found = loss(prediction, torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16, dtype=torch.bool))
    found.backward()
    assert float(found.detach()) == 0
    assert prediction.grad is not None and (prediction.grad == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_errors_follow_their_formulas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prediction, truth, known = (
        rng.random((3, 1, 6, 7)),
        rng.random((3, 1, 6, 7)),
        rng.random((3, 1, 6, 7)) > 0.2,
    )
    known[1] = False
    errors = (prediction - truth)[known]
    roots = [
        ((p - t)[k] ** 2).mean() ** 0.5 for p, t, k in zip(prediction, truth, known, strict=True) if k.any()
    ]
    tensors = [torch.from_numpy(values) for values in (prediction, truth, known)]
    assert float(l1_loss(*tensors)) == pytest.approx(np.abs(errors).mean(), rel=1e-9)
    assert float(mse_loss(*tensors)) == pytest.approx((errors**2).mean(), rel=1e-9)
    assert float(rmse_loss(*tensors)) == pytest.approx(np.mean(roots), rel=1e-9)


def slopes_by_hand(values: np.ndarray) -> np.ndarray:
    """Sobel slopes in x and y (2, H, W): the kernel is divided by 8, borders are repeated."""
    height, width = values.shape
    kernel, padded = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8, np.pad(values, 1, mode="edge")
    slopes = np.zeros((2, height, width))
    for y, x in np.ndindex(height, width):
        around = padded[y : y + 3, x : x + 3]
        slopes[:, y, x] = (around * kernel).sum(), (around * kernel.T).sum()
    return slopes


@pytest.mark.parametrize("seed", range(5))
def test_the_error_of_edges_follows_its_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prediction, truth, known = (
        rng.random((2, 1, 6, 7)),
        rng.random((2, 1, 6, 7)),
        rng.random((2, 1, 6, 7)) > 0.1,
    )
    costs = []
    for p, t, k in zip(prediction[:, 0], truth[:, 0], known[:, 0], strict=True):
        differences = np.abs(slopes_by_hand(p) - slopes_by_hand(t)).sum(axis=0)
        for y, x in np.ndindex(k.shape):
            if k[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].all():
                costs.append(differences[y, x])
    tensors = [torch.from_numpy(values) for values in (prediction, truth, known)]
    assert len(costs) > 5
    assert float(edge_loss(*tensors)) == pytest.approx(np.mean(costs), rel=1e-9)


def test_edges_by_hand() -> None:
    # A ramp of 0.1 per pixel in x, and a flat truth: the slope is 0.1 inside and half of it at both ends.
    ramp = (torch.arange(4.0) / 10).expand(1, 1, 4, 4)
    flat, known = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4) > 0
    assert float(edge_loss(ramp, flat, known)) == pytest.approx((0.05 + 0.1 + 0.1 + 0.05) / 4)
    # A constant error of depth does not change the edges.
    assert float(edge_loss(flat + 0.5, flat, known)) == 0


def test_edges_beside_unknown_depth_do_not_count() -> None:
    known = torch.ones(1, 1, 3, 5) > 0
    known[..., 1, 2] = False
    # Only the first and last column have no unknown neighbour.
    prediction = rand(1, 1, 3, 5).requires_grad_()
    edge_loss(prediction, torch.zeros(1, 1, 3, 5), known).backward()
    assert prediction.grad is not None
    assert (prediction.grad[..., 2] == 0).all() and (prediction.grad[..., [0, 1, 3, 4]] != 0).any()


WORST = {"ssim": 0.49, "l1": 1.0, "mse": 1.0, "rmse": 1.0, "edge": 0.0}


@pytest.mark.parametrize("name", DEPTH_LOSSES)
def test_the_nearest_for_the_farthest_costs_all_there_is(name: str) -> None:
    far, known = torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8) > 0
    assert float(DEPTH_LOSSES[name](far + 1, far, known)) == pytest.approx(WORST[name], abs=0.02)


def test_edges_turned_round_cost_most() -> None:
    stripes = torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(2).expand(1, 1, 8, 8)
    known = torch.ones(1, 1, 8, 8) > 0
    # Truth and prediction have slopes of 1/2 per pixel with opposite signs, in 6 of 8 columns.
    assert float(edge_loss(1 - stripes, stripes, known)) == pytest.approx(6 / 8)


@ALL
def test_gradients_are_the_slopes_of_the_losses(loss: DepthLoss) -> None:
    truth, known = rand(2, 1, 7, 8, dtype=torch.float64), rand(2, 1, 7, 8, seed=1) > 0.1
    prediction = rand(2, 1, 7, 8, seed=2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, truth, known), prediction, fast_mode=True)


@ALL
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (3, 20), (5, 5)])
def test_pictures_of_any_size_have_a_cost_and_a_gradient(loss: DepthLoss, size: tuple[int, int]) -> None:
    truth, known = rand(2, 1, *size), torch.ones(2, 1, *size) > 0
    prediction = rand(2, 1, *size, seed=1).requires_grad_()
    found = loss(prediction, truth, known)
    found.backward()
    assert 0 <= float(found.detach()) <= 1
    assert prediction.grad is not None and prediction.grad.isfinite().all()
    assert float(loss(truth, truth, known)) == pytest.approx(0, abs=1e-6)


def test_a_root_where_nothing_is_wrong_has_no_gradient_that_is_not_a_number() -> None:
    prediction = rand(2, 1, 4, 4).requires_grad_()
    rmse_loss(prediction, prediction.detach().clone(), torch.ones(2, 1, 4, 4) > 0).backward()
    assert prediction.grad is not None and (prediction.grad == 0).all()


@ALL
def test_half_precision_and_autocast_change_no_more_than_their_rounding(loss: DepthLoss) -> None:
    prediction, truth = rand(2, 1, 64, 64).bfloat16(), rand(2, 1, 64, 64, seed=1)
    known = rand(2, 1, 64, 64, seed=2) > 0.01
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(prediction, truth, known)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(loss(prediction.double(), truth.double(), known)), rel=1e-4)
