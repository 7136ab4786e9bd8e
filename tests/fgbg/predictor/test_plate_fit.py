import cv2
import numpy as np
import pytest

from fgbg.predictor.plate_fit import FITS, FITS_STILL, MOST_SHIFT, PlateFit, plate_fit
from fgbg.predictor.resize_input import NetworkInput, PlateJudge, prepare

HEIGHT, WIDTH = 144, 192


def view(right: float = 0, zoom: float = 1, seed: int = 0) -> np.ndarray:
    """(144, 192, 3) uint8: a camera's view of a scene that is larger than the frame."""
    noise = np.random.default_rng(seed).random((2 * HEIGHT, 2 * WIDTH, 3)).astype(np.float32)
    scene = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 18))
    scene = cv2.normalize(scene, None, 20, 200, cv2.NORM_MINMAX).astype(np.uint8)
    motion = cv2.getRotationMatrix2D((WIDTH, HEIGHT), 0, zoom)
    motion[:, 2] += right - WIDTH / 2, -HEIGHT / 2
    return cv2.warpAffine(scene, motion, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)


def with_object(picture: np.ndarray, share: float = 0.1) -> np.ndarray:
    """The picture with an orange object that covers a share of it."""
    changed = picture.copy()
    changed[:, : round(share * WIDTH)] = 230, 120, 10
    return changed


def careless(picture: np.ndarray) -> np.ndarray:
    """Brighter, noisy, and compressed as JPEG."""
    noise = np.random.default_rng(1).normal(0, 5, picture.shape)
    rough = np.clip(picture * 1.1 + noise, 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", rough, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ("bg", "share"),
    [
        (view(), 0.1),
        (careless(view()), 0.1),
        (careless(view(right=2)), 0.1),
        (view(zoom=1.02), 0.1),
        (careless(view()), 0.7),
        (careless(view()), 0),
    ],
    ids=["exact", "careless", "2 px", "zoomed a little", "behind a large object", "without any object"],
)
def test_what_a_network_is_better_with_fits(bg: np.ndarray, share: float) -> None:
    assert plate_fit(bg, with_object(view(), share)).misfit is None


@pytest.mark.parametrize(
    "bg",
    [view(right=8), view(zoom=1.2), view(seed=5), view()[::-1]],
    ids=["8 px", "zoomed", "other", "turned"],
)
def test_another_view_does_not_fit(bg: np.ndarray) -> None:
    fit = plate_fit(bg, with_object(view()))
    assert fit.misfit == "other view" and not fit.same


def street(right: float = 0) -> np.ndarray:
    """(144, 192, 3) uint8: a view that hardly changes from left to right, but for a row of posts."""
    rows = np.random.default_rng(3).random((HEIGHT, 1, 1)).astype(np.float32)
    scene = cv2.normalize(cv2.GaussianBlur(rows, (0, 0), 2), None, 40, 180, cv2.NORM_MINMAX)
    scene = np.repeat(scene.reshape(HEIGHT, 1), 2 * WIDTH, axis=1)
    for post in range(10, 2 * WIDTH, 37):
        scene[20:, post : post + 4] = 220
    motion = np.array([[1.0, 0, right - WIDTH / 2], [0, 1, 0]])
    return cv2.cvtColor(cv2.warpAffine(scene, motion, (WIDTH, HEIGHT)).astype(np.uint8), cv2.COLOR_GRAY2RGB)


def test_edges_along_a_shift_do_not_hide_it() -> None:
    picture = with_object(street())
    for right, fits in ((0, True), (2, True), (8, False)):
        fit = plate_fit(street(right), picture)
        assert fit.shift == pytest.approx(right / WIDTH, abs=0.004)
        assert (fit.misfit is None) == fits
        assert fit.score > FITS  # the edges along the shift correlate in any case


