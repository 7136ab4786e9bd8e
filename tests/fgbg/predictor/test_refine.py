import cv2
import numpy as np
import pytest

from fgbg.predictor import Predictor
from fgbg.predictor.decide_edges import decide_edges
from fgbg.predictor.engine import Answer
from fgbg.predictor.resize_input import prepare
from fgbg.predictor.restore_size import depth_levels, mask_levels, restore
from generator.format.manifest import AlphaMask, ClassMask

SIDE, SMALL = 240, 24
CLASSES = ClassMask(names=["ground", "disc"], colours=[[0, 0, 0], [255, 0, 0]])


def disc(radius: float, side: int = SIDE) -> np.ndarray:
    """(side, side) bool: a disc in the middle, whose radius is given in pixels of SIDE."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    return np.hypot(rows - side / 2, columns - side / 2) < radius * side / SIDE


def scene(contrast: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """A noisy picture of a disc of radius 80, and the picture without it: (SIDE, SIDE, 3) uint8 each."""
    rng = np.random.default_rng(0)
    plate = np.clip(rng.normal(80, 4, (SIDE, SIDE, 3)), 0, 255)
    picture = plate + rng.normal(0, 2, plate.shape) + contrast * disc(80)[..., None]
    return picture.round().astype(np.uint8), plate.round().astype(np.uint8)


def answer(radius: float, blur: float = 1) -> np.ndarray:
    """(SMALL, SMALL) float32: a network's blurred view of a disc."""
    return cv2.GaussianBlur(disc(radius, SMALL).astype(np.float32), (0, 0), blur)


def wrong(mask: np.ndarray) -> int:
    """The number of pixels of a mask on the wrong side of the disc's edge."""
    return int(((mask >= 128) != disc(80)).sum())


def refined(alpha: np.ndarray, picture: np.ndarray, plate: np.ndarray | None = None) -> np.ndarray:
    return mask_levels(decide_edges(alpha, picture, plate)[None], AlphaMask(), picture.shape[:2], picture)


@pytest.mark.parametrize("radius", [72, 80, 88])
def test_the_edge_of_a_mask_moves_to_the_edge_in_the_picture(radius: float) -> None:
    picture, _ = scene()
    before = mask_levels(answer(radius)[None], AlphaMask(), (SIDE, SIDE))
    after = refined(answer(radius), picture)
    assert after.shape == (SIDE, SIDE) and wrong(after) < max(60, wrong(before) / 10)
    assert after[120, 120] > 250 and after[2, 2] < 5


def test_a_background_shows_an_edge_that_colours_do_not() -> None:
    # The disc has the stripes of the background, where those are dark.
    dark = np.arange(SIDE)[:, None, None] // 5 % 2 == np.zeros((1, SIDE, 3))
    plate = np.where(dark, 60, 180).astype(np.uint8)
    picture = np.where(dark ^ disc(80)[..., None], 60, 180).astype(np.uint8)
    with_background, without = wrong(refined(answer(70), picture, plate)), wrong(refined(answer(70), picture))
    assert with_background < 900 and with_background < without / 4


def test_nothing_is_drawn_at_random() -> None:
    picture, plate = scene(20)

    def next_number() -> float:
        return float(cv2.randu(np.zeros((1, 1)), 0, 1)[0, 0])

    for behind in (None, plate):
        cv2.setRNGSeed(5)
        expected = next_number()
        cv2.setRNGSeed(5)
        one = decide_edges(answer(70), picture, behind)
        assert next_number() == expected
        assert (decide_edges(answer(70), picture, behind) == one).all()


def test_sure_pixels_keep_the_networks_answer() -> None:
    picture, plate = scene()
    for behind in (None, plate):
        for value in (0, 1):
            decided = decide_edges(np.full((SMALL, SMALL), value, np.float32), picture, behind)
            assert (decided == value).all()
        # The whole picture is unsure, and there is no sure pixel to learn from.
        unsure = np.full((SMALL, SMALL), 0.4, np.float32)
        assert np.isfinite(decide_edges(unsure, picture, behind)).all()


