import cv2
import numpy as np
import pytest

from generator.assets.flaws import (
    box_share,
    brightest_level,
    checkerboard_share,
    cut_off_share,
    detail_share,
    inside_of,
    largest_part_share,
    looks_inverted,
    opaque_share,
    outline_alternation,
    solid_share,
)


def squares(shape: tuple[int, int], side: int, light: int = 255, dark: int = 204) -> np.ndarray:
    rows, columns = np.indices(shape) // side
    grey = np.where((rows + columns) % 2, dark, light).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def photo(side: int = 192, seed: int = 0) -> np.ndarray:
    """Noise with the 1/f spectrum of photographs, (side, side, 3) uint8."""
    noise = np.fft.fft2(np.random.default_rng(seed).standard_normal((side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    plane = np.fft.ifft2(noise / np.maximum(frequency, 1 / side)).real
    grey = np.clip(128 + 45 * plane / plane.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def enlarged(rgb: np.ndarray, factor: float, how: int) -> np.ndarray:
    side = round(len(rgb) / factor)
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    large: np.ndarray = cv2.resize(small, rgb.shape[1::-1], interpolation=how)
    return large


def test_opaque_share_counts_from_half() -> None:
    assert opaque_share(np.array([[0, 127], [128, 255]], np.uint8)) == 0.5


def test_box_share_is_one_for_a_rectangle_anywhere() -> None:
    alpha = np.zeros((10, 12), np.uint8)
    assert box_share(alpha) == 0
    alpha[2:6, 3:8] = 255
    assert box_share(alpha) == 1
    alpha[2, 3:8] = [255, 0, 0, 0, 0]  # 16 of 20
    assert box_share(alpha) == 0.8


def frame(*holes: tuple[int, int, int, int]) -> np.ndarray:
    """Alpha of 20 x 30: opaque, with holes (top, bottom, left, right)."""
    alpha = np.full((20, 30), 255, np.uint8)
    for top, bottom, left, right in holes:
        alpha[top:bottom, left:right] = 0
    return alpha


def test_what_fills_all_borders_looks_inverted() -> None:
    assert looks_inverted(frame((5, 15, 5, 20)))
    assert looks_inverted(frame((5, 20, 10, 22)))  # an object that the lower border cuts
    assert not looks_inverted(frame())
    assert not looks_inverted(frame((0, 2, 0, 2), (5, 15, 5, 20)))  # one corner is transparent
    assert not looks_inverted(frame((0, 5, 10, 20), (15, 20, 10, 20)))  # the letter H
    assert not looks_inverted(255 - frame((5, 15, 5, 20)))


def test_solid_share_is_of_what_shows() -> None:
    assert solid_share(np.array([[0, 5, 60, 127, 128, 255]], np.uint8)) == 0.5
    assert solid_share(np.zeros((2, 2), np.uint8)) == 1


def test_a_border_cuts_an_object_off() -> None:
    alpha = np.zeros((20, 30), np.uint8)
    assert cut_off_share(alpha) == 0 and largest_part_share(alpha) == 1
    alpha[5:15, 10:20] = 255
    assert cut_off_share(alpha) == 0
    alpha[15:, 12:16] = 255  # 4 of its 10 columns reach the border
    assert cut_off_share(alpha) == 0.4
    alpha[0, ::3] = 255  # tips
    assert cut_off_share(alpha) == pytest.approx(4 / 28)


def test_the_largest_part_of_an_object_in_pieces() -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 10:16] = 255
    assert largest_part_share(alpha) == 1
    alpha[5:15, 20:22] = 255
    assert largest_part_share(alpha) == 0.75


def test_the_brightest_level_passes_over_a_thousandth() -> None:
    rgb = np.full((100, 100, 3), 12, np.uint8)
    rgb[0, :9] = 255
    assert brightest_level(rgb) == 12
    rgb[0, :11] = 255
    assert brightest_level(rgb) == 255


@pytest.mark.parametrize("side", [2, 3, 5, 8, 16, 30])
def test_squares_of_any_size_are_a_checkerboard(side: int) -> None:
    assert checkerboard_share(squares((256, 200), side))[0] > 0.6


def test_faint_squares_through_jpeg_scaling_and_half_covered_are_a_checkerboard() -> None:
    board = cv2.resize(squares((400, 400), 8, dark=239), (170, 190), interpolation=cv2.INTER_AREA)
    board[100:] = photo(170)[:90]
    decoded = cv2.imdecode(cv2.imencode(".jpg", board)[1], cv2.IMREAD_COLOR)
    assert checkerboard_share(decoded)[0] > 0.6


def test_squares_that_are_transparent_or_coloured_do_not_count() -> None:
    board = squares((128, 128), 8)
    opaque = np.zeros((128, 128), bool)
    opaque[:, :24] = True
    assert checkerboard_share(board, opaque)[0] == 0
    assert checkerboard_share(board * np.array([1, 1, 0], np.uint8))[0] == 0


def test_stripes_and_photos_and_white_are_no_checkerboard() -> None:
    stripes = np.where(np.arange(128) // 4 % 2, 255, 204).astype(np.uint8)
    slanted = np.array([np.roll(stripes, row) for row in range(128)])
    for grey in (np.tile(stripes, (128, 1)), slanted, np.full((128, 128), 255, np.uint8)):
        assert checkerboard_share(np.repeat(grey[..., None], 3, axis=2))[0] < 0.4
    for seed in range(4):
        assert checkerboard_share(photo(192, seed) // 4 + 185)[0] < 0.5


def test_a_picture_smaller_than_a_tile_has_no_checkerboard() -> None:
    assert checkerboard_share(squares((20, 20), 2)) == (0.0, 0)


def test_squares_along_an_outline_alternate_and_a_plain_outline_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    cv2.circle(rgba, (32, 32), 24, (120, 90, 60, 255), -1)
    assert outline_alternation(rgba) == 0
    ring = cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 24, 255, 3) > 0
    board = squares((64, 64), 1, light=250, dark=10)
    rgba[ring, :3] = board[ring]
    assert outline_alternation(rgba) > 0.5
    whole = outline_alternation(rgba)
    monkeypatch.setattr("generator.assets.flaws._STRIP", 7)
    assert outline_alternation(rgba) == whole
    assert outline_alternation(np.zeros((8, 8, 4), np.uint8)) == 0


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("how", [cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_enlarged_pictures_have_less_detail(factor: int, how: int) -> None:
    for seed in range(3):
        original = detail_share(photo(192, seed))
        smooth = detail_share(enlarged(photo(192, seed), factor, how))
        assert original is not None and smooth is not None
        assert smooth < 0.21 < 0.3 < original


def test_detail_outside_the_object_does_not_count() -> None:
    picture = enlarged(photo(), 3, cv2.INTER_CUBIC)
    picture[:, :96] = photo()[:, :96]
    right = np.zeros((192, 192), bool)
    right[:, 104:] = True
    whole, half = detail_share(picture), detail_share(picture, right)
    assert whole is not None and half is not None and half < 0.1 < 0.2 < whole


def test_nothing_is_said_about_flat_or_tiny_pictures() -> None:
    assert detail_share(np.full((64, 64, 3), 90, np.uint8)) is None
    assert detail_share(photo(), np.zeros((192, 192), bool)) is None


def test_inside_is_two_pixels_from_every_edge() -> None:
    alpha = np.full((9, 7), 255, np.uint8)
    assert np.argwhere(inside_of(alpha)).tolist() == [[r, c] for r in range(2, 7) for c in range(2, 5)]
