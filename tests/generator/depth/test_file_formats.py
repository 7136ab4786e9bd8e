import io
import os
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

from generator.depth.file_formats import read_numbers
from generator.errors import AssetError, ConfigError

METRES = np.linspace(0, 10, 12, dtype=np.float32).reshape(3, 4)
WHOLE = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000


def write_pfm(path: Path, values: np.ndarray, header: bytes = b"Pf\n4 3\n-1.0\n") -> Path:
    path.write_bytes(header + np.flipud(values).tobytes())
    return path


def write_exr(path: Path, channels: dict[str, np.ndarray]) -> Path:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {name: values.copy() for name, values in channels.items()}).write(str(path))
    return path


def npy(values: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "values",
    [
        METRES,
        METRES.astype(">f4"),
        METRES.astype(np.float16),
        METRES.astype(np.float64),
        METRES[None],
        METRES[..., None],
        METRES[None, None],
        np.asfortranarray(METRES),
        WHOLE.astype(np.int32),
    ],
)
def test_arrays(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "one.npz", values)
    np.savez_compressed(tmp_path / "named.npz", depth=values, rgb=np.zeros((3, 4, 3)))
    (tmp_path / "b.npy").write_bytes((tmp_path / "one.npz").read_bytes())  # its content is an .npz
    for name in ("a.npy", "one.npz", "named.npz", "b.npy"):
        found = read_numbers(tmp_path / name)
        assert found.dtype == values.dtype.newbyteorder("=") and (found == values.reshape(3, 4)).all()


def test_16_bit_png(tmp_path: Path) -> None:
    Image.fromarray(WHOLE).save(tmp_path / "a.PNG")
    found = read_numbers(tmp_path / "a.PNG")
    assert found.dtype == np.uint16 and (found == WHOLE).all()


@pytest.mark.parametrize("kind", ["u2", "i2", "i4", "u4", "f2", "f4", "f8", ">u2", ">f4"])
def test_tiff_of_every_number_format(tmp_path: Path, kind: str) -> None:
    values = (METRES * 3000 - (5000 if "i" in kind else 0)).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", values, byteorder=">" if ">" in kind else "<")
    found = read_numbers(tmp_path / "a.tif")
    assert (found == values).all() and (found.dtype == np.uint16) == ("u2" in kind)


def test_tiff_unfolds_to_its_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    numbers = METRES.astype(np.float64)
    tifffile.imwrite(path, numbers, compression="zlib")
    assert (read_numbers(path) == numbers).all()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        offset, bytes_tag = page.dataoffsets[0], page.tags["StripByteCounts"]
        place, order = bytes_tag.valueoffset, tiff.byteorder
    bomb = zlib.compress(bytes(10**7))
    whole = bytearray(path.read_bytes()[:offset])
    whole[place : place + 4] = len(bomb).to_bytes(4, "little" if order == "<" else "big")
    path.write_bytes(whole + bomb)
    with pytest.raises(AssetError, match="expected 96 bytes in a strip, found more"):
        read_numbers(path)
    tifffile.imwrite(path, numbers, compression="lzma")
    with pytest.raises(
        AssetError, match="expected TIFF without compression, or deflated, found LZMA of float64"
    ):
        read_numbers(path)


def test_tiff_as_other_programs_pack_it(tmp_path: Path) -> None:
    for values in (WHOLE, METRES):
        Image.fromarray(values).save(tmp_path / "lzw.tif", compression="tiff_lzw")
        assert (read_numbers(tmp_path / "lzw.tif") == values).all()
    no_data = (42113, "s", 0, "5000", True)  # GDAL's tag
    tifffile.imwrite(tmp_path / "gdal.tif", WHOLE, extratags=[no_data])
    assert np.isnan(read_numbers(tmp_path / "gdal.tif")).tolist() == (WHOLE == 5000).tolist()


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"Pf\n4 3\n-1.0\n", "<f4"),
        (b"Pf\n4 3\n1\n", ">f4"),
        (b"Pf 4 3 -0.003922 ", "<f4"),
        (b"Pf\r\n4 3\r\n-1\r\n", "<f4"),
    ],
)
def test_pfm(tmp_path: Path, header: bytes, kind: str) -> None:
    found = read_numbers(write_pfm(tmp_path / "a.pfm", METRES.astype(kind), header))
    assert found.dtype == np.float32 and (found == METRES).all()


def test_pfm_knows_nothing_below_0(tmp_path: Path) -> None:
    values = np.where(METRES > 5, np.inf, METRES - 1).astype("<f4")
    found = read_numbers(write_pfm(tmp_path / "a.pfm", values))
    assert (np.isnan(found) == (values < 0)).all() and (np.isinf(found) == (METRES > 5)).all()


@pytest.mark.parametrize(
    "channels",
    [
        {"Z": METRES},
        {"Y": METRES},
        {"disparity": METRES},
        {"ViewLayer.Combined.R": METRES * 0, "ViewLayer.Depth.Z": METRES},
        {"R": METRES, "G": METRES, "B": METRES},
        {"R": METRES * 0, "G": METRES * 2, "B": METRES * 3, "depth": METRES},
        {"V": METRES.astype(np.float16).astype(np.float32)},
    ],
)
def test_exr_finds_its_channel(tmp_path: Path, channels: dict[str, np.ndarray]) -> None:
    found = read_numbers(write_exr(tmp_path / "a.exr", channels))
    np.testing.assert_allclose(found, METRES, rtol=1e-3)


