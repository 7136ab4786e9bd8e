from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.assets.grabcut import alpha_in_box
from generator.errors import ConfigError


def scene(width: int = 120, height: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """A red disc of 40 pixels on noisy green, and the true mask of the disc."""
    rng = np.random.default_rng(0)
    rgb = np.array([20, 160, 40]) + rng.integers(-15, 16, (height, width, 3))
    disc = cv2.circle(np.zeros((height, width), np.uint8), (60, 45), 20, 1, -1) > 0
    rgb[disc] = np.array([200, 40, 30]) + rng.integers(-15, 16, (int(disc.sum()), 3))
    return rgb.clip(0, 255).astype(np.uint8), disc


def test_grabcut_finds_the_object_in_the_box_every_time_the_same() -> None:
    rgb, disc = scene()
    found = alpha_in_box(Path("a.png"), rgb, (30, 15, 60, 60))
    assert ((found >= 128) & disc).sum() / ((found >= 128) | disc).sum() > 0.97
    cv2.setRNGSeed(77)
    assert (alpha_in_box(Path("a.png"), rgb, (30, 15, 60, 60)) == found).all()


def test_grabcut_in_a_large_picture() -> None:
    rgb, disc = scene()
    large = cv2.resize(rgb, (1200, 900), interpolation=cv2.INTER_CUBIC)
    found = alpha_in_box(Path("a.png"), large, (300, 150, 600, 600))
    there = cv2.resize(disc.astype(np.uint8), (1200, 900), interpolation=cv2.INTER_NEAREST) > 0
    assert found.shape == (900, 1200)
    assert ((found >= 128) & there).sum() / ((found >= 128) | there).sum() > 0.95


@pytest.mark.parametrize(
    "box", [(100, 0, 30, 10), (0, 85, 10, 10), (5, 5, 0, 9), (5, 5, 2, 2), (0, 0, 120, 90)]
)
def test_boxes_that_cannot_be(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ConfigError, match="`box`: expected"):
        alpha_in_box(Path("a.png"), scene()[0], box)


def test_what_is_left_around_a_box_can_vanish_when_the_picture_is_reduced() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (17, 1203, 3), dtype=np.uint8)
    with pytest.raises(ConfigError, match="expected at least 5 pixels around the box, found 0"):
        alpha_in_box(Path("a.png"), rgb, (0, 0, 1203, 16))
