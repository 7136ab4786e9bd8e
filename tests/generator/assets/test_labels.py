import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.assets.labels import Labels, read_labels
from generator.errors import ImageError

RED, GREEN, GREY = (255, 0, 0), (0, 255, 0), (9, 9, 9)


def paletted(path: Path, colours: list[tuple[int, int, int]], *indices: int, **options: object) -> Labels:
    picture = Image.new("P", (len(indices), 1))
    picture.putpalette([channel for colour in colours for channel in colour])
    picture.putdata(indices)
    picture.save(path, **options)
    return read_labels(path)


def saved(path: Path, pixels: np.ndarray, **options: object) -> Labels:
    Image.fromarray(pixels).save(path, **options)
    return read_labels(path)


def png_of_bits(
    path: Path, bits: int, row: bytes, width: int, key: tuple[int, ...] = (), colours: bool = False
) -> Labels:
    """Write and read a PNG of one row that Pillow cannot write: few bits, or a transparent grey or colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, 2 if colours else 0, 0, 0, 0))
    transparent = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) if key else b""
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + transparent + pixels + chunk(b"IEND", b""))
    return read_labels(path)


def test_indices_of_a_palette_of_colours_are_labels(tmp_path: Path) -> None:
    labels = paletted(tmp_path / "a.png", [(10, 20, 30), (200, 100, 50)], 1, 0)
    assert labels.values.tolist() == [[1, 0]] and labels.palette is not None
    assert labels.palette[:2].tolist() == [[10, 20, 30], [200, 100, 50]]


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_of_a_palette_of_greys_the_greys_are_labels(tmp_path: Path, suffix: str) -> None:
    labels = paletted(tmp_path / f"a.{suffix}", [(2, 2, 2), (3, 3, 3), (1, 1, 1)], 0, 2, 1)
    assert labels.values.tolist() == [[2, 1, 3]] and labels.palette is None


def test_deep_and_one_bit_values_are_as_stored(tmp_path: Path) -> None:
    deep = np.array([[0, 300, 65535]], np.uint16)
    assert saved(tmp_path / "deep.png", deep).values.tolist() == [[0, 300, 65535]]
    assert saved(tmp_path / "bits.png", np.array([[False, True]])).values.tolist() == [[0, 1]]
    assert saved(tmp_path / "bits.pbm", np.array([[False, True]])).values.tolist() == [[0, 1]]


def test_grey_of_2_and_4_bits_is_as_stored(tmp_path: Path) -> None:
    assert png_of_bits(tmp_path / "2.png", 2, bytes([0b00011011]), 4).values.tolist() == [[0, 1, 2, 3]]
    assert png_of_bits(tmp_path / "4.png", 4, bytes([0x01, 0xEF]), 4).values.tolist() == [[0, 1, 14, 15]]
    (tmp_path / "3.pgm").write_bytes(b"P5 4 1 3\n\0\1\2\3")
    assert read_labels(tmp_path / "3.pgm").values.tolist() == [[0, 1, 2, 3]]
    (tmp_path / "plain.pgm").write_bytes(b"P2 3 1 20\n0 1 20\n")
    assert read_labels(tmp_path / "plain.pgm").values.tolist() == [[0, 1, 20]]
    (tmp_path / "deep.pgm").write_bytes(b"P5 3 1 999\n" + bytes([0, 0, 0, 1, 3, 0xE7]))
    assert read_labels(tmp_path / "deep.pgm").values.tolist() == [[0, 1, 999]]


def test_a_tiff_of_2_bits_is_as_stored(tmp_path: Path) -> None:
    shorts = {256: 4, 257: 1, 258: 2, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in shorts.items())
    header = b"II*\0" + struct.pack("<I", 10) + bytes([0b00011011, 0])
    directory = struct.pack("<H", len(shorts)) + entries + struct.pack("<I", 0)
    (tmp_path / "a.tif").write_bytes(header + directory)
    assert read_labels(tmp_path / "a.tif").values.tolist() == [[0, 1, 2, 3]]


def test_floating_point_labels(tmp_path: Path) -> None:
    whole = np.array([[0, 1, np.nan]], np.float32)
    assert saved(tmp_path / "whole.tif", whole).values.tolist() == [[0, 1, 0]]
    assert saved(tmp_path / "part.tif", np.array([[0, 0.2, 1]], np.float32)).values.tolist() == [[0, 51, 255]]
    with pytest.raises(ImageError, match=r"whole numbers, or fractions from 0 to 1, found 0 to 1\.5"):
        saved(tmp_path / "more.tif", np.array([[0, 1.5]], np.float32))


def test_grey_saved_as_colour_is_grey_again(tmp_path: Path) -> None:
    assert saved(tmp_path / "grey.png", np.array([[GREY, (5, 5, 5)]], np.uint8)).values.tolist() == [[9, 5]]
    colours = saved(tmp_path / "colour.png", np.array([[RED, GREEN]], np.uint8))
    assert colours.values.tolist() == [[list(RED), list(GREEN)]]


def test_an_alpha_channel_is_kept_where_it_says_something(tmp_path: Path) -> None:
    soft = saved(tmp_path / "soft.png", np.array([[[9, 0], [9, 70], [9, 255]]], np.uint8))
    assert soft.opacity is not None and soft.opacity.tolist() == [[0, 70, 255]] and soft.shape_is_opacity
    weak = saved(tmp_path / "weak.png", np.array([[[*RED, 0], [*RED, 100], [*GREEN, 100]]], np.uint8))
    assert weak.opacity is not None and weak.opacity.tolist() == [[0, 255, 255]]
    assert not weak.shape_is_opacity
    assert saved(tmp_path / "same.png", np.array([[[*RED, 100], [*GREEN, 100]]], np.uint8)).opacity is None


def test_premultiplied_alpha_and_a_bmp_with_alpha_are_read(tmp_path: Path) -> None:
    white = np.array([[[255, 255, 255, 0], [255, 255, 255, 100], [255, 255, 255, 255]]], np.uint8)
    Image.fromarray(white).save(tmp_path / "a.bmp")
    Image.fromarray(np.array([[[0] * 4, [100] * 4, [255] * 4]], np.uint8)).save(tmp_path / "a.tif")
    extra_samples = [struct.pack("<HHII", 338, 3, 1, kind) for kind in (2, 1)]  # straight, premultiplied
    content = (tmp_path / "a.tif").read_bytes()
    assert content.count(extra_samples[0]) == 1
    (tmp_path / "a.tif").write_bytes(content.replace(*extra_samples))
    for name in ("a.bmp", "a.tif"):
        labels = read_labels(tmp_path / name)
        assert labels.opacity is not None and labels.opacity.tolist() == [[0, 100, 255]], name
        assert labels.values[0, 1] == 255


def test_transparent_indices_and_greys_are_the_alpha_channel(tmp_path: Path) -> None:
    one = paletted(tmp_path / "one.png", [RED, GREEN], 0, 1, transparency=0)
    assert one.opacity is not None and one.opacity.tolist() == [[0, 255]]
    each = paletted(tmp_path / "each.png", [RED, GREEN, GREY], 0, 1, 2, transparency=bytes([0, 90]))
    assert each.opacity is not None and each.opacity.tolist() == [[0, 90, 255]]
    for bits, row in ((2, 0b00011011), (4, 0x12), (8, 1)):
        key = png_of_bits(tmp_path / "key.png", bits, bytes([row, 2, 1, 0]), 2, key=(1,))
        assert key.opacity is not None and sorted(key.opacity[0].tolist()) == [0, 255]
    deep = struct.pack(">6H", 9, 9, 9, 9, 9, 8)
    key = png_of_bits(tmp_path / "key.png", 16, deep, 2, key=(9, 9, 8), colours=True)
    assert key.opacity is not None and key.opacity.tolist() == [[255, 0]]
    key = png_of_bits(tmp_path / "key.png", 16, deep, 6, key=(8,))
    assert key.opacity is not None and key.opacity.tolist() == [[255] * 5 + [0]]


@pytest.mark.parametrize(
    ("name", "lossy"),
    [
        *(("a.jpg", "JPEG"), ("a.webp", "WebP"), ("a.avif", "AVIF"), ("jpeg.tif", "TIFF with jpeg")),
        *((name, "") for name in ("a.png", "lossless.webp", "a.bmp", "a.gif", "raw.tif", "lzw.tif")),
    ],
)
def test_lossy_formats_are_not_exact(tmp_path: Path, name: str, lossy: str) -> None:
    how = {"lossless.webp": {"lossless": True}, "jpeg.tif": {"compression": "jpeg"}}
    options = {**how, "lzw.tif": {"compression": "tiff_lzw"}}.get(name, {})
    assert saved(tmp_path / name, np.zeros((16, 16, 3), np.uint8), **options).lossy == lossy


@pytest.mark.parametrize("lossless", [False, True])
def test_extended_and_animated_webp_tell_too(tmp_path: Path, lossless: bool) -> None:
    frames = [Image.new("RGBA", (16, 16), (level, 0, 0, level)) for level in (50, 255)]
    frames[0].save(tmp_path / "still.webp", lossless=lossless, exif=Image.Exif(), icc_profile=b"0" * 129)
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=lossless)
    for name in ("still.webp", "a.webp"):
        assert read_labels(tmp_path / name).lossy == ("" if lossless else "WebP")


def test_exif_turns_labels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    assert saved(tmp_path / "a.png", np.array([[1, 2, 3]], np.uint8), exif=exif).values.tolist() == [
        [3, 2, 1]
    ]


def test_counts_go_over_every_strip() -> None:
    values = np.arange(600, dtype=np.uint16)[:, None].repeat(3, 1) // 300
    assert Labels(values).counts[:3].tolist() == [900, 900, 0]
    assert Labels(np.array([[[1, 9, 3], [0, 9, 0]]], np.uint8)).counts[9] == 2
