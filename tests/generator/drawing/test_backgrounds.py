"""The same seed draws the same scene, other seeds other scenes; depth follows from the geometry."""

import numpy as np
import pytest

from generator.drawing.backgrounds import draw_scene
from generator.drawing.patterns import hsv
from generator.drawing.view import View

SIZE = 96
Scene = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw_scene(0, index, SIZE) for index in range(40)]


def test_same_arguments_give_the_same_bytes() -> None:
    for index in range(8):
        first, second = draw_scene(4, index, 48), draw_scene(4, index, 48)
        assert first[0].tobytes() == second[0].tobytes()
        assert first[1].tobytes() == second[1].tobytes()


@pytest.mark.parametrize("size", [16, 97, 192, 513])
def test_shape_and_dtype(size: int) -> None:
    for index in (0, 1):
        rgb, depth = draw_scene(1, index, size)
        assert rgb.shape == (size, size, 3)
        assert depth.shape == (size, size)
        assert (rgb.dtype, depth.dtype) == (np.dtype(np.uint8), np.dtype(np.uint16))


@pytest.mark.parametrize(("size", "index"), [(15, 0), (2049, 0), (64, -1)])
def test_refuses_what_it_cannot_draw(size: int, index: int) -> None:
    with pytest.raises(ValueError, match=f"found {size} and {index}"):
        draw_scene(0, index, size)


def test_depth_is_known_everywhere_and_spans_its_range(scenes: list[Scene]) -> None:
    for _, depth in scenes:
        assert depth.min() == 1
        assert depth.max() == 65535
        assert depth.std() > 4000


def test_pictures_use_the_range_of_brightness(scenes: list[Scene]) -> None:
    for rgb, _ in scenes:
        assert 20 < rgb.mean() < 230
        assert rgb.std() > 12


def test_ground_comes_nearer_downwards(scenes: list[Scene]) -> None:
    """In a column of ground only, inverse depth increases by the same amount in each row."""
    bare = 0
    for _, depth in scenes[::2]:
        for column in depth[SIZE * 3 // 4 :].T.astype(int):
            steps = np.diff(column)
            if steps.min() > 0 and np.ptp(steps) <= 2:
                bare += 1
    assert bare > 0.3 * 20 * SIZE


def test_bare_ground_is_level_along_a_row(scenes: list[Scene]) -> None:
    level = [np.abs(depth[-1] - np.median(depth[-1])) <= 1 for _, depth in scenes[::2]]
    assert np.mean(level) > 0.6


def test_scenes_differ(scenes: list[Scene]) -> None:
    for start in (0, 1):
        for i, (first, _) in enumerate(scenes[start::2]):
            for second, _ in scenes[start::2][:i]:
                assert np.abs(first.astype(int) - second).mean() > 8


def test_rectangles_have_the_depth_of_their_planes() -> None:
    """A camera 2 m above the ground sees a wall at 8 m, a box straight ahead and a box on the right."""
    view = View(64, focal=1.0, centre=(0.5, 0.5), eye=2.0)

    def paint(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        return np.broadcast_to(hsv(0, 0, 1), (*p.shape, 3))

    view.box((-0.5, 1.0, 4.0), (0.5, 2.0, 5.0), paint)
    view.box((1.0, 0.5, 4.0), (2.0, 2.0, 6.0), paint)
    view.rectangle(1, 2.0, (-100, 0), (100, 100), paint)
    view.rectangle(2, 8.0, (-100, -100), (100, 2), paint)
    inverse, u, v = view.inverse, view.u[0], view.v[:, 0]
    assert inverse[0, 0] == pytest.approx(1 / 8)
    assert inverse[-1, 0] == pytest.approx(v[-1] / 2)  # on the ground y / z = v, with y = 2
    front, top = (v > 0.26) & (v < 0.49), (v > 0.21) & (v < 0.24)
    np.testing.assert_allclose(inverse[front, 32], 1 / 4)
    np.testing.assert_allclose(inverse[top, 32], v[top], rtol=1e-5)  # the top is 1 m below the eye
    side = (u > 0.18) & (u < 0.24)
    np.testing.assert_allclose(inverse[51, side], u[side], rtol=1e-5)  # the left face is 1 m to the right
    assert inverse[front, 0].max() < 1 / 4


def test_what_stands_hides_only_what_is_behind_it() -> None:
    view = View(64, focal=1.0, centre=(0.5, 0.5), eye=2.0)

    for z, brightness in ((5.0, 0.2), (10.0, 0.9)):  # the nearer one is drawn first

        def slab(s: np.ndarray, t: np.ndarray, value: float = brightness) -> tuple[np.ndarray, np.ndarray]:
            return np.abs(s) < 0.25, np.full((*s.shape, 3), value, np.float32)

        view.stand(0.0, z, 4.0, 0.25, slab)
        assert view.rgb[32, 32, 0] == pytest.approx(0.2)
    assert view.inverse[32, 32] == pytest.approx(1 / 5)
    assert view.inverse[32, 32 + 10] == pytest.approx(1 / 5)  # 1 m to the side is 12.8 pixels
    assert view.inverse[32, 32 + 15] == 0