@pytest.mark.parametrize(("right", "share"), [(0, 0.0), (4, 0.1), (8, 0.1), (8, 0.4), (-12, 0.1)])
def test_the_shift_is_that_of_the_place_beside_an_object(right: int, share: float) -> None:
    fit = plate_fit(view(right), with_object(view(), share))
    assert fit.shift == pytest.approx(abs(right) / WIDTH, abs=0.004)


def test_the_picture_itself_is_no_background_however_it_is_stored() -> None:
    picture = cv2.resize(with_object(view()), (1200, 900), interpolation=cv2.INTER_CUBIC)
    again = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], cv2.IMREAD_COLOR)
    for bg in (picture, again):
        assert plate_fit(bg, picture).misfit == "same picture"


def wall(colour: tuple[int, int, int]) -> np.ndarray:
    """(144, 192, 3) uint8: a wall that is lit from the left, and the noise of a camera."""
    light = np.linspace(1.1, 0.9, WIDTH)[None, :, None]
    noise = np.random.default_rng(2).normal(0, 2, (HEIGHT, WIDTH, 3))
    return np.clip(light * np.array(colour) + noise, 0, 255).astype(np.uint8)


def test_the_colours_of_a_plain_wall_decide() -> None:
    picture = with_object(wall((150, 160, 170)), 0.5)
    for bg in (wall((150, 160, 170)), wall((130, 139, 147))):  # the second has a shorter exposure
        assert plate_fit(bg, picture).misfit is None
    for bg in (wall((90, 160, 60)), wall((40, 40, 40))):
        assert plate_fit(bg, picture).misfit == "other view"


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 300), (24, 32)])
def test_pictures_of_any_size_are_compared(size: tuple[int, int]) -> None:
    black, white = np.zeros((*size, 3), np.uint8), np.full((*size, 3), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert plate_fit(black, white).misfit == "other view"
    assert plate_fit(black, black).misfit == "same picture"
    assert 0 <= plate_fit(noise, black).score <= 1


def judged(scores: list[float], video: bool) -> list[bool]:
    judge = PlateJudge(video)
    small = np.zeros((2, 2, 3), np.uint8)
    fits = [PlateFit(score, 0.0, False) for score in scores]
    given = [NetworkInput(small, small, (2, 2), 0, fit.misfit, fit=fit) for fit in fits]
    answers = [judge(one) for one in given]
    assert all((one.bg is None) == (one.bg_unused is not None) for one in answers)
    return [one.bg is not None for one in answers]


def test_a_background_does_not_flicker_in_a_video() -> None:
    middle = (FITS + FITS_STILL) / 2
    scores = [middle, FITS, middle, FITS - 0.01, middle, FITS_STILL - 0.01, middle, FITS]
    assert judged(scores, video=True) == [False, True, True, True, True, False, False, True]
    assert judged(scores, video=False) == [False, True, False, False, False, False, False, True]


def test_a_little_more_shift_is_borne_by_a_background_that_was_used_before() -> None:
    moved = PlateFit(1.0, 1.2 * MOST_SHIFT, False)
    assert moved.fits(used_before=True) and not moved.fits()
    assert not PlateFit(1.0, 1.6 * MOST_SHIFT, False).fits(used_before=True)


def test_a_frame_that_is_its_own_background_keeps_it() -> None:
    picture = view()
    given = prepare(picture, picture, 48, align=False)
    assert PlateJudge()(given).bg is None
    kept = PlateJudge(video=True)(given)
    assert kept.bg is not None and kept.bg_unused is None


@pytest.mark.parametrize(
    ("bg", "reason"), [(view(right=8), "not aligned"), (view(seed=5), "other view")], ids=["8 px", "other"]
)
def test_it_is_said_whether_aligning_would_help(bg: np.ndarray, reason: str) -> None:
    assert prepare(with_object(view()), bg, 48, align=False).bg_unused == reason


def test_a_background_that_does_not_fit_takes_no_part_in_refining() -> None:
    given = prepare(with_object(view()), view(seed=5), 48, align=True, refine=True)
    assert given.plate is not None
    assert PlateJudge()(given).plate is None
