import io

import cv2
import numpy as np
import pytest
from PIL import Image

from generator.encode import encode_index_png, encode_jpeg, encode_png
from generator.errors import ImageError


def decode(content: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize(
    "values",
    [[[0, 128, 255]], [[0, 1, 65535]], [[[255, 0, 7], [1, 2, 3]]], [[[255, 0, 7, 9], [1, 2, 3, 0]]]],
)
def test_png_gives_back_what_went_in(values: list[object]) -> None:
    pixels = np.array(values, np.uint16 if np.max(values) > 255 else np.uint8)
    stored = decode(encode_png(pixels))
    # OpenCV decodes to BGR(A).
    assert stored.dtype == pixels.dtype
    assert (stored[..., [2, 1, 0, 3][: stored.shape[-1]]] if pixels.ndim == 3 else stored).tolist() == values


@pytest.mark.parametrize("classes", [2, 23, 255])
def test_indices_are_8_bit_with_a_palette(classes: int) -> None:
    labels = np.arange(300, dtype=np.uint16).reshape(15, 20) % classes
    colours = np.array([[number, 255 - number, 7] for number in range(classes)], np.uint8)
    png = encode_index_png(labels.astype(np.uint8), colours)
    stored = Image.open(io.BytesIO(png))
    assert (stored.mode, png[24]) == ("P", 8) and (np.asarray(stored) == labels).all()
    assert (np.asarray(stored.convert("RGB")) == colours[labels]).all()


def test_jpeg_is_close_and_red_stays_red() -> None:
    pixels = np.full((16, 16, 3), (200, 40, 20), np.uint8)
    fine, coarse = (
        encode_jpeg(pixels, 95),
        encode_jpeg(np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8), 5),
    )
    assert np.abs(decode(fine)[8, 8, ::-1].astype(int) - (200, 40, 20)).max() < 4
    assert fine[:2] == b"\xff\xd8" and len(coarse) < 900


def test_what_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(ImageError, match=r"expected pixels that \.jpg can hold, found \(1, 70000, 3\) uint8"):
        encode_jpeg(np.zeros((1, 70000, 3), np.uint8), 95)


@pytest.mark.skipif(not hasattr(cv2, "IMWRITE_PNG_FILTER"), reason="this OpenCV has no filters")
def test_smooth_depth_and_masks_are_smaller_than_by_the_settings_of_opencv() -> None:
    down, along = np.mgrid[:200, :300]
    depth = np.rint(65535 * (0.5 + 0.4 * np.sin(along / 40) * np.cos(down / 50))).astype(np.uint16)
    mask = np.clip(128 + 20 * (80 - np.hypot(down - 100, along - 150)), 0, 255).astype(np.uint8)
    for pixels, share in ((depth, 0.85), (mask, 0.95)):
        own = cv2.imencode(".png", pixels)[1]
        assert len(encode_png(pixels)) < share * len(own)
