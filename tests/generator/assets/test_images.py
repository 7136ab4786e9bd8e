import os
import struct
import threading
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from generator.assets.images import (
    Traits,
    decode_rgb,
    opened_picture,
    orientation_of,
    read_rgb,
    read_rgba,
    read_small_rgb,
    read_traits,
)
from generator.assets.labels import read_labels
from generator.errors import ImageError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(*rows: list[tuple[int, ...]]) -> Image.Image:
    return Image.fromarray(np.array(rows, np.uint8))


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    wide = picture([RED, GREEN, BLUE])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    wide.save(tmp_path / "a.png", exif=exif)
    assert read_rgb(tmp_path / "a.png").tolist() == [[list(RED)], [list(GREEN)], [list(BLUE)]]


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_that_is_scaled_down_later_is_decoded_smaller(tmp_path: Path, orientation: int) -> None:
    down, along = np.mgrid[:203, :402]
    smooth = np.stack([along // 2, down, 200 - along // 3], axis=2).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(smooth).save(tmp_path / "a.jpg", exif=exif, quality=95)
    Image.fromarray(smooth).save(tmp_path / "a.png", exif=exif)
    whole = read_rgb(tmp_path / "a.jpg")
    longer = 0 if orientation == 6 else 1
    for side, expected in ((100, 101), (101, 201), (201, 201), (202, 402), (403, 402)):
        small, size = read_small_rgb(tmp_path / "a.jpg", side)
        assert size == whole.shape[:2] and small.shape[longer] == expected
        assert small.shape[1 - longer] == pytest.approx(expected * 203 / 402, abs=1)
        scaled = Image.fromarray(whole).resize(small.shape[1::-1], Image.Resampling.BOX)
        assert np.abs(small.astype(int) - np.asarray(scaled)).mean() < 1
    small, size = read_small_rgb(tmp_path / "a.png", 10)
    assert size == small.shape[:2] == whole.shape[:2]


@pytest.mark.parametrize("place", ["before the pixels", "behind the pixels", "nowhere"])
def test_the_header_of_a_png_tells_its_orientation(tmp_path: Path, place: str) -> None:
    path, exif = tmp_path / "a.png", Image.Exif()
    exif[0x0112] = 6
    picture([RED, GREEN, BLUE]).save(path, exif=exif)
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4])
    chunk, others = content[start:end], content[:start] + content[end:]
    if place == "behind the pixels":
        path.write_bytes(others[:-12] + chunk + others[-12:])
    if place == "nowhere":
        path.write_bytes(others)
    with opened_picture(path) as opened:
        assert orientation_of(opened) == (1 if place == "nowhere" else 6)
        # Pixels are decoded only if EXIF stands behind them.
        assert bool(opened.tile) == (place != "behind the pixels")
        assert read_rgb(path).shape == ((1, 3, 3) if place == "nowhere" else (3, 1, 3))
        assert np.asarray(opened).shape == (1, 3, 3)


def test_palette_with_transparency(tmp_path: Path) -> None:
    paletted = Image.new("P", (2, 1))
    paletted.putpalette([10, 20, 30, 200, 100, 50])
    paletted.putdata([0, 1])
    paletted.save(tmp_path / "a.png", transparency=0)
    assert read_rgba(tmp_path / "a.png")[0].tolist() == [[10, 20, 30, 0], [200, 100, 50, 255]]


def test_grey_with_alpha(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[10, 255], [200, 7]]], np.uint8)).save(tmp_path / "a.png")
    assert read_rgba(tmp_path / "a.png")[0].tolist() == [[10, 10, 10, 255], [200, 200, 200, 7]]


def test_16_bit_grey_keeps_its_high_byte_instead_of_being_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 256, 0x7F80, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[0, :, 0].tolist() == [0, 1, 0x7F, 255]


def test_16_bit_colour(tmp_path: Path) -> None:
    pixels = np.array([[[0x1234, 0x8000, 0xFFFF], [0, 0x0100, 0x00FF]]], np.uint16)  # blue, green, red
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    assert read_rgb(tmp_path / "a.png")[0].tolist() == [[255, 0x80, 0x12], [0, 1, 0]]


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red, green, blue = read_rgb(tmp_path / "a.jpg")[4, 4].tolist()
    assert red > 240 and green < 15 and blue < 15


def test_interlaced_png(tmp_path: Path) -> None:
    # Pillow writes no interlaced PNG, so this one is made by hand. With 1 x 1 pixels, one pass is enough.
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1)
    rows = zlib.compress(b"\0" + bytes(RED))
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    assert read_rgb(tmp_path / "a.png").tolist() == [[list(RED)]]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animated_gives_its_first_frame(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    lossless = {"lossless": True} if suffix == ".webp" else {}
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **lossless)
    assert read_rgb(tmp_path / f"a{suffix}")[4, 4].tolist() == list(RED)


def test_a_transparent_background_becomes_white(tmp_path: Path) -> None:
    picture([(10, 20, 30, 0), (10, 20, 30, 255)]).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[0].tolist() == [[255, 255, 255], [10, 20, 30]]


def test_a_fully_transparent_cutout_is_refused(tmp_path: Path) -> None:
    picture([(10, 20, 30, 0), (10, 20, 30, 127)]).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"a\.png: expected some opaque pixels .* found none"):
        read_rgba(tmp_path / "a.png")


def test_a_cutout_without_alpha_is_refused(tmp_path: Path) -> None:
    picture([RED, GREEN]).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"a\.png: expected 4 channels \(RGBA\), found 3 without alpha"):
        read_rgba(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".gif"])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=r"expected a (whole )?picture, found .+; remove the file"):
        read_rgb(path)


