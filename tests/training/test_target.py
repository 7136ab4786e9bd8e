import math
from pathlib import Path

import numpy as np
import pytest
import torch

from generator.errors import UsageError
from generator.format.manifest import AlphaMask, ClassMask
from training.losses import CLASS_LOSSES, MASK_LOSSES
from training.target import AlphaTarget, ClassTarget, require_same, target_of

NAMES = ["sky", "road", "car", "tree"]
COLOURS = [[0, 0, 200], [90, 90, 90], [200, 0, 0], [0, 120, 0]]
ENTRY = ClassMask(names=NAMES, colours=COLOURS)
VOID = 255


def labels(*rows: list[int]) -> torch.Tensor:
    """Labels (B, 1, w): one row per sample."""
    return torch.tensor(rows)[:, None]


def answer(found: torch.Tensor, sure: float = 9.0) -> torch.Tensor:
    """Logits (B, 4, h, w) of a prediction with these labels."""
    return torch.stack([(found == number) * sure for number in range(4)], dim=1)


def test_the_manifest_says_which_target_it_is() -> None:
    alpha, classes = target_of(AlphaMask()), target_of(ENTRY)
    assert isinstance(alpha, AlphaTarget) and isinstance(classes, ClassTarget)
    assert (alpha.channels, classes.channels) == (1, 4)
    assert alpha.losses is MASK_LOSSES and classes.losses is CLASS_LOSSES
    for target in (alpha, classes):
        assert set(target.default_loss) <= set(target.losses)


def test_alpha_is_scaled_smoothly_and_read_as_levels() -> None:
    target = AlphaTarget()
    levels = torch.tensor([[[0, 0, 255, 255], [0, 0, 255, 51]]], dtype=torch.uint8)
    mask = target.scale(levels, (1, 2))
    assert mask.shape == (1, 1, 1, 2) and mask[0, 0, 0].tolist() == pytest.approx([0, 816 / 1020])
    assert target.levels(mask).tolist() == [[[0, 204]]]
    logits = torch.tensor([[-9.0, 0.0], [0.3, 9.0]])[None, None]
    expected = (logits.sigmoid() * 255).round().byte()[:, 0].numpy()
    assert (target.read(logits) == expected).all() and target.read(logits).dtype == np.uint8
    assert torch.equal(target.shares(logits.double()), logits.double().float().sigmoid())


def test_alpha_is_scored_at_one_half() -> None:
    target = AlphaTarget()
    truth = np.array([[255, 255, 128, 0]], np.uint8)
    assert target.agreement(np.array([[200, 127, 255, 130]], np.uint8), truth) == 2 / 4
    assert target.agreement(np.zeros((1, 4), np.uint8), np.zeros((1, 4), np.uint8)) == 1
    assert target.agreement(np.zeros((1, 4), np.uint8), truth) == 0
    missed, false = target.mistakes(np.array([[200, 127, 255, 130]], np.uint8), truth)
    assert missed.tolist() == [[False, True, False, False]]
    assert false.tolist() == [[False, False, False, True]]
    mask, logits = torch.tensor([[[[1.0, 0.5, 0.4]]]]), torch.tensor([[[[0.0, -1.0, 1.0]]]])
    assert target.iou(logits, mask).tolist() == pytest.approx([1 / 3])
    assert target.measures(logits, mask)["iou"].tolist() == pytest.approx([1 / 3])
    assert target.foreground(mask).tolist() == [[[[True, True, False]]]]


def test_labels_are_never_mixed_and_ignored_pixels_stay_ignored() -> None:
    target = ClassTarget(ENTRY)
    levels = torch.from_numpy(np.random.default_rng(0).choice([0, 3, VOID], (2, 12, 20)).astype(np.uint8))
    for size in ((12, 20), (6, 10), (5, 7), (24, 40)):
        mask = target.scale(levels, size)
        assert mask.shape == (2, *size) and mask.dtype == torch.int64
        assert set(mask.unique().tolist()) == {0, 3, VOID}
    assert torch.equal(target.scale(levels, (12, 20)), levels.long())
    assert (target.levels(levels.long()) == levels.numpy()).all()


def test_a_pixel_is_of_the_class_with_the_largest_share() -> None:
    target = ClassTarget(ENTRY)
    logits = torch.randn(2, 4, 5, 7, generator=torch.Generator().manual_seed(0))
    expected = logits.softmax(dim=1)
    assert torch.equal(target.shares(logits), expected)
    expected = expected.argmax(dim=1)
    found = target.read(logits)
    assert found.dtype == np.uint8 and (found == expected.numpy()).all()


def test_classes_are_scored_by_their_mean_iou_without_ignored_pixels() -> None:
    target = ClassTarget(ENTRY)
    # First: IoU 1/2 of classes 0 and 1; 2 is predicted on ignored pixels only; no 3. Second: all ignored.
    truth, found = labels([0, 0, 1, VOID], [VOID] * 4), labels([0, 1, 1, 2], [0, 1, 2, 3])
    scores = target.iou(answer(found), truth)
    assert float(scores[0]) == pytest.approx(0.5) and math.isnan(scores[1])
    measures = target.measures(answer(found), truth)
    assert list(measures) == ["iou", "pixel_accuracy", "boundary_f"]
    assert torch.equal(measures["iou"].nan_to_num(-1), scores.nan_to_num(-1))
    # Rows are the truth, columns what was predicted.
    confusion = target.confusion(answer(found), truth)
    assert confusion.sum(dim=0)[:2, :2].tolist() == [[1, 1], [0, 1]] and int(confusion.sum()) == 3
    one, other = found[0].byte().numpy(), truth[0].byte().numpy()
    assert target.agreement(one, other) == pytest.approx(0.5)
    assert math.isnan(target.agreement(one, np.full_like(other, VOID)))
    missed, false = target.mistakes(one, other)
    assert missed.tolist() == [[False, True, False, False]] and not false.any()
    assert target.foreground(truth) is None


def test_classes_are_drawn_in_their_colours_and_ignored_pixels_in_stripes() -> None:
    target = ClassTarget(ENTRY)
    picture = target.picture(np.array([[0, 1, 2, 3] + [VOID] * 8], np.uint8))
    assert picture[0, :4].tolist() == COLOURS
    assert {tuple(colour) for colour in picture[0, 4:].tolist()} == {(0, 0, 0), (255, 255, 255)}
    truth, found = labels([0, 1, VOID]), labels([0, 2, 2])
    shown = target.columns(truth, answer(found))
    assert list(shown) == ["mask", "mask_pred", "mask_error"]
    assert torch.equal(shown["mask_pred"][0, :, 0, 1], torch.tensor(COLOURS[2]) / 255)
    assert shown["mask_error"].tolist() == [[[[0, 1, 0]]]]
    grey = AlphaTarget().picture(np.array([[0, 200]], np.uint8))
    assert grey.tolist() == [[[0] * 3, [200] * 3]]


def test_a_dataset_must_mean_what_the_network_learnt(tmp_path: Path) -> None:
    require_same(tmp_path, ENTRY, ClassMask(names=NAMES, colours=COLOURS[::-1]))
    require_same(tmp_path, AlphaMask(), AlphaMask())
    with pytest.raises(UsageError, match=r"masks of alpha.*found 4 classes \(sky, road, car, tree\)"):
        require_same(tmp_path, AlphaMask(), ENTRY)
    with pytest.raises(UsageError, match="masks of 4 classes"):
        require_same(tmp_path, ENTRY, ClassMask(names=NAMES[::-1], colours=COLOURS))
