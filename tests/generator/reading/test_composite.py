from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from generator.format.bank import Bank
from generator.format.pixels import Pixels
from generator.format.tables import OBJECT, PLACEMENT, SAMPLE, SHADOW
from generator.reading import stencils
from generator.reading.composite import Renderer


@dataclass
class Layer:
    sprite: np.ndarray
    x: int
    y: int
    depth: int
    writes_truth: bool = True
    gain: tuple[int, int, int] = (256, 256, 256)


def composite(background: np.ndarray, background_depth: np.ndarray, layers: Sequence[Layer]) -> Pixels:
    """Render one sample from layers; the result has no dimension for samples."""
    sizes = np.array([layer.sprite.shape[:2] for layer in layers], np.uint16).reshape(-1, 2)
    padded = np.zeros((len(layers), *sizes.max(axis=0), 4), np.uint8)
    for row, layer in zip(padded, layers, strict=True):
        row[: layer.sprite.shape[0], : layer.sprite.shape[1]] = layer.sprite
    numbers = np.arange(len(layers), dtype=np.uint32)
    bank = Bank(np.zeros(0, np.uint8), padded, sizes, numbers, background[None], background_depth[None])
    placements = np.array(
        [
            (number, layer.x, layer.y, 0, OBJECT if layer.writes_truth else SHADOW, layer.depth, layer.gain)
            for number, layer in enumerate(layers)
        ],
        PLACEMENT,
    )
    height, width = background_depth.shape
    pixels = Pixels.empty(1, (width, height), instances=True)
    Renderer(bank).render(np.array([(0, 0, 0, len(layers))], SAMPLE), placements, pixels)
    return pixels.sample(0)


def sprite(*pixels: tuple[int, int, int, int]) -> np.ndarray:
    return np.array([pixels], np.uint8)


def canvas(height: int, width: int, value: int = 100, depth: int = 5) -> tuple[np.ndarray, np.ndarray]:
    return np.full((height, width, 3), value, np.uint8), np.full((height, width), depth, np.uint16)


def test_a_half_transparent_pixel_worked_out_by_hand() -> None:
    # (200 * 128 + 100 * 127 + 127) // 255 = (25600 + 12700 + 127) // 255 = 38427 // 255 = 150
    result = composite(*canvas(1, 2), [Layer(sprite((200, 0, 255, 128)), x=1, y=0, depth=9)])
    # green: (0 + 12700 + 127) // 255 = 50; blue: (32640 + 12827) // 255 = 178
    assert result.fg_bg.tolist() == [[[100, 100, 100], [150, 50, 178]]]
    assert result.mask.tolist() == [[0, 128]]
    assert result.depth.tolist() == [[5, 9]]


def test_depth_is_taken_from_alpha_128_on() -> None:
    result = composite(*canvas(1, 2), [Layer(sprite((0, 0, 0, 127), (0, 0, 0, 128)), 0, 0, depth=9)])
    assert result.depth.tolist() == [[5, 9]]
    assert result.mask.tolist() == [[127, 128]]


def test_masks_of_overlapping_layers_go_over_each_other() -> None:
    half = sprite((0, 0, 0, 128))
    result = composite(*canvas(1, 1), [Layer(half, 0, 0, 7), Layer(half, 0, 0, 8)])
    # (255 * 128 + 128 * 127 + 127) // 255 = (32640 + 16256 + 127) // 255 = 192
    assert result.mask.tolist() == [[192]]
    assert result.depth.tolist() == [[8]]


def test_a_layer_is_cut_off_at_the_border() -> None:
    row = sprite(*[(10 * n, 0, 0, 255) for n in range(1, 6)])
    result = composite(*canvas(1, 3), [Layer(row, x=-1, y=0, depth=9)])
    assert result.fg_bg[0, :, 0].tolist() == [20, 30, 40]


@pytest.mark.parametrize(("x", "y"), [(3, 0), (-1, 0), (0, 1), (0, -1), (-400, 32767)])
def test_a_layer_beside_the_canvas_is_not_seen(x: int, y: int) -> None:
    result = composite(*canvas(1, 3), [Layer(sprite((0, 0, 0, 255)), x, y, depth=9)])
    assert result.fg_bg.tolist() == [[[100] * 3] * 3]
    assert result.mask.tolist() == [[0] * 3] and result.depth.tolist() == [[5] * 3]


def test_a_shadow_darkens_but_writes_no_truth() -> None:
    shadow = Layer(sprite((255, 255, 255, 128)), 0, 0, depth=9, writes_truth=False)
    result = composite(*canvas(1, 1), [shadow])
    # (0 + 100 * 127 + 127) // 255 = 50
    assert result.fg_bg.tolist() == [[[50, 50, 50]]]
    assert result.mask.tolist() == [[0]]
    assert result.depth.tolist() == [[5]]


def test_gain_multiplies_channels_and_saturates() -> None:
    layer = Layer(sprite((100, 200, 10, 255)), 0, 0, depth=9, gain=(128, 512, 256))
    # (100 * 128 + 128) >> 8 = 50; 400 saturates at 255; 10 stays
    assert composite(*canvas(1, 1), [layer]).fg_bg.tolist() == [[[50, 255, 10]]]


