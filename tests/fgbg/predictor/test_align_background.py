import cv2
import numpy as np
import pytest

from fgbg.predictor import align_background as aligning
from fgbg.predictor.align_background import align_background

HEIGHT, WIDTH = 144, 192


def view(right: float = 0, down: float = 0, degrees: float = 0, scale: float = 1) -> np.ndarray:
    """(144, 192, 3) uint8: a camera's view of one smooth scene, which is larger than the frame."""
    noise = np.random.default_rng(0).random((2 * HEIGHT, 2 * WIDTH, 3)).astype(np.float32)
    scene = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 18))
    scene = cv2.normalize(scene, None, 20, 220, cv2.NORM_MINMAX).astype(np.uint8)
    motion = cv2.getRotationMatrix2D((WIDTH, HEIGHT), degrees, scale)
    motion[:, 2] += right - WIDTH / 2, down - HEIGHT / 2
    return cv2.warpAffine(scene, motion, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)


def with_object(picture: np.ndarray) -> np.ndarray:
    """The picture with an orange disc, which covers a tenth of it."""
    return cv2.circle(picture.copy(), (70, 80), 30, (230, 120, 10), -1)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean of |one - other|, without the border, where the moved background ends."""
    inner = (slice(16, -16), slice(16, -16))
    return float(np.abs(one[inner].astype(float) - other[inner]).mean())


@pytest.mark.parametrize(
    "motion",
    [
        {"right": 2},
        {"right": -1.5, "down": 0.5},
        {"right": 9, "down": -7},
        {"degrees": 2, "scale": 1.03},
        {"right": 6, "down": 4, "degrees": -1.5, "scale": 0.97},
    ],
    ids=str,
)
def test_a_background_comes_to_where_the_picture_has_it(motion: dict[str, float]) -> None:
    still, moved = view(), view(**motion)
    before, after = (
        difference(moved, still),
        difference(align_background(moved, with_object(still)).bg, still),
    )
    assert before > 4 and after < 0.7


def room(right: float = 0, down: float = 0, degrees: float = 0) -> np.ndarray:
    """(300, 400, 3) uint8: a camera's view of a wall of coloured boxes, which is larger than the frame."""
    random = np.random.default_rng(0)
    scene = np.full((600, 800, 3), 120, np.uint8)
    boxes = random.integers((0, 0, 8, 8, 0, 0, 0), (800, 600, 90, 90, 256, 256, 256), (400, 7))
    for left, top, width, height, *colour in boxes.tolist():
        cv2.rectangle(scene, (left, top), (left + width, top + height), colour, -1)
    motion = cv2.getRotationMatrix2D((400, 300), degrees, 1)
    motion[:, 2] += right - 200, down - 150
    return cv2.warpAffine(scene, motion, (400, 300), flags=cv2.INTER_LINEAR)


def test_features_align_where_an_object_hides_more_than_half(monkeypatch: pytest.MonkeyPatch) -> None:
    still, moved = room(), room(right=20, down=-10, degrees=3)
    picture = still.copy()
    picture[:, 60:300] = 230, 120, 10
    assert difference(moved, still) > 30
    assert difference(align_background(moved, picture).bg, still) < 2.5
    # Because of the object, correlation alone finds a wrong motion; features alone are enough.
    monkeypatch.setattr(aligning, "_correlate", lambda *given: None)
    assert difference(align_background(moved, picture).bg, still) < 2.5


def test_exposure_noise_and_compression_do_not_lead_astray() -> None:
    still = view()
    noise = np.random.default_rng(1).normal(0, 5, still.shape)
    rough = np.clip(view(right=3, down=2) * 0.9 + noise, 0, 255).astype(np.uint8)
    rough = cv2.imdecode(cv2.imencode(".jpg", rough, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    aligned = align_background(rough, with_object(still)).bg
    smooth = cv2.GaussianBlur(aligned, (0, 0), 3)
    assert difference(smooth, cv2.GaussianBlur(still, (0, 0), 3) * 0.9) < 1.5
    assert difference(cv2.GaussianBlur(rough, (0, 0), 3), cv2.GaussianBlur(still, (0, 0), 3) * 0.9) > 4


@pytest.mark.parametrize("scale", [0.5, 2])
def test_a_background_of_another_size_keeps_it(scale: float) -> None:
    still, moved = view(), view(right=8, down=4)
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    resized = cv2.resize(moved, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    aligned = align_background(resized, with_object(still)).bg
    assert aligned.shape == (size[1], size[0], 3)
    back = cv2.resize(
        aligned, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC if scale < 1 else cv2.INTER_AREA
    )
    assert difference(back, still) < 1.5


def test_what_stands_still_is_left_alone() -> None:
    still = view()
    noisy = np.clip(still + np.random.default_rng(1).normal(0, 5, still.shape), 0, 255).astype(np.uint8)
    for bg in (still, noisy):
        aligned = align_background(bg, with_object(still))
        assert aligned.bg is bg and aligned.moved == 0


def test_what_moved_too_far_is_another_view() -> None:
    moved = view(right=0.13 * WIDTH)
    aligned = align_background(moved, view())
    assert aligned.bg is not moved and aligned.moved == pytest.approx(0.13, abs=0.01)
    moved = view(right=0.17 * WIDTH)
    aligned = align_background(moved, view())
    assert aligned.bg is moved


def test_another_place_is_left_alone() -> None:
    other = np.ascontiguousarray(view()[::-1, ::-1])
    aligned = align_background(other, with_object(view()))
    assert aligned.bg is other


def test_a_moved_background_is_as_large_as_it_needs_to_be() -> None:
    moved = view(right=6)
    assert align_background(moved, view(), 96).bg.shape == (72, 96, 3)
    assert align_background(moved, view(), 500).bg.shape == moved.shape
    still = view()
    assert align_background(still, view(), 96).bg is still


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 300), (24, 32)])
def test_pictures_in_which_there_is_nothing_to_find(size: tuple[int, int]) -> None:
    random = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    black, white = np.zeros((*size, 3), np.uint8), np.full((*size, 3), 255, np.uint8)
    for bg, fg_bg in (random, (black, white), (black, black), (random[0], black), (white, random[0])):
        assert align_background(bg, fg_bg).bg.shape == bg.shape


def test_a_motion_is_taken_only_where_it_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    moved, picture = view(right=4), with_object(view())
    assert align_background(moved, picture).bg is not moved
    monkeypatch.setattr(aligning, "GAIN", 0.0)
    assert align_background(moved, picture).bg is moved
