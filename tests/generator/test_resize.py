import cv2
import numpy as np
import pytest

from generator.resize import (
    fit_depth,
    fit_map,
    fit_picture,
    premultiply,
    scale_depth,
    scale_sprite,
    scaled_size,
    shrink,
    straighten,
    stretch,
    strips,
)


def test_hidden_colours_leave_no_fringe() -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[:, 0] = [200, 100, 50, 255]
    rgba[:, 1] = [0, 255, 0, 0]  # hidden green
    # The average is weighted by alpha: the colour of the left half, with half the opacity.
    assert scale_sprite(rgba, 1).tolist() == [[[200, 100, 50, 128]]]


@pytest.mark.parametrize("side", [7, 25, 33, 50, 61, 90, 130])
def test_less_memory_gives_the_same_pixels(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.resize._STRIP_ROWS", 6)
    rgba = np.random.default_rng(side).integers(0, 256, (56, 100, 4), dtype=np.uint8)
    method = cv2.INTER_AREA if side < 100 else cv2.INTER_LINEAR
    size = side, round(56 * side / 100)
    assert (
        scale_sprite(rgba, side) == straighten(cv2.resize(premultiply(rgba), size, interpolation=method))
    ).all()


def test_the_longer_side_is_met_and_the_aspect_kept() -> None:
    assert scale_sprite(np.full((40, 20, 4), 255, np.uint8), 10).shape == (10, 5, 4)
    assert scale_sprite(np.full((3, 90, 4), 255, np.uint8), 30).shape == (1, 30, 4)


def test_never_enlarged_by_more_than_two() -> None:
    assert scale_sprite(np.full((5, 4, 4), 255, np.uint8), 100).shape == (10, 8, 4)


def test_a_sprite_of_the_right_size_stays_as_it_is_but_for_hidden_colours() -> None:
    rgba = np.array([[[1, 2, 3, 255], [4, 5, 6, 1]], [[7, 8, 9, 0], [1, 1, 1, 128]]], np.uint8)
    expected = rgba.copy()
    expected[1, 0] = 0
    assert (scale_sprite(rgba, 2) == expected).all()


def test_backgrounds_are_cropped_centrally_and_averaged_by_area() -> None:
    columns = np.array([9, 10, 20, 30, 40, 9], np.uint8)  # 6 x 2 pixels; 2:1 keeps the middle 4
    rgb = np.repeat(np.repeat(columns[None, :, None], 2, 0), 3, 2)
    assert fit_picture(rgb, (2, 1))[..., 0].tolist() == [[15, 35]]


def test_depth_is_never_averaged() -> None:
    depth = np.array([[1, 65535] * 8] * 16, np.uint16)
    assert set(np.unique(fit_depth(depth, (5, 5)))) <= {1, 65535}


def test_depth_of_the_canvas_size_is_taken_exactly() -> None:
    depth = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert (fit_depth(depth, (4, 3)) == depth).all()


def test_a_map_of_square_pixels_is_cropped_as_its_picture_is() -> None:
    columns = np.array([9, 10, 20, 30, 40, 9], np.uint8)
    rgb = np.repeat(np.repeat(columns[None, :, None], 2, 0), 3, 2)
    depth = rgb[..., 0].astype(np.uint16)
    assert fit_map(depth, (6, 2), (2, 1)).tolist() == fit_picture(rgb, (2, 1))[..., 0].tolist() == [[15, 35]]


def test_a_square_map_of_a_wide_picture_is_cropped_in_the_pictures_aspect() -> None:
    # Of the picture of 8 x 4, the middle 4 x 4 remains: the two middle columns of the map's four.
    depth = np.array([[1, 20, 30, 4]] * 4, np.uint16)
    assert fit_map(depth, (8, 4), (2, 2)).tolist() == [[20, 30]] * 2
    assert fit_map(depth, (8, 4), (4, 4))[:, [0, -1]].tolist() == [[20, 30]] * 4
    # Of a tall picture, the middle rows remain.
    assert fit_map(depth.T, (4, 8), (4, 4))[[0, -1]].tolist() == [[20] * 4, [30] * 4]


def test_even_the_thinnest_map_fits() -> None:
    assert fit_map(np.array([[7]], np.uint16), (1000, 3), (5, 4)).tolist() == [[7] * 5] * 4


def test_soft_depth_is_interpolated_but_never_with_unknown() -> None:
    assert scale_depth(np.array([[100, 300]], np.uint16), (4, 1)).tolist() == [[100, 150, 250, 300]]
    assert scale_depth(np.array([[100, 300, 0, 500, 0, 0]], np.uint16), (3, 1)).tolist() == [[200, 500, 0]]
    # New pixels between 100 and 0 (unknown) take the nearer of the two; no value in between appears.
    enlarged = scale_depth(np.array([[100, 0, 65535]], np.uint16), (12, 1))
    assert enlarged.tolist() == [[100] * 4 + [0] * 4 + [65535] * 4]


def test_stretching_averages_when_it_shrinks() -> None:
    picture = np.array([[[0] * 3, [100] * 3, [200] * 3, [50] * 3]], np.uint8)
    assert stretch(picture, (2, 1))[..., 0].tolist() == [[50, 125]]
    assert stretch(picture, (4, 1)) is picture


@pytest.mark.parametrize(
    ("height", "width", "res", "expected"),
    [
        (192, 192, 96, (96, 96)),
        (100, 200, 50, (25, 50)),
        (200, 100, 50, (50, 25)),
        (30, 40, 32, (24, 32)),
        (10, 20, 40, (20, 40)),
        (3, 1000, 8, (1, 8)),
    ],
)
def test_the_longer_side_is_the_resolution(
    height: int, width: int, res: int, expected: tuple[int, int]
) -> None:
    assert scaled_size(height, width, res) == expected


def test_strips_are_all_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.resize._STRIP", 12)
    assert [(rows.start, rows.stop) for rows in strips(7, 4)] == [(0, 3), (3, 6), (6, 7)]
    assert [(rows.start, rows.stop) for rows in strips(2, 100)] == [(0, 1), (1, 2)]
    assert [(rows.start, rows.stop) for rows in strips(3, 4)] == [(0, 3)]


def test_shrink_is_area_averaging_within_a_level() -> None:
    wave = np.add.outer(np.arange(90) * 2, np.arange(120)) % 256
    picture = np.repeat(np.abs(wave - 128)[..., None], 3, axis=2).astype(np.uint8)
    for size in ((64, 48), (100, 80), (119, 89)):
        exact = stretch(picture, size)
        found = shrink(picture, size)
        assert found.shape == exact.shape
        assert np.abs(found.astype(int) - exact).mean() < 1
    assert (shrink(picture, (30, 20)) == stretch(picture, (30, 20))).all()
    assert (shrink(picture, (150, 89)) == stretch(picture, (150, 89))).all()
