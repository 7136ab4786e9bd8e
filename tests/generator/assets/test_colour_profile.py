"""Colour profiles. The tests write them byte by byte, following ICC.1:2001."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from generator.assets.images import read_rgb, read_rgba

D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(space: bytes, connection: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile: a header, a table of tags, and the contents of the tags."""
    name = b"drawn here\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78)
    tags = {b"desc": described, b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)} | tags
    table, data, place = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", place + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    start = struct.pack(">I4sI4s4s4s", place + len(data), b"", 0x02100000, device, space, connection)
    header = start + bytes(12) + b"acsp" + bytes(28) + fixed(*D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(exponent * 256), 0)


def rgb_profile(primaries: tuple[tuple[float, ...], ...], exponent: float) -> bytes:
    columns = {
        name + b"XYZ": b"XYZ \0\0\0\0" + fixed(*column)
        for name, column in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    curves = {name + b"TRC": gamma(exponent) for name in (b"r", b"g", b"b")}
    return profile(b"RGB ", b"XYZ ", b"mntr", columns | curves)


def grey_profile(exponent: float) -> bytes:
    return profile(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": gamma(exponent)})


def cmyk_profile(cyan: tuple[int, int, int]) -> bytes:
    """A CMYK profile: black ink is black, cyan has the given L, a, b, and the other inks are invisible."""
    inks = np.zeros((2, 2, 2, 2, 3), np.uint8)
    inks[..., 0, :] = [255, 128, 128]
    inks[1, :, :, 0] = np.rint([cyan[0] * 2.55, cyan[1] + 128, cyan[2] + 128])
    inks[..., 1, :] = [0, 128, 128]
    identity = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": table + identity * 4 + inks.tobytes() + identity * 3})


def linear(srgb: np.ndarray) -> np.ndarray:
    share = srgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


SRGB = np.array([(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)])


def seen_in(primaries: tuple[tuple[float, ...], ...], exponent: float, srgb: np.ndarray) -> np.ndarray:
    """sRGB colours (..., 3) uint8 converted to another colour space, independently of the code under test."""
    there = linear(srgb) @ SRGB @ np.linalg.inv(np.array(primaries))
    return np.rint(255 * np.clip(there, 0, 1) ** (1 / exponent)).astype(np.uint8)


def srgb_of_lab(lightness: float, a: float, b: float) -> np.ndarray:
    """sRGB levels (3,) of a Lab colour, which must be inside sRGB and not dark."""
    y = (lightness + 16) / 116
    light = (np.array([y + a / 500, y, y - b / 200]) ** 3 * D50) @ np.linalg.inv(SRGB)
    return np.asarray(np.interp(light, linear(np.arange(256)), np.arange(256)))


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A picture (60, 90, 3) of soft and strong colours; none is at the border of sRGB."""
    return np.random.default_rng(0).integers(20, 236, (60, 90, 3), dtype=np.uint8)


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(found.astype(int) - wanted).mean())


@pytest.mark.parametrize(
    ("primaries", "exponent"),
    [(DISPLAY_P3, 2.2), (ADOBE_RGB, 2.2), (PROPHOTO, 1.8)],
    ids=["P3", "Adobe", "ProPhoto"],
)
def test_colours_of_wider_spaces_become_srgb(
    tmp_path: Path, scene: np.ndarray, primaries: tuple[tuple[float, ...], ...], exponent: float
) -> None:
    stored = seen_in(primaries, exponent, scene)
    assert difference(stored, scene) > 7
    alpha = np.full(scene.shape[:2], 255, np.uint8)
    alpha[:, :30] = np.arange(30)
    for suffix, options in ((".png", {}), (".tif", {}), (".webp", {"lossless": True, "exact": True})):
        path = tmp_path / f"a{suffix}"
        Image.fromarray(stored).save(path, icc_profile=rgb_profile(primaries, exponent), **options)
        assert difference(read_rgb(path), scene) < 0.7
        cutout = Image.fromarray(np.dstack([stored, alpha]))
        cutout.save(path, icc_profile=rgb_profile(primaries, exponent), **options)
        rgba = read_rgba(path)
        assert difference(rgba[..., :3], scene) < 0.7 and (rgba[..., 3] == alpha).all()


def test_a_palette_has_a_profile_too(tmp_path: Path, scene: np.ndarray) -> None:
    flat = np.repeat(np.repeat(scene[:4, :6], 10, axis=0), 10, axis=1)
    paletted = Image.fromarray(seen_in(ADOBE_RGB, 2.2, flat)).quantize(32, dither=Image.Dither.NONE)
    paletted.save(tmp_path / "a.png", icc_profile=rgb_profile(ADOBE_RGB, 2.2), transparency=255)
    assert difference(read_rgb(tmp_path / "a.png"), flat) < 1


def test_grey_profiles(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    wanted = np.interp((ramp / 255.0) ** 1.8, linear(np.arange(256)), np.arange(256))
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=grey_profile(1.8))
    rgb = read_rgb(tmp_path / "a.png")
    assert (rgb == rgb[..., :1]).all() and np.abs(rgb[..., 0] - wanted).max() <= 2
    Image.fromarray(np.dstack([ramp, ramp])).save(tmp_path / "b.png", icc_profile=grey_profile(1.8))
    rgba = read_rgba(tmp_path / "b.png")
    assert np.abs(rgba[..., 0] - wanted).max() <= 2 and (rgba[..., 3] == ramp).all()
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "c.png", icc_profile=grey_profile(1.8))
    assert np.abs(read_rgb(tmp_path / "c.png")[..., 0] - wanted).max() <= 2


@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
def test_cmyk_profiles(tmp_path: Path, suffix: str) -> None:
    inks = Image.new("CMYK", (24, 8))
    inks.paste((255, 0, 0, 0), (8, 0, 16, 8))
    inks.paste((0, 0, 0, 255), (16, 0, 24, 8))
    inks.save(tmp_path / f"a{suffix}", icc_profile=cmyk_profile((60, -10, -30)), quality=98, subsampling=0)
    found = read_rgb(tmp_path / f"a{suffix}")[4, 4::8].astype(int)
    assert np.abs(found - [[255] * 3, srgb_of_lab(60, -10, -30), [0] * 3]).max() <= 3


@pytest.mark.parametrize(
    "other",
    [
        lambda: b"no profile",
        lambda: rgb_profile(ADOBE_RGB, 2.2)[:300],
        lambda: grey_profile(1.0),
        lambda: cmyk_profile((60, 0, 0)),
        lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ],
    ids=["text", "cut off", "of grey", "of inks", "sRGB itself"],
)
def test_pixels_stay_where_a_profile_is_damaged_of_another_kind_or_srgb(
    tmp_path: Path, scene: np.ndarray, other: Callable[[], bytes]
) -> None:
    Image.fromarray(scene).save(tmp_path / "a.png", icc_profile=other())
    assert (read_rgb(tmp_path / "a.png") == scene).all()
