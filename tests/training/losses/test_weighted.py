import pytest
import torch

from generator.errors import ConfigError
from training.losses import (
    CLASS_LOSSES,
    DEPTH_LOSSES,
    MASK_LOSSES,
    MaskLoss,
    WeightedLoss,
    bce_loss,
    dice_loss,
    l1_loss,
    mask_ssim_loss,
    ssim_loss,
)
from training.measures import DEPTH_MEASURES, MASK_MEASURES
from training.models import Prediction, Truth


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def predicted(seed: int = 0) -> tuple[Prediction, Truth]:
    prediction = Prediction(rand(2, 1, 16, 16, seed=seed) * 4 - 2, rand(2, 1, 16, 16, seed=seed + 1))
    mask = (rand(2, 1, 16, 16, seed=seed + 2) > 0.5).float()
    return prediction, Truth(mask, rand(2, 1, 16, 16, seed=seed + 3), rand(2, 1, 16, 16, seed=seed + 4) > 0.1)


def test_the_loss_is_the_weighted_sum_of_its_terms() -> None:
    prediction, truth = predicted()
    terms = WeightedLoss(MASK_LOSSES, {"dice": 2.0, "bce": 0.5}, {"ssim": 3.0, "l1": 0.25})(prediction, truth)
    assert list(terms) == ["loss", "loss/dice", "loss/bce", "loss/ssim", "loss/l1"]
    assert torch.equal(terms["loss/dice"], dice_loss(prediction.mask_logits, truth.mask))
    assert torch.equal(terms["loss/bce"], bce_loss(prediction.mask_logits, truth.mask))
    assert torch.equal(terms["loss/ssim"], ssim_loss(prediction.depth, truth.depth, truth.known))
    assert torch.equal(terms["loss/l1"], l1_loss(prediction.depth, truth.depth, truth.known))
    expected = (
        2 * terms["loss/dice"] + 0.5 * terms["loss/bce"] + 3 * terms["loss/ssim"] + 0.25 * terms["loss/l1"]
    )
    assert float(terms["loss"]) == pytest.approx(float(expected), rel=1e-6)


def test_terms_not_asked_for_are_left_out() -> None:
    terms = WeightedLoss(MASK_LOSSES, {"bce": 1.0}, {"l1": 1.0})(*predicted())
    assert list(terms) == ["loss", "loss/bce", "loss/l1"]


@pytest.mark.parametrize(
    ("mask_terms", "depth_terms", "option"),
    [({"dise": 1.0}, {}, "`mask_loss`"), ({"bce": 1.0}, {"dice": 1.0}, "`depth_loss`")],
)
def test_an_unknown_term_is_refused_with_those_there_are(
    mask_terms: dict[str, float], depth_terms: dict[str, float], option: str
) -> None:
    with pytest.raises(ConfigError) as error:
        WeightedLoss(MASK_LOSSES, mask_terms, depth_terms)
    assert error.value.where == option
    assert error.value.found in ("dise", "dice")
    assert {"`mask_loss`": "dice, bce", "`depth_loss`": "ssim, l1"}[option] in error.value.expected


def test_a_name_that_mask_and_depth_share_stands_for_both() -> None:
    prediction, truth = predicted()
    terms = WeightedLoss(MASK_LOSSES, {"ssim": 2.0, "rmse": 0.0}, {"ssim": 3.0})(prediction, truth)
    assert list(terms) == ["loss", "loss/mask_ssim", "loss/mask_rmse", "loss/ssim"]
    assert torch.equal(terms["loss/mask_ssim"], mask_ssim_loss(prediction.mask_logits, truth.mask))
    assert torch.equal(terms["loss/ssim"], ssim_loss(prediction.depth, truth.depth, truth.known))
    expected = 2 * terms["loss/mask_ssim"] + 3 * terms["loss/ssim"]
    assert float(terms["loss"]) == pytest.approx(float(expected), rel=1e-6)


def test_all_terms_there_are_train_together() -> None:
    prediction, truth = predicted()
    loss = WeightedLoss(MASK_LOSSES, dict.fromkeys(MASK_LOSSES, 1.0), dict.fromkeys(DEPTH_LOSSES, 1.0))
    terms = loss(prediction, truth)
    assert len(terms) == 1 + len(MASK_LOSSES) + len(DEPTH_LOSSES)
    assert float(terms["loss"]) == pytest.approx(float(sum(terms.values())) - float(terms["loss"]), rel=1e-5)


def test_masks_of_classes_have_their_own_terms() -> None:
    prediction, truth = predicted()
    logits, labels = rand(2, 3, 16, 16) * 4 - 2, torch.arange(16 * 16).view(1, 16, 16).repeat(2, 1, 1) % 3
    prediction, truth = Prediction(logits, prediction.depth), Truth(labels, truth.depth, truth.known)
    terms = WeightedLoss(CLASS_LOSSES, {"dice": 1.0, "ce": 0.5, "focal": 2.0}, {"l1": 1.0})(prediction, truth)
    assert list(terms) == ["loss", "loss/dice", "loss/ce", "loss/focal", "loss/l1"]
    for name in ("dice", "ce", "focal"):
        assert torch.equal(terms[f"loss/{name}"], CLASS_LOSSES[name](logits, labels))
    expected = terms["loss/dice"] + 0.5 * terms["loss/ce"] + 2 * terms["loss/focal"] + terms["loss/l1"]
    assert float(terms["loss"]) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "losses", "known"), [("bce", CLASS_LOSSES, "dice, ce"), ("ce", MASK_LOSSES, "dice, bce")]
)
def test_terms_of_alpha_and_of_classes_are_not_mixed_up(
    name: str, losses: dict[str, MaskLoss], known: str
) -> None:
    with pytest.raises(ConfigError, match=f"terms among {known}"):
        WeightedLoss(losses, {name: 1.0}, {})


def test_without_a_depth_head_depth_terms_are_left_out() -> None:
    prediction, truth = predicted()
    loss = WeightedLoss(MASK_LOSSES, {"dice": 2.0}, {"ssim": 3.0, "l1": 0.25})
    terms = loss(Prediction(prediction.mask_logits, None), truth)
    assert list(terms) == ["loss", "loss/dice"]
    assert torch.equal(terms["loss"], 2 * dice_loss(prediction.mask_logits, truth.mask))


def test_no_term_is_named_like_a_metric() -> None:
    everything = [dict.fromkeys(names, 1.0) for names in (MASK_LOSSES, DEPTH_LOSSES)]
    terms = set(WeightedLoss(MASK_LOSSES, *everything)(*predicted()))
    assert not terms & {*MASK_MEASURES, *DEPTH_MEASURES}
