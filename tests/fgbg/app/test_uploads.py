import io
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from fgbg.app.uploads import MOST_MEGABYTES, Upload, plain
from generator.errors import ImageError
from tests.fgbg.app.conftest import png


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to have many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_picture_is_decoded_whatever_its_name() -> None:
    assert Upload("../../etc/passwd", png()).decode().shape == (32, 48, 3)


def test_50_megapixels_are_the_limit_and_nothing_is_decoded_beyond() -> None:
    content = bomb(8000, 6251)
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"b\.png: expected at most 50,000,000 pixels, found 8000 x 6251"):
        Upload("b.png", content).decode()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_10_megabytes_are_the_limit() -> None:
    large = Upload("a.png", png() + bytes(MOST_MEGABYTES * 2**20))
    with pytest.raises(ImageError, match=r"a\.png: expected at most 10 MB, found 10\.0 MB; scale it down"):
        large.decode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><body onload=alert(1)>",
        b"%PDF-1.7",
        b"#!/bin/sh",
        png()[:60],
        b"MZ" + bytes(100),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(ImageError) as refused:
        Upload("photo.png", content).decode()
    assert str(refused.value).startswith("photo.png: expected a ") and "\n" not in str(refused.value)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert np.array_equal(Upload("a.gif", file.getvalue()).decode()[0, 0], [255, 0, 0])


@pytest.mark.parametrize(
    ("name", "shown", "stem"),
    [
        ("photo.png", "photo.png", "photo"),
        ("../../etc/passwd.png", "passwd.png", "passwd"),
        ("C:\\Users\\me\\cat.jpg", "cat.jpg", "cat"),
        ("..", "..", "picture"),
        ("", "picture", "picture"),
        ("a\nb\u202e.png", "a\\nb\\u202e.png", "a_nb_u202e"),
        ('x";<b>.png', 'x";<b>.png', "x___b_"),
        ("Katze ä.png", "Katze ä.png", "Katze ä"),
    ],
)
def test_names_hold_no_folder_and_no_code(name: str, shown: str, stem: str) -> None:
    upload = Upload(name, b"")
    assert (upload.shown_name, upload.stem) == (shown, stem)
    assert len(Upload("a" * 500 + ".png", b"").shown_name) == 80


def test_plain_text_is_no_markdown() -> None:
    shown = plain("![x](http://e.org) :red[a] $b$ www.e.org\n`c`")
    assert re.sub(r"\\(?=[^\w\s])", "", shown) == "![x](http://e.org) :red[a] $b$ www.e.org\\n`c`"
    assert not re.search(r"(?<!\\)[!\[\]():$.`]", shown)
