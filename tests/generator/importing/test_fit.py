import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.importing.fit import VOID_LEVEL, Frame

SIDES = st.tuples(st.integers(1, 300), st.integers(1, 300))


def test_pad_keeps_the_whole_picture_and_its_aspect_ratio() -> None:
    frame = Frame.of((400, 200), (100, 100), "pad")
    assert (frame.kept, frame.scaled) == ((400, 200), (100, 50))
    rgb = np.zeros((200, 400, 3), np.uint8)
    rgb[0], rgb[-1] = 250, 100
    fitted = frame.picture_on_canvas(rgb)
    # 25 rows of border repeat the first row, of which a quarter is white: (250 + 0 + 0 + 0) / 4.
    assert fitted.shape == (100, 100, 3)
    assert (fitted[:26] == 62).all() or (fitted[:26] == 63).all()
    assert (fitted[74:] == 25).all() and (fitted[26:74] == 0).all()


def test_crop_keeps_the_middle() -> None:
    rgb = np.zeros((20, 40, 3), np.uint8)
    rgb[:, 10:30] = 200
    assert (Frame.of((40, 20), (10, 10), "crop").picture_on_canvas(rgb) == 200).all()


def test_stretch_keeps_all() -> None:
    levels = np.repeat(np.array([[1, 2]], np.uint8), 4, axis=0)
    fitted = Frame.of((2, 4), (4, 4), "stretch").classes_on_canvas(levels)
    assert fitted.tolist() == [[1, 1, 2, 2]] * 4


def test_the_border_of_classes_is_void_and_no_class_is_mixed() -> None:
    levels = np.array([[0, 7, 7, 0]] * 2, np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    fitted = Frame.of((40, 20), (8, 8), "pad").classes_on_canvas(levels)
    assert (fitted[:2] == 255).all() and (fitted[6:] == 255).all()
    assert fitted[2:6].tolist() == [[0, 0, 7, 7, 7, 7, 0, 0]] * 4


def test_alpha_is_averaged_over_the_pixels_that_are_not_void() -> None:
    levels = np.array([[255, 0, 255, 255]], np.uint8).repeat(2, axis=0)
    void = np.array([[False, True, True, True]]).repeat(2, axis=0)
    fitted = Frame.of((4, 2), (2, 1), "stretch").alpha_on_canvas(levels, void)
    assert fitted.tolist() == [[255, VOID_LEVEL]]


def test_an_alpha_of_the_void_level_is_stored_as_one_less() -> None:
    levels = np.full((4, 4), VOID_LEVEL, np.uint8)
    assert (Frame.of((4, 4), (4, 4), "pad").alpha_on_canvas(levels, None) == VOID_LEVEL - 1).all()


def test_the_border_of_an_alpha_is_void_and_does_not_bleed() -> None:
    fitted = Frame.of((8, 4), (8, 8), "pad").alpha_on_canvas(np.full((4, 8), 255, np.uint8), None)
    assert (fitted[:2] == VOID_LEVEL).all() and (fitted[2:6] == 255).all()


def test_depth_of_another_resolution_stands_on_the_same_part() -> None:
    depth = np.array([[10, 20, 30, 40]], np.uint16).repeat(2, axis=0)
    cropped = Frame.of((400, 200), (2, 2), "crop").depth_on_canvas(depth)
    assert cropped.tolist() == [[20, 30], [20, 30]]
    padded = Frame.of((400, 200), (4, 4), "pad").depth_on_canvas(depth)
    assert padded.tolist() == [[0] * 4, [10, 20, 30, 40], [10, 20, 30, 40], [0] * 4]


def test_the_largest_255_objects_keep_a_number() -> None:
    numbers = np.arange(1, 301, dtype=np.uint16)[:, None].repeat(4, axis=1)
    numbers[:10, 3] = 300  # the first ten objects are the smallest, the last is the largest
    fitted = Frame.of((4, 300), (4, 300), "stretch").instances_on_canvas(numbers)
    assert fitted.max() == 255 and fitted[-1, 0] == 255
    assert (fitted[:10, 0] == 0).all() and (fitted[:10, 3] == 255).all()
    few = np.array([[0, 254, 255, 3]], np.uint16)
    assert Frame.of((4, 1), (4, 1), "stretch").instances_on_canvas(few).tolist() == few.tolist()


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@given(picture=SIDES, canvas=SIDES)
def test_everything_comes_out_in_the_size_of_the_canvas(
    fit: str, picture: tuple[int, int], canvas: tuple[int, int]
) -> None:
    frame = Frame.of(picture, canvas, fit)  # type: ignore[arg-type]
    size = (canvas[1], canvas[0])
    levels = np.zeros((picture[1], picture[0]), np.uint8)
    assert frame.picture_on_canvas(np.zeros((*levels.shape, 3), np.uint8)).shape == (*size, 3)
    assert frame.classes_on_canvas(levels).shape == size
    assert frame.alpha_on_canvas(levels, levels == 0).shape == size
    assert frame.depth_on_canvas(np.ones((3, 2), np.uint16)).shape == size
    assert all(needed >= scaled for needed, scaled in zip(frame.least, frame.scaled, strict=True))
