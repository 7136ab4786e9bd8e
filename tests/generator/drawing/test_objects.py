"""The same seed draws the same cut-out, other seeds others; all are clean RGBA with straight alpha."""

import numpy as np
import pytest

from generator.drawing.objects import FAMILIES, draw_object, family_of

SIZE = 96
NAMES = list(FAMILIES)


@pytest.fixture(scope="module")
def objects() -> dict[str, np.ndarray]:
    return {family_of(index): draw_object(0, index, SIZE) for index in range(len(FAMILIES))}


def _enclosed_empty(alpha: np.ndarray) -> int:
    """Number of transparent pixels that are not connected with the border through transparent pixels."""
    empty = np.pad(alpha < 64, 1, constant_values=True)
    reached = np.zeros_like(empty)
    reached[0] = True
    while True:
        grown = reached.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                grown |= np.roll(reached, step, axis) & empty
        if (grown == reached).all():
            return int((empty & ~reached).sum())
        reached = grown


def test_same_arguments_give_the_same_bytes() -> None:
    for index in range(len(FAMILIES)):
        assert draw_object(4, index, 48).tobytes() == draw_object(4, index, 48).tobytes()


@pytest.mark.parametrize("size", [16, 97, 192])
def test_shape_and_dtype(size: int) -> None:
    for index in (0, 5, 11):
        drawn = draw_object(1, index, size)
        assert drawn.shape == (size, size, 4)
        assert drawn.dtype == np.uint8
        assert (drawn[..., 3] == 255).any()


@pytest.mark.parametrize(("size", "index"), [(15, 0), (2049, 0), (64, -1)])
def test_refuses_what_it_cannot_draw(size: int, index: int) -> None:
    with pytest.raises(ValueError, match=f"found {size} and {index}"):
        draw_object(0, index, size)


@pytest.mark.parametrize("name", NAMES)
def test_stands_on_the_bottom_and_fills_the_square(objects: dict[str, np.ndarray], name: str) -> None:
    rows, columns = np.nonzero(objects[name][..., 3] > 128)
    assert rows.max() >= SIZE * 0.95
    assert max(np.ptp(rows), np.ptp(columns)) >= SIZE * 0.85


@pytest.mark.parametrize("name", NAMES)
def test_alpha_is_opaque_inside_and_soft_at_the_edge(objects: dict[str, np.ndarray], name: str) -> None:
    alpha = objects[name][..., 3]
    assert (alpha == 255).mean() > 0.03
    assert ((alpha > 0) & (alpha < 255)).sum() > SIZE // 2
    assert not objects[name][alpha == 0].any()


@pytest.mark.parametrize("name", ["mug", "gear", "chair", "bicycle", "teapot", "key"])
def test_has_holes(name: str) -> None:
    index = NAMES.index(name)
    for turn in range(3):
        alpha = draw_object(2, index + turn * len(FAMILIES), 192)[..., 3]
        assert _enclosed_empty(alpha) > 20


@pytest.mark.parametrize("name", NAMES)
def test_soft_edges_have_the_colour_of_what_they_border(objects: dict[str, np.ndarray], name: str) -> None:
    drawn = objects[name].astype(int)
    padded = np.pad(drawn, ((3, 3), (3, 3), (0, 0)))
    nearest = []
    for row, column in zip(*np.nonzero((drawn[..., 3] > 60) & (drawn[..., 3] < 200)), strict=True):
        around = padded[row : row + 7, column : column + 7].reshape(-1, 4)
        solid = around[around[:, 3] > 250, :3]
        if len(solid):
            nearest.append(np.abs(solid - drawn[row, column, :3]).max(1).min())
    assert len(nearest) > 20
    assert np.mean(nearest) < 24


def test_families_have_their_own_silhouettes(objects: dict[str, np.ndarray]) -> None:
    masks = [drawn[..., 3] > 128 for drawn in objects.values()]
    for i, first in enumerate(masks):
        for second in masks[:i]:
            assert (first & second).sum() / (first | second).sum() < 0.85


@pytest.mark.parametrize("name", NAMES)
def test_two_of_one_family_differ(name: str) -> None:
    index = NAMES.index(name)
    first, second = (draw_object(0, index + turn * len(FAMILIES), SIZE).astype(int) for turn in (1, 2))
    either = (first[..., 3] > 0) | (second[..., 3] > 0)
    assert np.abs(first - second)[either].mean() > 15


def test_the_seed_changes_every_object() -> None:
    for index in range(4):
        assert not np.array_equal(draw_object(0, index, 32), draw_object(1, index, 32))