@pytest.mark.parametrize("content", [b"", b"hello, this is no picture"])
def test_a_text_file_named_png_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.png: expected a picture, found no known picture format"):
        read_rgb(tmp_path / "a.png")


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (1, 1)).save(tmp_path / "a.png")
    written = bytearray((tmp_path / "a.png").read_bytes())
    written[16:24] = struct.pack(">II", 30_000, 30_000)
    written[29:33] = struct.pack(">I", zlib.crc32(written[12:29]))
    (tmp_path / "a.png").write_bytes(written)
    with pytest.raises(ImageError, match=r"expected at most 150,000,000 pixels, found .*; scale it down"):
        read_rgb(tmp_path / "a.png")


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    places = {"folder.png": "a folder, not a file"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        places["pipe.png"] = "a named pipe, not a file"
    for name, found in places.items():
        with pytest.raises(
            ImageError, match=rf"{name}: expected a picture, found {found}; name a file, or move this away"
        ):
            read_rgb(tmp_path / name)


def test_a_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.png does not exist"):
        read_rgb(tmp_path / "a.png")


def test_traits_tell_how_a_picture_is_stored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    picture([RED, GREEN]).save(tmp_path / "turned.png", exif=exif)
    assert read_traits(tmp_path / "turned.png") == Traits(
        "RGB", 8, False, turned=True, animated=False, pixels=2
    )
    cv2.imwrite(str(tmp_path / "deep.png"), np.zeros((2, 2, 3), np.uint16))
    assert read_traits(tmp_path / "deep.png") == Traits(
        "RGB", 16, False, turned=False, animated=False, pixels=4
    )
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_traits(tmp_path / "a.gif").animated


def test_threads_that_overlap_stay_silent_and_leave_the_filters_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_in, first_is_out = threading.Event(), threading.Event()
    whole_open = Image.open

    def slow_open(file: BinaryIO, formats: Sequence[str]) -> Image.Image:
        if threading.current_thread().name.endswith("_0"):
            assert second_is_in.wait(10)
        else:
            second_is_in.set()
            assert first_is_out.wait(10)
            warnings.warn("metadata", stacklevel=1)  # an error unless silenced
        return whole_open(file, formats=formats)

    for name in ("first.png", "second.png"):
        picture([RED]).save(tmp_path / name)
    monkeypatch.setattr(Image, "open", slow_open)
    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as workers:
        first = workers.submit(read_rgb, tmp_path / "first.png")
        second = workers.submit(read_rgb, tmp_path / "second.png")
        assert first.result().shape == (1, 1, 3)
        first_is_out.set()
        assert second.result().shape == (1, 1, 3)
    assert list(warnings.filters) == before


def test_what_a_decoder_raises_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture([RED]).save(tmp_path / "a.png")
    for error, found in (
        (RuntimeError("Failed to decode\nframe 0"), "a whole picture, found Failed to decode frame 0"),
        (struct.error(), "a whole picture, found error"),
        (MemoryError(), "a picture that fits into memory"),
    ):

        def fail(self: ImageFile.ImageFile, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
        for read in (read_rgb, read_rgba, read_labels):
            with pytest.raises(ImageError, match=rf"a\.png: expected {found}"):
                read(tmp_path / "a.png")


def test_formats_that_are_not_documented_reach_no_decoder(tmp_path: Path) -> None:
    for format_ in ("EPS", "TGA", "ICO", "DDS", "PCX"):
        picture([RED]).save(tmp_path / "a.png", format_)
        with pytest.raises(ImageError, match="found no known picture format"):
            read_rgb(tmp_path / "a.png")


def test_a_damaged_exif_block_says_nothing_about_the_pixels(tmp_path: Path) -> None:
    picture([RED, GREEN]).save(tmp_path / "a.png", exif=b"Exif\0\0 no TIFF header at all")
    assert read_rgb(tmp_path / "a.png").tolist() == [[list(RED), list(GREEN)]]


def test_pictures_of_several_strips_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (11, 7, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    white = read_rgb(tmp_path / "a.png")
    monkeypatch.setattr("generator.assets.images._STRIP_PIXELS", 21)
    assert (read_rgba(tmp_path / "a.png") == rgba).all()
    assert (read_rgb(tmp_path / "a.png") == white).all()


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_tiff_is_turned_once(tmp_path: Path, mode: str, compression: str) -> None:
    """Pillow rotates TIFF itself, except when it memory-maps a file that it opened by name."""
    stored = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40)
    stored = (
        Image.fromarray(np.asarray(stored).astype(np.uint16) << 8) if mode == "I;16" else stored.convert(mode)
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / "unturned.tif", compression=compression)
    stored.save(tmp_path / "turned.tif", compression=compression, exif=exif)
    wanted = np.rot90(read_rgb(tmp_path / "unturned.tif"), -1)
    assert (read_rgb(tmp_path / "turned.tif") == wanted).all()


def test_the_content_of_a_file_is_decoded_as_the_file_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture([RED, GREEN, BLUE]).save(tmp_path / "a.png", exif=exif)
    content = (tmp_path / "a.png").read_bytes()
    assert decode_rgb("a.png", content).tolist() == read_rgb(tmp_path / "a.png").tolist()
    with pytest.raises(ImageError, match=r"^a\.png: expected at most 2 pixels, found 3 x 1; scale it down$"):
        decode_rgb("a.png", content, most_pixels=2)


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0", b"GIF89a"]
)
def test_content_that_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"^a name: expected a "):
        decode_rgb("a name", content)


def test_jpeg_2000_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path, "JPEG2000")
    with pytest.raises(
        ImageError, match="expected a picture, found JPEG 2000, which is not read; remove the"
    ):
        read_rgb(path)
