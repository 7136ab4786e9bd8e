import cv2
import numpy as np
import pytest

from generator.export.outlines import outline
from generator.label_formats.shapes import polygon

RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)


def test_the_outline_of_a_pixel_is_its_edge() -> None:
    shown = np.zeros((4, 5), bool)
    shown[2, 3] = True
    assert sorted(map(tuple, outline(shown).tolist())) == [(3, 2), (3, 3), (4, 2), (4, 3)]


def test_straight_edges_have_corners_only_at_their_ends() -> None:
    shown = np.zeros((9, 9), bool)
    shown[1:8, 2:6] = True
    shown[1:3, 2:4] = False
    assert len(outline(shown)) == 6


def test_a_line_leads_to_a_hole_and_back() -> None:
    corners = outline(RING)
    assert len(corners) == 4 + 4 + 2  # and each end of the line once more
    middle = [tuple(corner) for corner in corners.tolist() if min(corner) > 0 and max(corner) < 3]
    assert set(middle) == {(1, 1), (1, 2), (2, 1), (2, 2)} and len(middle) == 5


@pytest.mark.parametrize("seed", range(40))
def test_a_polygon_has_exactly_the_pixels_that_it_was_made_of(seed: int) -> None:
    """Noise has pixels that touch at a corner, parts in holes, and holes at the border."""
    numbers = np.random.default_rng(seed)
    noise = numbers.random(tuple(numbers.integers(1, 40, 2)))
    shown = (cv2.GaussianBlur(noise, (5, 5), 1.5) if seed % 2 else noise) > numbers.uniform(0.3, 0.6)
    shown[0, 0] = True
    size = (shown.shape[1], shown.shape[0])
    drawn = np.zeros(shown.shape, bool)
    region = polygon(outline(shown), size)
    drawn[region.window] = region.cover > 0
    assert (drawn == shown).all()
