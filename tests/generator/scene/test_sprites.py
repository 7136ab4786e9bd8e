import numpy as np
import pytest

from generator.config import GenerateConfig
from generator.drawing.objects import draw_object
from generator.format.bank import base_columns
from generator.format.pixels import OPAQUE
from generator.resize import scale_sprite
from generator.scene.sprites import contact_shadow, make_sprites, shadow_widths, sprites_per_fg

WORDS = [2**40 + 1, 2**50 + 7, 2**60 + 9]


@pytest.fixture(scope="module")
def cutout() -> np.ndarray:
    return draw_object(3, 0, 64)


def config(**fields: object) -> GenerateConfig:
    return GenerateConfig.model_validate({"size": (96, 96), "fg_size": 40, **fields})


def test_without_jitter_a_sprite_is_the_scaled_foreground(cutout: np.ndarray) -> None:
    (sprite,) = make_sprites(cutout, config(), [WORDS[0]])
    assert (sprite == scale_sprite(cutout, 40)).all()


def test_a_word_names_an_appearance(cutout: np.ndarray) -> None:
    asked = config(scale=(0.5, 1.5), rotate=30, brightness=0.3, contrast=0.3, saturation=0.5, variants=3)
    first, again = make_sprites(cutout, asked, WORDS), make_sprites(cutout, asked, WORDS[::-1])[::-1]
    assert len(first) == sprites_per_fg(asked) == 3
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert len({sprite.tobytes() for sprite in first}) == 3


def test_sizes_span_the_range(cutout: np.ndarray) -> None:
    asked = config(scale=(0.5, 1.5), variants=60)
    sides = [max(sprite.shape) for sprite in make_sprites(cutout, asked, [n * 2**32 for n in range(60)])]
    assert 20 <= min(sides) < 24 and 56 < max(sides) <= 60 == asked.sprite_side


@pytest.mark.parametrize("angle", [10, 45, 180])
def test_turned_sprites_are_whole_and_fit(angle: float) -> None:
    square = np.full((40, 40, 4), 255, np.uint8)
    asked = config(rotate=angle, variants=40)
    sprites = make_sprites(square, asked, [n * 2**32 for n in range(40)])
    sides = [max(sprite.shape[:2]) for sprite in sprites]
    assert max(sides) <= asked.sprite_side
    # Rotation does not change the area of the square.
    areas = [int((sprite[..., 3] >= OPAQUE).sum()) for sprite in sprites]
    assert min(areas) > 1480 and max(areas) < 1720
    # Sprites are trimmed: no outermost row or column is empty.
    for sprite in sprites:
        alpha = sprite[..., 3] > 0
        assert alpha[0].any() and alpha[-1].any() and alpha[:, 0].any() and alpha[:, -1].any()


def test_colour_jitter_leaves_alpha_and_clear_pixels(cutout: np.ndarray) -> None:
    plain = scale_sprite(cutout, 40)
    (sprite,) = make_sprites(cutout, config(brightness=0.5, variants=1), [WORDS[1]])
    assert (sprite[..., 3] == plain[..., 3]).all()
    assert (sprite[sprite[..., 3] == 0] == 0).all()
    ratio = sprite[..., :3][plain[..., 3] == 255].mean() / plain[..., :3][plain[..., 3] == 255].mean()
    assert 0.4 < ratio < 1.5 and abs(ratio - 1) > 0.01


def test_feathered_edges_fall_off_inwards() -> None:
    disc = np.zeros((60, 60, 4), np.uint8)
    rows, columns = np.mgrid[:60, :60]
    disc[np.hypot(rows - 29.5, columns - 29.5) < 25] = 255
    hard, soft = make_sprites(disc, config(fg_size=60, blend="mixed"), [WORDS[0]])
    assert (hard == disc).all()
    assert (soft[..., :3] == disc[..., :3]).all() and (soft[..., 3] <= hard[..., 3]).all()
    line = soft[30, :, 3].astype(int)
    assert line[29] == 255 and line[4] < OPAQUE
    assert 2 <= np.count_nonzero((line > 0) & (line < 255)) <= 16
    assert (make_sprites(disc, config(fg_size=60, blend="feather"), [WORDS[0]])[0] == soft).all()


def test_what_is_too_thin_to_feather_stays() -> None:
    line = np.zeros((60, 60, 4), np.uint8)
    line[:, 30] = 255
    (sprite,) = make_sprites(line, config(fg_size=60, blend="feather"), [WORDS[0]])
    assert (sprite == line).all()


def test_the_base_is_what_stands_near_the_ground() -> None:
    alpha = np.zeros((20, 10), np.uint8)
    alpha[:, 5] = 255  # a trunk, 20 high
    alpha[17, 2] = OPAQUE  # inside the lowest 15 % (three rows)
    alpha[16, 9] = 255  # above them
    alpha[19, 0] = OPAQUE - 1
    assert base_columns(alpha) == (2, 5)


def test_a_contact_shadow_is_black_and_darkest_in_the_middle() -> None:
    shadow = contact_shadow(24)
    assert shadow.shape == (7, 24, 4)
    assert (shadow[..., :3] == 0).all()
    assert shadow[..., 3].max() == shadow[3, 12, 3] > 128
    assert (shadow[0, [0, -1], 3] == 0).all()


def test_shadows_are_a_little_wider_than_what_stands_there() -> None:
    bases = np.array([[10, 29], [4, 4], [0, 39]])  # 20, 1 and 40 columns
    assert shadow_widths(bases, 40).tolist() == [24, 3, 40]
