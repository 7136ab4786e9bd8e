"""Steadied predictions flicker less, and moving objects keep their shape."""

from dataclasses import replace

import numpy as np
import pytest

from fgbg.predictor import Predicted
from fgbg.video.steady import Steady
from generator.format.manifest import ClassMask

STILL = np.s_[:, :20]
"""Where no frame of the drawn clip changes but for noise."""


def drawn_clip(noise: float = 3) -> list[tuple[np.ndarray, Predicted, np.ndarray]]:
    """Frames, their noisy predictions, and the true masks of a square that moves through the right half."""
    random = np.random.default_rng(1)
    behind = random.integers(40, 120, (60, 80, 3))
    ramp = np.linspace(9000, 50_000, 80)[None].repeat(60, 0)
    clip = []
    for number in range(20):
        truth = np.zeros((60, 80), bool)
        truth[10:40, 25 + 2 * number : 41 + 2 * number] = True
        picture = np.where(truth[..., None], 220, behind) + random.normal(0, noise, (60, 80, 3))
        soft = np.where(truth, 230, 25) + random.normal(0, 25, (60, 80))
        # The scale of depth drifts.
        scale = 1 + 0.1 * np.sin(number)
        depth = np.where(truth, 55_000, ramp) * scale + 2000 * np.cos(number)
        predicted = Predicted(
            np.clip(soft, 0, 255).astype(np.uint8), np.clip(depth, 1, 65_535).astype(np.uint16)
        )
        clip.append((np.clip(picture, 0, 255).astype(np.uint8), predicted, truth))
    return clip


def flicker(frames: list[np.ndarray]) -> float:
    """Mean absolute difference of still pixels from frame to frame."""
    still = np.stack([frame[STILL].astype(float) for frame in frames])
    return float(np.abs(np.diff(still, axis=0)).mean())


def iou(mask: np.ndarray, truth: np.ndarray) -> float:
    found = mask >= 128
    return float((found & truth).sum() / (found | truth).sum())


def test_still_pixels_flicker_less_and_the_moving_object_is_kept() -> None:
    clip = drawn_clip()
    steady = Steady(0.8)
    after = [steady(picture, predicted) for picture, predicted, _ in clip]
    before = [predicted for _, predicted, _ in clip]
    assert flicker([one.mask for one in after]) < 0.4 * flicker([one.mask for one in before])
    depths = [[one.depth for one in some if one.depth is not None] for some in (before, after)]
    assert flicker(depths[1]) < 0.2 * flicker(depths[0])
    means = [
        np.mean([iou(one.mask, truth) for one, (*_, truth) in zip(some, clip, strict=True)])
        for some in (before, after)
    ]
    assert means[1] >= means[0] - 0.002


def test_the_first_frame_and_another_view_are_as_predicted() -> None:
    clip = drawn_clip()
    steady = Steady(0.8)
    first, second, third = clip[:3]
    assert steady(*first[:2]) is first[1]
    assert steady(*second[:2]) is not second[1]
    other = 255 - third[0]
    assert steady(other, third[1]) is third[1]


def test_a_panning_camera_leaves_predictions_as_they_are() -> None:
    view = np.random.default_rng(2).integers(0, 256, (60, 200, 3), dtype=np.uint8)
    steady = Steady(0.8)
    for number in range(6):
        predicted = drawn_clip()[number][1]
        assert steady(view[:, 9 * number : 9 * number + 80], predicted) is predicted


def test_a_change_of_exposure_is_no_motion() -> None:
    clip = drawn_clip(noise=0)
    steady = Steady(0.8)
    steady(*clip[0][:2])
    brighter = np.clip(clip[0][0].astype(int) + 15, 0, 255).astype(np.uint8)
    after = steady(brighter, clip[1][1])
    expected = 0.8 * clip[0][1].mask[STILL].astype(float) + 0.2 * clip[1][1].mask[STILL]
    assert np.abs(after.mask[STILL] - expected).max() <= 1


@pytest.mark.parametrize("with_depth", [True, False])
def test_masks_of_classes_stay_as_they_are(with_depth: bool) -> None:
    classes = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [255, 0, 0]])
    steady = Steady(0.8)
    for picture, predicted, truth in drawn_clip()[:3]:
        given = replace(predicted, mask=truth.astype(np.uint8), classes=classes)
        given = given if with_depth else replace(given, depth=None)
        after = steady(picture, given)
        np.testing.assert_array_equal(after.mask, given.mask)
        assert (after.depth is not None) is with_depth


def test_no_haze_stays_where_an_object_left_a_place_that_looks_the_same() -> None:
    """One other answer is flicker; a second one like it says that the object is gone."""
    still = np.full((60, 80, 3), 90, np.uint8)
    steady, answers = Steady(0.9), [240, 240, 240, 0, 240, 240, 3, 0, 2]
    masks = [steady(still, Predicted(np.full((60, 80), answer, np.uint8), None)).mask for answer in answers]
    means = [float(mask.mean()) for mask in masks]
    assert min(means[:7]) > 190 and max(means[7:]) <= 3
