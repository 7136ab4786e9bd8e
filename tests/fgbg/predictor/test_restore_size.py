import cv2
import numpy as np
import pytest

from fgbg.predictor.engine import Answer
from fgbg.predictor.resize_input import NetworkInput
from fgbg.predictor.restore_size import depth_levels, mask_levels, restore
from generator.format.manifest import AlphaMask, ClassMask

CLASSES = ClassMask(names=["sky", "road", "car"], colours=[[0, 0, 0], [9, 9, 9], [99, 0, 0]])
SIZES = [(6, 8), (17, 23), (30, 40), (3, 4), (1, 1), (5, 1)]


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


def resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    method = cv2.INTER_AREA if size[0] <= plane.shape[0] else cv2.INTER_LINEAR
    scaled: np.ndarray = cv2.resize(plane, size[::-1], interpolation=method)
    return scaled


@pytest.mark.parametrize("size", SIZES)
def test_alpha_and_depth_are_scaled_and_rounded(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.resize._STRIP", 100)
    alpha, depth = drawn(2, 6, 8)
    mask, levels = mask_levels(alpha[None], AlphaMask(), size), depth_levels(depth, size)
    assert (mask.shape, mask.dtype, levels.shape, levels.dtype) == (size, np.uint8, size, np.uint16)
    # Because of another order of sums, values may be rounded to the next level.
    assert np.abs(mask - resized(alpha, size) * 255).max() < 0.51
    assert np.abs(levels - (resized(depth, size) * 65534 + 1)).max() < 0.52


@pytest.mark.parametrize("size", SIZES)
def test_a_pixel_is_of_the_class_with_the_largest_share_after_scaling(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.resize._STRIP", 100)
    shares = drawn(3, 6, 8)
    expected = np.stack([resized(plane, size) for plane in shares])
    mask = mask_levels(shares, CLASSES, size)
    assert mask.dtype == np.uint8 and mask.shape == size
    best = np.take_along_axis(expected, mask[None].astype(np.intp), axis=0)[0]
    assert (best >= expected.max(axis=0) - 1e-6).all()
    # If shares are equal, the first class wins.
    assert not mask_levels(np.full((3, 6, 8), 1 / 3, np.float32), CLASSES, size).any()


def test_ends_of_the_scale() -> None:
    assert depth_levels(np.array([[0, 1]], np.float32), (1, 2)).tolist() == [[1, 65535]]
    assert mask_levels(np.array([[[0, 1]]], np.float32), AlphaMask(), (1, 2)).tolist() == [[0, 255]]


def test_facts_of_the_input_are_kept() -> None:
    given = NetworkInput(np.zeros((6, 8, 3), np.uint8), None, (12, 16), 0.25, "other view")
    predicted = restore(Answer(drawn(1, 3, 6, 8), None), CLASSES, given)
    assert predicted.mask.shape == (12, 16) and predicted.depth is None
    assert (predicted.bg_moved, predicted.bg_unused, predicted.classes) == (0.25, "other view", CLASSES)
    assert restore(Answer(drawn(1, 1, 6, 8), drawn(1, 1, 6, 8)), AlphaMask(), given).classes is None
