from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from fgbg.predictor.picture_input import as_rgb
from generator import resize
from generator.assets.images import read_rgb
from generator.errors import ArrayError, FgbgError, ImageError

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
PIXELS[0, 0] = 0, 255, 128


@pytest.mark.parametrize(
    "given",
    [
        PIXELS,
        PIXELS / 255,
        (PIXELS / 255).astype(np.float32),
        PIXELS.astype(np.uint16) * 257,
        PIXELS.astype(">u2") * 257,
        PIXELS.astype(np.uint16) * 256,
        torch.from_numpy(PIXELS),
        torch.from_numpy(PIXELS).float().div(255).requires_grad_(),
        Image.fromarray(PIXELS),
        np.asfortranarray(PIXELS),
    ],
    ids=range(10),
)
def test_every_kind_becomes_the_same_levels(given: Any) -> None:
    rgb = as_rgb(given, "picture")
    assert rgb.dtype == np.uint8 and (rgb == PIXELS).all()


def test_half_floats_are_as_good_as_they_can_be() -> None:
    levels = np.arange(0, 256, 8, dtype=np.uint8).repeat(3).reshape(4, 8, 3)
    for given in ((levels / 255).astype(np.float16), torch.from_numpy(levels / 255).bfloat16()):
        assert np.abs(as_rgb(given, "picture").astype(int) - levels).max() <= 1


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resize, "_STRIP", 11)
    for given in (PIXELS / 255, PIXELS.astype(np.uint16) * 257):
        assert (as_rgb(given, "picture") == PIXELS).all()


@pytest.mark.parametrize(
    ("given", "found", "fix"),
    [
        (PIXELS[..., 0], "(7, 5) uint8", "numpy.dstack"),
        (PIXELS[..., :1], "(7, 5, 1)", "numpy.dstack"),
        (np.dstack([PIXELS, PIXELS[..., :1]]), "(7, 5, 4)", "PIL.Image.fromarray"),
        (PIXELS.transpose(2, 0, 1), "(3, 7, 5)", "transpose(1, 2, 0)"),
        (torch.from_numpy(PIXELS).permute(2, 0, 1), "(3, 7, 5)", "transpose(1, 2, 0)"),
        (PIXELS[None], "(1, 7, 5, 3)", "one by one"),
        (PIXELS[0, 0], "(3,)", "rows, columns"),
        (np.uint8(3), "()", "rows, columns"),
        (PIXELS[:0], "(0, 5, 3)", "at least one pixel"),
        (np.dstack([PIXELS[..., :2]]), "(7, 5, 2)", "rows, columns"),
        (PIXELS.astype(np.float32), "float32 from 0 to 255", "scale it"),
        (PIXELS / 127.5 - 1, "float64 from -1 to 1", "scale it"),
        (np.where(PIXELS > 9, PIXELS / 255, np.nan), "from nan", "scale it"),
        (np.full((2, 2, 3), np.inf), "from inf", "scale it"),
        (PIXELS.astype(np.uint16), "uint16 up to 255", "convert it to uint8"),
        (PIXELS.astype(np.int64), "int64", "convert it to uint8"),
        (PIXELS.astype(np.int8), "int8", "convert it to uint8"),
        (PIXELS > 9, "bool", "convert it to uint8"),
        (PIXELS * 1j, "complex128", "convert it to uint8"),
        (PIXELS.astype(object), "object", "convert it to uint8"),
        (PIXELS.astype(str), "<U3", "convert it to uint8"),
        (None, "None", "give an array"),
        ([[1, 2], [3]], "list", "a PIL picture or a path"),
        (b"bytes", "bytes", "give an array"),
    ],
    ids=range(24),
)
def test_anything_else_is_one_error_that_says_what_to_do(given: Any, found: str, fix: str) -> None:
    with pytest.raises(ArrayError) as raised:
        as_rgb(given, "bg")
    said = str(raised.value)
    assert said.startswith("bg: expected (H, W, 3) uint8") and len(said.splitlines()) == 1
    assert found in raised.value.found and fix in raised.value.fix
    assert isinstance(raised.value, ValueError) and isinstance(raised.value, FgbgError)


def test_a_black_picture_of_16_bits_is_black() -> None:
    assert not as_rgb(np.zeros((2, 2, 3), np.uint16), "picture").any()


def test_a_path_is_read_and_pillow_pictures_are_as_files_are(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    rgba = np.dstack([PIXELS, PIXELS[..., 0]])
    saved = {
        "turned.jpg": (Image.fromarray(PIXELS), {"exif": turned}),
        "turned.tif": (Image.fromarray(PIXELS), {"exif": turned}),
        "alpha.png": (Image.fromarray(rgba), {}),
        "grey.png": (Image.fromarray(PIXELS[..., 0]), {}),
        "wide.png": (Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257), {}),
        "palette.gif": (Image.fromarray(PIXELS).quantize(8), {}),
        "cmyk.tif": (Image.fromarray(PIXELS).convert("CMYK"), {}),
    }
    for name, (picture, options) in saved.items():
        path = tmp_path / name
        picture.save(path, **options)
        expected = read_rgb(path)
        for given in (path, str(path)):
            assert (as_rgb(given, "picture") == expected).all()
        with Image.open(path) as opened:
            assert (as_rgb(opened, "picture") == expected).all(), name
            # The array itself does not change.
            opened.load()
            assert (as_rgb(opened, "picture") == expected).all(), name


def test_a_pillow_picture_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with (
        Image.open(tmp_path / "a.png") as opened,
        pytest.raises(ImageError, match="picture: expected a whole"),
    ):
        as_rgb(opened, "picture")
    with pytest.raises(ImageError, match="floating-point"):
        as_rgb(Image.fromarray(np.zeros((2, 2), np.float32)), "picture")
    with pytest.raises(ImageError):
        as_rgb(tmp_path / "missing.png", "picture")
