import numpy as np
import pytest

from generator.label_formats.regions import Region, ShapeError, Size, stamp, union, without
from generator.label_formats.shapes import box


def drawn(region: Region, size: Size) -> np.ndarray:
    """(H, W) uint8, a region in its picture."""
    pixels = np.zeros(size[::-1], np.uint8)
    pixels[region.window] = region.cover
    return pixels


def numbers(text: str) -> np.ndarray:
    """Rows of # and . as (H, W) uint8, 255 and 0."""
    return np.array([[255 * (mark == "#") for mark in row] for row in text.split()], np.uint8)


def test_a_mask_must_be_inside_of_the_picture() -> None:
    mask = numbers("## #.")
    assert (drawn(stamp(2.0, 1, mask, (4, 3)), (4, 3)) == numbers(".... ..## ..#.")).all()
    for left, top in ((3, 1), (2, 2), (-1, 0), (0, -1), (0.5, 0)):
        with pytest.raises(ShapeError, match="a mask inside of the picture"):
            stamp(left, top, mask, (4, 3))


def test_unions_and_holes() -> None:
    size = (6, 4)
    parts = [box(0, 0, 2, 2, size), box(3, 1, 6, 4, size)]
    both = union(parts)
    assert (drawn(both, size) == numbers("##.... ##.### ...### ...###")).all()
    assert not union([]).cover.size
    assert union(parts[:1]) is parts[0]
    holed = without(both, [box(4, 2, 9, 3, size), box(0, 0, 1, 1, size), box(0, 0, 0, 0, size)])
    assert (drawn(holed, size) == numbers(".#.... ##.### ...#.. ...###")).all()
