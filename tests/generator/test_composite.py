import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.bank import Bank
from generator.composite import Layer, Renderer, composite
from generator.errors import FgbgError
from generator.pixels import Pixels
from generator.placement import PLACEMENT, SAMPLE


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


def test_a_layer_beside_the_canvas_is_refused() -> None:
    with pytest.raises(FgbgError, match=r"expected a layer that touches the 3 x 1 canvas"):
        composite(*canvas(1, 3), [Layer(sprite((0, 0, 0, 255)), x=3, y=0, depth=9)])


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


def test_the_inputs_stay_as_they_were() -> None:
    background, depth = canvas(1, 1)
    composite(background, depth, [Layer(sprite((9, 9, 9, 255)), 0, 0, depth=9)])
    assert background.tolist() == [[[100, 100, 100]]] and depth.tolist() == [[5]]


@given(front=st.integers(0, 255), back=st.integers(0, 255), alpha=st.integers(0, 255))
def test_every_pixel_follows_the_formula(front: int, back: int, alpha: int) -> None:
    pasted = composite(*canvas(1, 1, back), [Layer(sprite((front, front, front, alpha)), 0, 0, 9)])
    assert pasted.fg_bg[0, 0, 0] == (front * alpha + back * (255 - alpha) + 127) // 255


def test_render_follows_the_tables() -> None:
    pixels = np.zeros((1, 2, 3, 4), np.uint8)  # padded: the sprite itself is 1 x 2
    pixels[0, 0, :2] = [[10, 10, 10, 255], [20, 20, 20, 255]]
    bank = Bank(
        {},
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
        [[10, 10, 20], [100, 100, 100]],  # the later one in front
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
    with pytest.raises(FgbgError, match=r"1 x 1 at \(-1, 0\)"):
        composite(*canvas(1, 2), [Layer(padded, -3, 0, 9)])
