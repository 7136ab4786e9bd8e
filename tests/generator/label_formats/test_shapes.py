import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from generator.errors import UsageError
from generator.label_formats.regions import Region, ShapeError, Size
from generator.label_formats.shapes import box, disc, ellipse, pixel_polygon, polygon, stroke, turned

SQUARE = [(2, 2), (12, 2), (12, 12), (2, 12)]


def drawn(region: Region, size: Size) -> np.ndarray:
    """(H, W) uint8, a region in its picture."""
    pixels = np.zeros(size[::-1], np.uint8)
    pixels[region.window] = region.cover
    return pixels


def numbers(text: str) -> np.ndarray:
    """Rows of # and . as (H, W) uint8, 255 and 0."""
    return np.array([[255 * (mark == "#") for mark in row] for row in text.split()], np.uint8)


# Whole and halves fall on borders of the rule, tenths beside the fifths on which pycocotools works.
coordinates = st.one_of(
    st.integers(-8, 60), st.integers(-80, 600).map(lambda n: n / 10), st.floats(-20, 80, width=32)
)


# pycocotools converts masks in a way that NumPy deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=14),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_polygons_have_the_pixels_that_pycocotools_gives_them(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    flat = [float(number) for point in points for number in point]
    expected = coco_mask.decode(coco_mask.frPyObjects([flat], height, width))[..., 0]
    assert (drawn(polygon(points, (width, height)), (width, height)) == 255 * expected).all()


def test_a_pixel_belongs_to_the_polygon_that_has_its_centre() -> None:
    region = polygon(SQUARE, (20, 20))
    assert (region.left, region.top, region.area) == (2, 2, 100)
    moved = drawn(box(2.4, 2.4, 5.6, 5.6, (8, 8)), (8, 8))
    assert (moved[2:6, 2:6] == 255).all() and np.count_nonzero(moved) == 16
    assert (drawn(box(5.6, 5.6, 2.4, 2.4, (8, 8)), (8, 8)) == moved).all(), "corners may be exchanged"
    assert np.count_nonzero(drawn(box(2.6, 2.6, 5.4, 5.4, (8, 8)), (8, 8))) == 4


def test_a_keyhole_makes_a_hole_whatever_its_direction() -> None:
    outer = [(1, 1), (7, 1), (7, 7), (1, 7), (1, 1)]
    inner = [(3, 3), (5, 3), (5, 5), (3, 5), (3, 3)]
    expected = numbers("........ .######. .######. .##..##. .##..##. .######. .######. ........")
    for hole in (inner, inner[::-1]):
        assert (drawn(polygon([*outer, *hole], (8, 8)), (8, 8)) == expected).all()


def test_parts_outside_of_the_picture_are_cut_off() -> None:
    assert (drawn(box(-5, -5, 2, 30, (4, 3)), (4, 3)) == numbers("##.. ##.. ##..")).all()
    assert not polygon([(10, 10), (20, 10), (20, 20)], (5, 5)).cover.size


@pytest.mark.parametrize(
    ("points", "expected", "found"),
    [
        ([(1, 1), (2, 2)], "3 or more points of a polygon", "2"),
        ([(1, 1), (2, 2), (float("nan"), 1)], "points with finite numbers", "NaN or infinity"),
        (
            [(1, 1), (2, 2), (1e9, 1)],
            "a polygon with a border of up to 4,000,000 pixels",
            "1,999,999,998",
        ),
    ],
)
def test_polygons_that_cannot_be_drawn(points: list[tuple[float, float]], expected: str, found: str) -> None:
    for draw in (polygon, pixel_polygon):
        with pytest.raises(ShapeError) as caught:
            draw(points, (8, 8))
        assert caught.value.args == (expected, found)


def test_a_disc_and_a_line_have_the_pixels_near_them() -> None:
    assert (drawn(disc((2, 2), 1.6, (4, 4)), (4, 4)) == numbers(".##. #### #### .##.")).all()
    line = drawn(stroke([(1.2, 1.5), (4.8, 1.5)], 1, (6, 3)), (6, 3))
    assert (line == numbers("...... .####. ......")).all()
    corner = drawn(stroke([(1, 1), (5, 1), (5, 5)], 2, (7, 7)), (7, 7))
    assert np.count_nonzero(corner) == np.count_nonzero(corner.T)
    assert (corner[4] == numbers("....##.")).all()
    assert not stroke([(50, 50), (60, 60)], 4, (8, 8)).cover.size
    with pytest.raises(ShapeError, match="a line of points"):
        stroke([], 4, (8, 8))


def test_an_ellipse_is_turned_about_its_middle() -> None:
    flat = drawn(ellipse((10, 10), (6, 3), 0, (20, 20)), (20, 20))
    upright = drawn(ellipse((10, 10), (6, 3), 90, (20, 20)), (20, 20))
    assert (upright == flat.T).all()
    assert abs(np.count_nonzero(flat) - np.pi * 18) < 3


def test_points_turn_clockwise_as_y_points_down() -> None:
    right = np.array([(0.0, 0.0), (2.0, 0.0)])
    assert np.allclose(turned(right, 90, (0, 0)), [(0, 0), (0, 2)])
    assert np.allclose(turned(right, 180), [(2, 0), (0, 0)]), "about the middle of the box"


def test_polygons_of_pixels_have_their_border() -> None:
    assert pixel_polygon(SQUARE, (20, 20)).area == 121
    assert drawn(pixel_polygon([(-3, -3), (1.9, -3), (1.9, 1.9), (-3, 1.9)], (3, 3)), (3, 3)).sum() == 4 * 255
    assert not pixel_polygon(SQUARE, (2, 2)).cover.size


def test_without_pycocotools_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(UsageError) as caught:
        polygon(SQUARE, (20, 20))
    assert str(caught.value) == (
        "drawing polygons needs pycocotools, which is not installed. Run: pip install 'fgbg[coco]'."
    )
