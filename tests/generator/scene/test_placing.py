"""Positions, calculated by hand, on a canvas of 10 x 8 pixels."""

from typing import Any

import numpy as np
import pytest

from generator.config import GenerateConfig
from generator.format.bank import Bank
from generator.format.tables import PLACEMENT
from generator.scene.placing import Placing

ALL = 2**32 - 1
"""The largest random number."""


@pytest.fixture
def bank() -> Bank:
    """Sprite 0 is 4 x 4 and opaque; sprite 1 is 2 x 2 and opaque."""
    pixels = np.zeros((2, 4, 4, 4), np.uint8)
    pixels[0] = 255
    pixels[1, :2, :2] = 255
    return Bank(
        np.zeros(0, np.uint8),
        pixels,
        np.array([[4, 4], [2, 2]], np.uint16),
        np.arange(2, dtype=np.uint32),
        np.zeros((1, 8, 10, 3), np.uint8),
        np.ones((1, 8, 10), np.uint16),
    )


def placing(bank: Bank, **fields: Any) -> Placing:
    return Placing(bank, GenerateConfig(size=(10, 8), fg_size=4, **fields))


def placed(*rows: tuple[int, int, int]) -> np.ndarray:
    """Placements of (sprite, x, y)."""
    placements = np.zeros(len(rows), PLACEMENT)
    for place, (sprite, x, y) in zip(placements, rows, strict=True):
        place["sprite"], place["x"], place["y"] = sprite, x, y
    return placements


def drawn(place: Placing, placements: np.ndarray, x: list[int], y: list[int]) -> list[tuple[int, int]]:
    corners = place.draw(placements, np.array(x, np.uint64), np.array(y, np.uint64))
    return list(zip(corners.x.tolist(), corners.y.tolist(), strict=True))


def test_the_smallest_and_largest_numbers_give_opposite_corners(bank: Bank) -> None:
    objects = placed((0, 0, 0), (0, 0, 0), (1, 0, 0))
    assert drawn(placing(bank), objects, [0, ALL, ALL], [0, ALL, 2**31]) == [(0, 0), (6, 4), (8, 3)]


def test_as_much_as_is_allowed_may_lie_beyond_one_border_but_not_beyond_two(bank: Bank) -> None:
    place = placing(bank, truncate=0.5)
    # Half of sprite 0 is 2 columns or rows. In the corner, 3 quarters would be outside, so y moves inside.
    middle, objects = 2**31, placed((0, 0, 0), (0, 0, 0), (0, 0, 0))
    assert drawn(place, objects, [0, middle, 0], [middle, ALL, 0]) == [(-2, 2), (3, 6), (-2, 0)]


def test_the_grid_is_spread_over_the_room(bank: Bank) -> None:
    corners = placing(bank, grid=(3, 1)).on_grid(np.array([0, 0, 0]), np.arange(3))
    assert (corners.x.tolist(), corners.y.tolist()) == ([0, 3, 6], [2, 2, 2])


def test_a_smaller_sprite_stands_where_the_larger_one_stood(bank: Bank) -> None:
    objects = placed((0, 4, 2))
    placing(bank).replace(objects, np.array([1]))
    assert objects[["sprite", "x", "y"]].tolist() == [(1, 5, 4)]
    placing(bank).replace(objects, np.array([0]))
    assert objects[["sprite", "x", "y"]].tolist() == [(0, 4, 2)]


def test_a_larger_sprite_is_moved_inside_the_canvas(bank: Bank) -> None:
    objects = placed((1, 0, 0), (1, 8, 6))
    placing(bank).replace(objects, np.array([0, 0]))
    assert objects[["x", "y"]].tolist() == [(0, 0), (6, 4)]


def test_boxes_may_share_the_allowed_part_of_the_smaller(bank: Bank) -> None:
    before = [(placed((0, 0, 0), (0, 0, 0), (0, 0, 0)), np.array([True, True, False]))]
    # Sprite 1 covers sprite 0 with half of its area, then with all of it. The third earlier object is absent.
    objects = placed((1, 3, 0), (1, 1, 1), (1, 1, 1))
    assert placing(bank, overlap=0.5).leaves_visible(before, objects).tolist() == [True, False, True]
    assert placing(bank, overlap=0.49).leaves_visible(before, objects).tolist() == [False, False, True]
