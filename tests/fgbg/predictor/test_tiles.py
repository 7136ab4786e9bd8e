from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from fgbg.predictor import Predictor
from fgbg.predictor.engine import Answer
from fgbg.predictor.tiles import look_at, require_tile, see_tiles
from generator.errors import ConfigError
from generator.format.manifest import AlphaMask, MaskEntry

RES = 32
PICTURE = np.random.default_rng(0).integers(0, 256, (80, 112, 3), dtype=np.uint8)


def brightness(pictures: np.ndarray) -> np.ndarray:
    """(B, 1, h, w) float32: a network that answers each pixel by its colour."""
    means: np.ndarray = (pictures.mean(axis=3, dtype=np.float32) / 255)[:, None]
    return means


def position(pictures: np.ndarray) -> np.ndarray:
    """A network that answers 0 at the left edge of each tile, and 1 at its right edge."""
    count, height, width = pictures.shape[:3]
    return np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (count, 1, height, width)).copy()


@dataclass
class DrawnEngine:
    """Answers by functions, and notes the shapes that it is given."""

    mask: Callable[[np.ndarray], np.ndarray] = brightness
    depth: Callable[[np.ndarray], np.ndarray] | None = brightness
    res: int = RES
    stride: int = 1
    entry: MaskEntry = field(default_factory=AlphaMask)
    takes_bg: bool = True
    has_depth: bool = True
    dataset_id: str = ""
    device: str = "cpu"
    seen: list[tuple[int, ...]] = field(default_factory=list)
    backgrounds: list[np.ndarray] = field(default_factory=list)

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None, mirror: bool = False) -> Answer:
        self.seen.append(pictures.shape)
        if bgs is not None:
            self.backgrounds.append(bgs)
        return Answer(self.mask(pictures), self.depth(pictures) if self.depth else None)


def test_a_network_of_pixels_answers_tiles_as_it_answers_the_whole() -> None:
    answer = see_tiles(DrawnEngine(depth=None), PICTURE, None, RES)
    assert answer.depth is None and answer.mask.dtype == np.float32
    np.testing.assert_allclose(answer.mask, brightness(PICTURE[None]), atol=1e-5)


def test_the_network_sees_tiles_of_its_own_size_in_batches() -> None:
    engine = DrawnEngine()
    see_tiles(engine, PICTURE, PICTURE, RES)
    whole, *batches = engine.seen
    assert whole == (1, 23, 32, 3)
    # 3 x 5 tiles: neighbours share at least a quarter.
    assert {shape[1:] for shape in batches} == {(RES, RES, 3)} and sum(shape[0] for shape in batches) == 15
    assert len(batches) == 2
    narrow = DrawnEngine()
    see_tiles(narrow, PICTURE[:20], None, RES)
    assert {shape[1:3] for shape in narrow.seen[1:]} == {(20, RES)}


def test_answers_that_depend_on_the_place_in_the_tile_are_blended() -> None:
    mask = see_tiles(DrawnEngine(mask=position, depth=None), PICTURE, None, RES).mask[0, 0]
    # Pasted side by side, the answer would fall by 1 from a pixel to the next.
    assert np.abs(np.diff(mask, axis=1)).max() < 0.15
    assert mask[:, 0].max() == 0 and mask[:, -1].min() == 1


def test_depth_of_tiles_is_aligned_to_the_whole() -> None:
    def another_scale_in_each(pictures: np.ndarray) -> np.ndarray:
        depth = brightness(pictures)
        if len(depth) > 1:
            for number, one in enumerate(depth):
                one *= 0.6 + 0.08 * number
                one += 0.03 * number
        return depth

    smooth = np.broadcast_to(np.linspace(40, 200, 112).astype(np.uint8)[None, :, None], PICTURE.shape)
    answer = see_tiles(DrawnEngine(depth=another_scale_in_each), smooth, None, RES)
    assert answer.depth is not None and answer.depth.shape == (1, 1, 80, 112)
    assert np.abs(answer.depth - brightness(smooth[None])).max() < 0.02


def test_a_scene_of_constant_depth_has_no_seams() -> None:
    def constant_in_each(pictures: np.ndarray) -> np.ndarray:
        values = 0.5 + 0.04 * np.arange(len(pictures), dtype=np.float32)
        return np.broadcast_to(values[:, None, None, None], (len(pictures), 1, *pictures.shape[1:3])).copy()

    depth = see_tiles(DrawnEngine(depth=constant_in_each), PICTURE, None, RES).depth
    assert depth is not None and np.abs(depth - 0.5).max() < 1e-6


def test_the_background_is_cut_into_the_same_tiles() -> None:
    engine = DrawnEngine()
    see_tiles(engine, PICTURE, PICTURE, RES)
    assert (engine.backgrounds[1][0] == PICTURE[:RES, :RES]).all()


def test_one_tile_that_covers_the_picture_is_no_tile() -> None:
    engine = DrawnEngine()
    plain, tiled = (Predictor(engine, RES, tile=tile)(PICTURE) for tile in (None, 112))
    assert (plain.mask == tiled.mask).all() and plain.depth is not None and tiled.depth is not None
    assert (plain.depth == tiled.depth).all() and engine.seen == [(1, 23, 32, 3)] * 2


def test_a_predictor_looks_closer_with_tiles() -> None:
    engine = DrawnEngine()
    predictor = Predictor(engine, RES, refine=False, tile=56)
    predicted = predictor(PICTURE, PICTURE)
    assert predicted.mask.shape == (80, 112) and predicted.depth is not None
    # 112 px are two tiles of 56 px, so the network sees 64 px of 32 each.
    assert sum(shape[0] for shape in engine.seen[1:]) == 2 * 3
    for many in predictor.predict_many([PICTURE, PICTURE], PICTURE):
        assert (many.mask == predicted.mask).all()


@pytest.mark.parametrize(
    ("size", "tile", "side"),
    [
        ((4000, 6000), None, 96),
        ((4000, 6000), "auto", 384),
        ((4000, 6000), 800, 720),
        ((4000, 6000), 96, 6000),
        ((4000, 6000), 9000, 96),
        ((60, 90), "auto", 96),
        ((100, 200), "auto", 200),
    ],
)
def test_a_picture_is_scaled_so_that_a_tile_has_the_networks_size(
    size: tuple[int, int], tile: int | None, side: int
) -> None:
    assert look_at(size, tile, 96) == side


@pytest.mark.parametrize(("tile", "words"), [(95, "at least the 96 pixels"), (0, "tile"), ("all", "tile")])
def test_a_senseless_tile_is_refused(tile: int, words: str) -> None:
    for good in (None, "auto", 96, 5000):
        require_tile(good, 96)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=words):
        require_tile(tile, 96)


def test_shares_of_classes_take_a_byte_each() -> None:
    def two(pictures: np.ndarray) -> np.ndarray:
        bright = brightness(pictures)
        return np.concatenate([bright, 1 - bright], axis=1)

    answer = see_tiles(DrawnEngine(mask=two, depth=None), PICTURE, None, RES)
    assert answer.mask.dtype == np.uint8
    wanted = np.rint(two(PICTURE[None]) * 255)
    assert np.abs(answer.mask - wanted).max() <= 1