def test_every_pixel_follows_the_formula() -> None:
    """All levels over all levels, at every opacity."""
    front, back = np.meshgrid(np.arange(256), np.arange(256))
    background = np.repeat(back[..., None], 3, axis=2).astype(np.uint8)
    pixels = np.repeat(front[..., None], 4, axis=2).astype(np.uint8)
    for alpha in range(1, 256):
        pixels[..., 3] = alpha
        pasted = composite(background, np.ones((256, 256), np.uint16), [Layer(pixels, 0, 0, 9)])
        expected = (front * alpha + back * (255 - alpha) + 127) // 255
        assert np.array_equal(pasted.fg_bg[..., 1], expected), alpha


def test_render_follows_the_tables() -> None:
    pixels = np.zeros((1, 2, 3, 4), np.uint8)  # padded: the sprite itself is 1 x 2
    pixels[0, 0, :2] = [[10, 10, 10, 255], [20, 20, 20, 255]]
    bank = Bank(
        np.zeros(0, np.uint8),
        pixels,
        np.array([[1, 2]], np.uint16),
        np.array([0], np.uint32),
        np.stack([canvas(2, 3, 100)[0], canvas(2, 3, 200)[0]]),
        np.stack([canvas(2, 3, depth=5)[1], canvas(2, 3, depth=6)[1]]),
    )
    samples = np.array([(0, 1, 0, 1), (1, 0, 1, 0), (2, 0, 1, 2)], SAMPLE)
    placements = np.array(
        [
            (0, 1, 1, 1, 0, 9, (256, 256, 256)),
            (0, 0, 0, 0, 0, 7, (256, 256, 256)),
            (0, 1, 0, 0, 0, 8, (256, 256, 256)),
        ],
        PLACEMENT,
    )
    pixels, bg = Pixels.empty(3, (3, 2), instances=True), np.empty((3, 2, 3, 3), np.uint8)
    Renderer(bank).render(samples, placements, pixels, bg)
    fg_bg, mask, depth = pixels.fg_bg, pixels.mask, pixels.depth
    assert pixels.instances is not None
    assert fg_bg[..., 0].tolist() == [
        [[200, 200, 200], [200, 20, 10]],  # mirrored
        [[100, 100, 100], [100, 100, 100]],  # an empty scene
        [[10, 10, 20], [100, 100, 100]],  # the later sprite is in front
    ]
    assert mask.tolist() == [[[0, 0, 0], [0, 255, 255]], [[0] * 3] * 2, [[255] * 3, [0] * 3]]
    assert depth.tolist() == [[[6, 6, 6], [6, 9, 9]], [[5] * 3] * 2, [[7, 8, 8], [5] * 3]]
    assert pixels.instances.tolist() == [[[0, 0, 0], [0, 1, 1]], [[0] * 3] * 2, [[1, 2, 2], [0] * 3]]
    assert bg[:, 0, 0, 0].tolist() == [200, 100, 100]


def test_instances_count_objects_and_no_shadows() -> None:
    solid = sprite((9, 9, 9, 255), (9, 9, 9, 127), (9, 9, 9, 255))
    shadow = Layer(sprite((0, 0, 0, 255)), 0, 0, depth=0, writes_truth=False)
    result = composite(*canvas(1, 4), [shadow, Layer(solid, 0, 0, 7), shadow, Layer(solid, 2, 0, 8)])
    assert result.instances is not None
    assert result.instances.tolist() == [[1, 0, 2, 0]]


def test_what_cannot_be_seen_of_a_sprite_may_lie_outside() -> None:
    padded = sprite((0, 0, 0, 0), (0, 0, 0, 0), (50, 50, 50, 255), (0, 0, 0, 0))
    assert composite(*canvas(1, 2), [Layer(padded, -2, 0, 9)]).fg_bg[0, :, 0].tolist() == [50, 100]
    assert composite(*canvas(1, 2), [Layer(padded, -3, 0, 9)]).mask.tolist() == [[0, 0]]


def test_a_sprite_that_cannot_be_seen_changes_nothing() -> None:
    assert composite(*canvas(1, 1), [Layer(sprite((9, 9, 9, 0)), 0, 0, 9)]).fg_bg.tolist() == [[[100] * 3]]


def test_sprites_that_do_not_fit_into_memory_together_are_pasted_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    layers = [
        Layer(rng.integers(0, 256, (4, 5, 4), np.uint8), int(x), int(y), 7, bool(x % 2), (300, 200, 256))
        for x, y in rng.integers(-3, 8, (20, 2))
    ]
    together = composite(*canvas(9, 9), layers)
    monkeypatch.setattr(stencils, "_BYTES", 3 * 4 * 5 * 7)
    for (name, one), (_, other) in zip(
        together.items(), composite(*canvas(9, 9), layers).items(), strict=True
    ):
        assert np.array_equal(one, other), name
