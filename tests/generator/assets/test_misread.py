"""Pictures that Pillow misreads. The tests write them byte by byte, because Pillow cannot write them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.assets.images import read_rgb, read_rgba
from generator.errors import ImageError


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, bits: int, key: tuple[int, ...], turn: int | None = None) -> bytes:
    """A PNG of grey (H, W) or colours (H, W, 3); the value `key` is transparent."""
    height, width = values.shape[:2]
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    else:
        shares = np.unpackbits(values.astype(np.uint8).reshape(height, -1, 1), axis=2)[..., -bits:]
        rows = [np.packbits(row).tobytes() for row in shares.reshape(height, -1)]
    header = struct.pack(">IIBBBBB", width, height, bits, 2 if values.ndim == 3 else 0, 0, 0, 0)
    exif = (
        chunk(b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, turn, 0, 0)) if turn else b""
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))
        + exif
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )


def tiff(planes: np.ndarray, photometric: int, extra: int | None = None) -> bytes:
    """A TIFF of channels (C, H, W) uint8 or uint16, one strip per channel, uncompressed, little-endian."""
    count, height, width = planes.shape
    short, long = 3, 4
    tags: list[tuple[int, int, list[int]]] = [
        (256, long, [width]),
        (257, long, [height]),
        (258, short, [planes.itemsize * 8] * count),
        (259, short, [1]),
        (262, short, [photometric]),
        (273, long, []),
        (277, short, [count]),
        (278, long, [height]),
        (279, long, [planes[0].nbytes] * count),
        (284, short, [2]),
        *([] if extra is None else [(338, short, [extra])]),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    behind = start + 6 * count + 8 * count
    tags[5] = (273, long, [behind + number * planes[0].nbytes for number in range(count)])
    entries, data = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{'H' if kind == short else 'I'}", *values)
        if len(packed) > 4:
            packed, data = struct.pack("<I", start + len(data)), data + packed
        entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data
    return head.ljust(behind, b"\0") + planes.tobytes()


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey(tmp_path: Path, bits: int) -> None:
    values = np.zeros((6, 8), np.uint16)
    values[1:4, 2:6] = 1
    (tmp_path / "a.png").write_bytes(png(values, bits, (0,)))
    rgba = read_rgba(tmp_path / "a.png")
    assert (rgba[..., 3] == np.where(values == 1, 255, 0)).all()
    grey = {1: 255, 2: 85, 4: 17, 8: 1, 16: 0}[bits]
    assert (rgba[values == 1] == [grey, grey, grey, 255]).all()
    assert (read_rgb(tmp_path / "a.png")[values == 0] == 255).all()


def test_a_transparent_colour_of_8_bits(tmp_path: Path) -> None:
    values = np.array([[[0, 0, 200], [0, 0, 201], [0, 0, 200]]])
    (tmp_path / "a.png").write_bytes(png(values, 8, (0, 0, 200)))
    assert read_rgba(tmp_path / "a.png").tolist() == [[[0, 0, 200, 0], [0, 0, 201, 255], [0, 0, 200, 0]]]


def test_of_16_bits_one_colour_alone_is_transparent(tmp_path: Path) -> None:
    values = np.array([[[0x1234, 0x5678, 0x9ABC], [0x1234, 0x5678, 0x9ABD], [0x3412, 0x7856, 0xBC9A]]])
    (tmp_path / "a.png").write_bytes(png(values, 16, (0x1234, 0x5678, 0x9ABC)))
    kept = [0x12, 0x56, 0x9A]
    assert read_rgba(tmp_path / "a.png").tolist() == [[[*kept, 0], [*kept, 255], [0x34, 0x78, 0xBC, 255]]]


def test_what_is_transparent_turns_with_the_picture(tmp_path: Path) -> None:
    values = np.array([[0, 5, 300]], np.uint16)
    (tmp_path / "a.png").write_bytes(png(values, 16, (5,), turn=6))
    assert read_rgba(tmp_path / "a.png").tolist() == [[[0, 0, 0, 255]], [[0, 0, 0, 0]], [[1, 1, 1, 255]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_with_its_channels_apart(tmp_path: Path, dtype: type) -> None:
    wanted = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    wanted[0, 0, 3] = 255
    planes = np.ascontiguousarray(wanted.transpose(2, 0, 1)).astype(dtype) * (
        257 if dtype is np.uint16 else 1
    )
    (tmp_path / "rgb.tif").write_bytes(tiff(planes[:3], photometric=2))
    assert (read_rgb(tmp_path / "rgb.tif") == wanted[..., :3]).all()
    (tmp_path / "rgba.tif").write_bytes(tiff(planes, photometric=2, extra=2))
    assert (read_rgba(tmp_path / "rgba.tif") == wanted).all()
    premultiplied = planes.copy()
    premultiplied[:3] = planes[:3] * (wanted[..., 3] / 255)
    (tmp_path / "premultiplied.tif").write_bytes(tiff(premultiplied, photometric=2, extra=1))
    rgba, solid = read_rgba(tmp_path / "premultiplied.tif").astype(int), wanted[..., 3] > 100
    assert (rgba[..., 3] == wanted[..., 3]).all() and np.abs(rgba - wanted)[solid].max() <= 3


def test_grey_and_alpha_apart_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(np.full((2, 5, 7), 200, np.uint8), photometric=1, extra=2))
    for read in (read_rgb, read_rgba):
        with pytest.raises(ImageError, match="found grey and alpha in separate planes"):
            read(tmp_path / "a.tif")


def test_grey_with_premultiplied_alpha(tmp_path: Path) -> None:
    """Grey and alpha alternate: a TIFF of two planes, with its numbers of samples and planes changed."""
    pairs = np.array([[45, 128] * 4, [90, 255] * 4], np.uint8)
    written = bytearray(tiff(np.stack([pairs, pairs]), photometric=1, extra=1))
    for tag, value in ((256, 4), (284, 1)):
        at = written.index(struct.pack("<H", tag), 8) + 8
        written[at : at + 4] = struct.pack("<I", value)
    (tmp_path / "a.tif").write_bytes(written)
    wanted = [[[90, 90, 90, 128]] * 4, [[90, 90, 90, 255]] * 4]
    assert np.abs(read_rgba(tmp_path / "a.tif").astype(int) - wanted).max() <= 1


def test_a_bmp_may_have_alpha_which_is_none_of_a_background(tmp_path: Path) -> None:
    rgba = np.array([[[10, 20, 30, 255], [40, 50, 60, 0], [70, 80, 90, 128]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.bmp")
    assert (read_rgba(tmp_path / "a.bmp") == rgba).all()
    assert (read_rgb(tmp_path / "a.bmp") == rgba[..., :3]).all()