@pytest.mark.parametrize("with_plate", [False, True])
def test_where_colours_say_nothing_the_networks_answer_stays(with_plate: bool) -> None:
    picture, plate = scene(0)
    after = refined(answer(70), picture, plate if with_plate else None)
    before = mask_levels(answer(70)[None], AlphaMask(), (SIDE, SIDE))
    assert ((after >= 128) != (before >= 128)).sum() < 900


def test_a_nearly_exact_answer_does_not_get_worse() -> None:
    picture, plate = scene(30)
    exact = cv2.resize(disc(80).astype(np.float32), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    before = wrong(mask_levels(exact[None], AlphaMask(), (SIDE, SIDE)))
    assert max(wrong(refined(exact, picture)), wrong(refined(exact, picture, plate))) < before


def test_large_answers_are_decided_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = scene()
    whole = decide_edges(answer(75), picture)
    monkeypatch.setattr("fgbg.predictor.decide_edges._BLOCK", 50)
    np.testing.assert_allclose(decide_edges(answer(75), picture), whole, atol=1e-3)


def test_depth_changes_where_the_object_ends_and_copies_no_texture() -> None:
    mask = np.where(disc(80), np.uint8(255), np.uint8(0))
    depth = 0.2 + 0.6 * answer(80, 0.5)
    before, after = (depth_levels(depth, (SIDE, SIDE), guide) / 65535 for guide in (None, mask))
    true = np.where(disc(80), 0.8, 0.2)
    near = disc(84) & ~disc(76)
    assert np.abs(after - true)[near].mean() < np.abs(before - true)[near].mean() / 2
    # A network's depth has values of its own, and they are not left.
    assert after.min() >= depth.min() - 1e-4 and after.max() <= depth.max() + 1e-4
    flat = depth_levels(np.full((SMALL, SMALL), 0.5, np.float32), (SIDE, SIDE), mask)
    assert np.ptp(flat) <= 1


def test_classes_get_the_edges_of_the_picture() -> None:
    picture, _ = scene()
    inside = answer(80, 0.7)
    shares = np.stack([1 - inside, inside])
    before, after = (mask_levels(shares, CLASSES, (SIDE, SIDE), guide) for guide in (None, picture))
    assert wrong(after * 255) < wrong(before * 255) / 2


def test_strips_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = scene()
    whole = refined(answer(75), picture)
    monkeypatch.setattr("generator.resize._STRIP", 700)
    strips = refined(answer(75), picture)
    # Because of another order of sums, values may be rounded to the next level.
    assert np.abs(strips.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (2, 100), (33, 35)])
def test_pictures_of_any_shape_are_refined(drawn: Predictor, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    predicted = drawn(picture, picture)
    assert predicted.depth is not None and predicted.mask.shape == predicted.depth.shape == size


def test_only_pictures_larger_than_the_networks_input_are_refined() -> None:
    picture, plate = scene()
    small, large = (prepare(picture, plate, res, False, refine=True) for res in (SIDE, SMALL))
    assert small.picture is None and small.plate is None
    assert large.picture is picture and large.plate is not None
    assert prepare(picture, plate, SMALL, False, refine=False).picture is None
    seen = Answer(answer(65)[None, None], None)
    plain = prepare(picture, plate, SMALL, False)
    assert wrong(restore(seen, AlphaMask(), large).mask) < wrong(restore(seen, AlphaMask(), plain).mask) / 3


def test_a_predictor_refines_if_it_is_asked_to(drawn: Predictor) -> None:
    picture, _ = scene()
    raw = Predictor(drawn.engine, drawn.res, refine=False)(picture)
    given = prepare(picture, None, drawn.res, True)
    assert (raw.mask == restore(drawn.see(given.fg_bg[None]), drawn.entry, given).mask).all()
    assert (drawn(picture).mask != raw.mask).any()