def test_exr_beyond_everything_is_unknown(tmp_path: Path) -> None:
    for kind, far in ((np.float32, 1e10), (np.float16, 65504)):
        values = np.where(METRES > 5, far, METRES).astype(kind)
        found = read_numbers(write_exr(tmp_path / "a.exr", {"Z": values}))
        assert (np.isnan(found) == (METRES > 5)).all()


def test_exr_without_a_depth_is_refused(tmp_path: Path) -> None:
    colours = write_exr(tmp_path / "a.exr", {"R": METRES, "G": METRES * 2, "B": METRES})
    with pytest.raises(AssetError, match="a depth channel, found colours; name the"):
        read_numbers(colours)
    others = write_exr(tmp_path / "b.exr", {"N.X": METRES, "N.W": METRES})
    with pytest.raises(AssetError, match=r"a channel named Z, depth, V or Y, found N\.\w, N\.\w"):
        read_numbers(others)


def test_a_damaged_exr_is_one_error_and_no_other_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).random((40, 50), np.float32)
    path = write_exr(tmp_path / "a.exr", {"Z": noise})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(AssetError, match="expected a whole EXR file, found 0 whole parts of 1"):
        read_numbers(path)
    assert capfd.readouterr() == ("", "")


def test_exr_says_which_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_exr(tmp_path / "a.exr", {"Z": METRES})
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(
        ConfigError, match=r"needs OpenEXR, which is not installed\. Run: pip install 'fgbg\[exr\]'"
    ):
        read_numbers(path)


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("a.png", WHOLE.astype(np.uint8), "8 bits; 256 steps are too coarse"),
        ("a.png", np.zeros((3, 4, 3), np.uint8), "colours; colours are no depth"),
        ("a.tif", WHOLE.astype(np.uint8), "8 bits; 256 steps are too coarse"),
        ("a.tif", np.zeros((3, 4, 3), np.uint8), "colours; colours are no depth"),
        ("a.jpg", WHOLE.astype(np.uint8), r"\.jpg; save the depth values as \.npy, \.pfm or 16-bit \.png"),
    ],
)
def test_pictures_that_are_no_depth_are_refused(
    tmp_path: Path, name: str, values: np.ndarray, found: str
) -> None:
    Image.fromarray(values).save(tmp_path / name)
    with pytest.raises(AssetError, match=f"found {found}"):
        read_numbers(tmp_path / name)


def test_arrays_that_are_no_depth_are_refused(tmp_path: Path) -> None:
    for values in (np.zeros((3, 4, 3)), np.zeros(3), np.zeros((0, 4)), np.float32(1), np.zeros((2, 3, 4))):
        np.save(tmp_path / "a.npy", values)
        with pytest.raises(AssetError, match=r"one number for each pixel, \(H, W\), found shape"):
            read_numbers(tmp_path / "a.npy")
    for odd in (np.array([{}]), np.zeros((3, 4), bool), np.zeros((3, 4), complex), np.zeros((3, 4), "U3")):
        (tmp_path / "a.npy").write_bytes(npy(odd, allow_pickle=True))
        with pytest.raises(AssetError, match="an array of numbers, found one of"):
            read_numbers(tmp_path / "a.npy")
    np.savez(tmp_path / "two.npz", left=METRES, right=METRES)
    with pytest.raises(AssetError, match="one array, or one named depth, found left, right"):
        read_numbers(tmp_path / "two.npz")


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path: Path) -> None:
    whole = npy(METRES)
    for shape, expected in (
        ("(30, 40)", "at least 4,800 bytes"),
        ("(9999999, 9999999)", "at most 150,000,000"),
    ):
        lie = whole.replace(b"(3, 4)", shape.encode())
        (tmp_path / "a.npy").write_bytes(lie)
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("depth.npy", lie)
        for name in ("a.npy", "a.npz"):
            with pytest.raises(AssetError, match=f"expected {expected}"):
                read_numbers(tmp_path / name)
    with pytest.raises(AssetError, match="expected at most 150,000,000 pixels"):
        read_numbers(write_pfm(tmp_path / "a.pfm", METRES, b"Pf\n99999 99999\n-1\n"))


@pytest.mark.parametrize("suffix", [".png", ".npy", ".npz", ".pfm", ".tif", ".exr"])
def test_damaged_files_are_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    writers = {
        ".png": lambda: Image.fromarray(WHOLE).save(path),
        ".npy": lambda: np.save(path, METRES),
        ".npz": lambda: np.savez_compressed(path, METRES),
        ".pfm": lambda: write_pfm(path, METRES),
        ".tif": lambda: tifffile.imwrite(path, METRES.astype(np.float64)),
        ".exr": lambda: write_exr(path, {"Z": METRES}),
    }
    writers[suffix]()
    whole = path.read_bytes()
    for content in (whole[: len(whole) * 2 // 3], b"", b"nothing of the kind", whole[:8]):
        path.write_bytes(content)
        with pytest.raises(AssetError, match=rf"a\{suffix}: expected "):
            read_numbers(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(AssetError, match="a named pipe, not a file"):
        read_numbers(tmp_path / "a.npy")
    for suffix in (".png", ".npz", ".pfm", ".tif", ".exr"):
        (tmp_path / f"b{suffix}").symlink_to("nowhere")
        with pytest.raises(AssetError, match=rf"b\{suffix} (does not exist|is a broken link)\."):
            read_numbers(tmp_path / f"b{suffix}")
