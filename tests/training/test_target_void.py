"""Void pixels of an alpha: losses and measures are those of the other pixels alone."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from generator.format.manifest import AlphaMask, ClassMask
from training.evaluation.baselines import threshold_ious
from training.losses import MASK_LOSSES
from training.target import AlphaTarget, answer_of, require_same

PLAIN, TARGET = AlphaTarget(), AlphaTarget(AlphaMask(void=127))


@pytest.fixture
def drawn() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and truth (2, 1, 12, 16), in which the right half of each picture is to be void."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 12, 16, generator=generator)
    return logits, torch.rand(2, 1, 12, 16, generator=generator)


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_every_loss_is_that_of_the_other_pixels(name: str, drawn: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = drawn
    void = truth.clone()
    void[..., 8:] = -1
    wild = logits.clone()
    wild[..., 8:] = 50
    wild.requires_grad_()
    loss = TARGET.losses[name](wild, void)
    if name in ("ssim", "laplacian"):  # windows see the void, which is the same in both pictures
        assert loss.isfinite() and loss != PLAIN.losses[name](logits, truth)
    else:
        assert loss.item() == pytest.approx(PLAIN.losses[name](logits[..., :8], truth[..., :8]).item())
    (gradient,) = torch.autograd.grad(loss, wild)
    assert not gradient[..., 8:].any() and gradient[..., :8].any() and gradient.isfinite().all()


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_a_batch_of_void_costs_nothing(name: str, drawn: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits = drawn[0].requires_grad_()
    loss = TARGET.losses[name](logits, torch.full_like(logits, -1))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(0, abs=1e-6) and not gradient.any()


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_without_void_pixels_the_losses_are_the_same(
    name: str, drawn: tuple[torch.Tensor, torch.Tensor]
) -> None:
    assert TARGET.losses[name](*drawn).item() == pytest.approx(PLAIN.losses[name](*drawn).item(), rel=1e-5)
    assert PLAIN.losses is MASK_LOSSES


def test_every_measure_is_that_of_the_other_pixels(drawn: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = drawn
    void = truth.clone()
    void[..., 8:] = -1
    measures = TARGET.measures(logits, void)
    for name, values in PLAIN.measures(logits[..., :8], truth[..., :8]).items():
        assert measures[name].tolist() == pytest.approx(values.tolist())
    assert TARGET.iou(logits, void).tolist() == measures["iou"].tolist()
    void[1] = -1
    assert all(
        math.isnan(values[1]) and values[0].isfinite() for values in TARGET.measures(logits, void).values()
    )


def test_scaled_down_a_pixel_is_void_where_half_of_it_is() -> None:
    levels = torch.tensor([[[255, 127, 127, 127, 51, 51], [255, 127, 0, 127, 51, 127]]], dtype=torch.uint8)
    mask = TARGET.scale(levels, (1, 3))
    # Half void, three quarters void, one quarter void: the last is the mean of its three other pixels.
    assert mask.flatten().tolist() == pytest.approx([-1, -1, 0.2])
    assert TARGET.levels(mask).tolist() == [[[127, 127, 51]]]


def test_void_does_not_bleed_into_alpha_when_scaled_up() -> None:
    levels = torch.tensor([[[255, 127, 0]]], dtype=torch.uint8)
    mask = TARGET.scale(levels, (4, 12)).unique().tolist()
    assert mask == [-1, 0, 1]


def test_an_alpha_is_never_read_as_void() -> None:
    assert TARGET.levels(torch.full((1, 1, 1, 1), 127 / 255)).tolist() == [[[126]]]
    assert AlphaTarget().levels(torch.full((1, 1, 1, 1), 127 / 255)).tolist() == [[[127]]]


def test_scores_and_mistakes_of_levels_leave_void_out() -> None:
    truth = np.array([[255, 255, 127, 0, 0]], np.uint8)
    predicted = np.array([[255, 0, 255, 255, 127]], np.uint8)
    assert TARGET.agreement(predicted, truth) == 1 / 3
    missed, false = TARGET.mistakes(predicted, truth)
    assert missed.tolist() == [[False, True, False, False, False]]
    assert false.tolist() == [[False, False, False, True, False]]
    assert math.isnan(TARGET.agreement(predicted, np.full_like(truth, 127)))


def test_void_has_no_error_in_pictures() -> None:
    columns = TARGET.columns(torch.tensor([[[[-1.0, 1.0]]]]), torch.tensor([[[[9.0, -9.0]]]]))
    assert columns["mask"].tolist() == [[[[0.5, 1.0]]]]
    assert columns["mask_error"][0, 0, 0].tolist() == pytest.approx([0, 1], abs=1e-3)
    striped = TARGET.picture(np.full((9, 9), 127, np.uint8))
    assert set(np.unique(striped).tolist()) == {0, 255}
    assert (AlphaTarget().picture(np.full((9, 9), 127, np.uint8)) == 127).all()


def test_thresholds_leave_void_out() -> None:
    bg, fg_bg = torch.full((2, 3, 1, 4), -1.0), torch.full((2, 3, 1, 4), -1.0)
    fg_bg[:, :, 0, :2] = 1  # found at any threshold
    actual = torch.tensor([[[[True, False, True, False]]]] * 2)
    counted = torch.tensor([[[[True, False, False, True]]], [[[False] * 4]]])
    ious = threshold_ious(bg, fg_bg, actual & counted, counted)
    assert (ious[0] == 1).all() and np.isnan(ious[1]).all()


def test_networks_do_not_answer_void(tmp_path: Path) -> None:
    void, plain = AlphaMask(void=127), AlphaMask()
    classes = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [9, 9, 9]])
    assert answer_of(void) == plain and answer_of(classes) == classes
    for one, other in ((void, plain), (plain, void)):
        require_same(tmp_path, one, other)
