"""The formats of depth files, read as numbers in the unit of the file; the only place that reads them."""

import importlib.util
import io
import logging
import math
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile

from generator.assets.images import MAX_PIXELS, load_upright, opened_picture, orientation_of
from generator.assets.labels import read_labels
from generator.assets.listing import PICTURE_SUFFIXES as ALL_PICTURES
from generator.depth.exr import read_depth_channel
from generator.errors import AssetError, ConfigError, FgbgError, ImageError, one_line
from generator.files import open_regular, read_regular
from generator.process.isolated import NoAnswerError, OnDemandProcess

BEST_FORMATS = "save the depth values as .npy, .pfm or 16-bit .png"
PICTURE_SUFFIXES = frozenset({".png", ".tif", ".tiff"})

_GREY_SUFFIXES = ALL_PICTURES - {".tif", ".tiff"}
_MOST_BYTES = MAX_PIXELS * 8
_PFM_HEADER = re.compile(
    rb"P(?P<kind>[Ff])\s+(?P<width>\d{1,9})\s+(?P<height>\d{1,9})\s+(?P<scale>[-+.\deE]{1,40})\s"
)
_PFM_LONGEST_HEADER = 256
_MOST_EXR_NUMBERS = 8 * MAX_PIXELS
_EXR_SECONDS = 120
_ZIP_BEGIN = b"PK\x03\x04"

# The number formats of TIFF that Pillow reads unchanged, in every compression.
_PILLOW_TIFFS = ("uint16", "int16", "int32", "float32")


def read_numbers(path: Path, coarse: bool = False) -> np.ndarray:
    """The numbers in a depth file: PNG and TIFF of 16 bits or more, .npy, .npz, .pfm or .exr.

    Values that the format marks as no depth become NaN: below 0 in .pfm, beyond 1e9 in .exr, the value of
    GDAL's tag in TIFF. All others are returned as they are stored, 0 and infinity included.

    Args:
        path: of the file.
        coarse: whether grey pictures of 8 bits are depth too: PNG, JPEG, WebP and others.

    Returns:
        (H, W) integers or floating-point numbers of any size; uint16 for 16-bit pictures, uint8 for coarse
        ones.

    Raises:
        AssetError: the file has another format, is damaged, or does not hold one number per pixel.
        ConfigError: the package for .exr is not installed.
    """
    suffix = path.suffix.lower()
    read = _read_grey if coarse and suffix in _GREY_SUFFIXES else _READERS.get(suffix)
    if read is None:
        kinds = ", ".join(_READERS)
        raise AssetError(path, f"depth in one of {kinds}", f"{path.suffix or 'none'}", BEST_FORMATS)
    try:
        values = read(path)
    except FgbgError:
        raise
    except FileNotFoundError as error:
        raise AssetError(path, "", "is a broken link", "remove it") from error
    except Exception as error:  # each library raises its own errors, and any error on damaged files
        raise AssetError(path, "a whole depth file", one_line(error), f"{BEST_FORMATS} again") from error
    while values.ndim > 2 and 1 in (values.shape[0], values.shape[-1]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiu":
        found = f"shape {values.shape} of {values.dtype}"
        raise AssetError(path, "one number for each pixel, (H, W)", found, BEST_FORMATS)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def orientation_of_file(path: Path) -> int:
    """How the EXIF of a depth file turns it (`decode.orientation_of`); 1 for formats without EXIF."""
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return 1
    try:
        with opened_picture(path) as opened:
            return orientation_of(opened)
    except ImageError:  # a TIFF of numbers that Pillow does not read
        return 1


def _read_png(path: Path) -> np.ndarray:
    with opened_picture(path) as opened:
        if not opened.mode.startswith("I"):
            raise _too_coarse(path, "8 bits" if opened.mode in ("L", "LA", "1") else "colours", "PNG")
        return np.asarray(load_upright(opened))


def _read_grey(path: Path) -> np.ndarray:
    labels = read_labels(path)
    if labels.values.ndim == 3 or labels.palette is not None:
        raise AssetError(path, "depth as grey", "colours", f"colours are no depth: {BEST_FORMATS}")
    return labels.values


def _read_tiff(path: Path) -> np.ndarray:
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # problems are raised
    open_regular(path).close()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        if page.samplesperpixel != 1 or page.photometric == tifffile.PHOTOMETRIC.PALETTE:
            raise _too_coarse(path, "colours", "TIFF")
        if page.dtype is None or page.dtype.itemsize < 2:
            raise _too_coarse(path, f"{page.bitspersample} bits", "TIFF")
        _check_size(path, (page.imagelength, page.imagewidth))
        nodata = page.nodata if "GDAL_NODATA" in page.tags else None
        by_pillow = page.dtype.name in _PILLOW_TIFFS
        if not by_pillow:
            _check_segments(path, page)
        values = None if by_pillow else page.asarray()
    if values is None:
        with opened_picture(path) as opened:
            values = np.asarray(load_upright(opened))
    return values if nodata is None else np.where(values == nodata, np.nan, values)


def _check_segments(path: Path, page: Any) -> None:
    """Make sure that no strip or tile decompresses to more than its size, before tifffile decompresses it."""
    if page.compression == tifffile.COMPRESSION.NONE:
        return
    if page.compression not in (tifffile.COMPRESSION.DEFLATE, tifffile.COMPRESSION.ADOBE_DEFLATE):
        found = f"{page.compression.name} of {page.dtype}"
        raise AssetError(path, "TIFF without compression, or deflated", found, BEST_FORMATS)
    most = math.prod(page.chunks) * page.dtype.itemsize
    with open_regular(path) as file:
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            # Data that cannot be compressed grows by some bytes.
            fits = count <= most + most // 1000 + 1024
            if fits:
                file.seek(offset)
                fits = len(zlib.decompressobj().decompress(file.read(count), most + 1)) <= most
            if not fits:
                raise AssetError(path, f"{most:,} bytes in a strip", "more", f"{BEST_FORMATS} again")


def _too_coarse(path: Path, found: str, name: str) -> AssetError:
    expected = f"a {name} of one channel with at least 16 bits"
    reason = "colours are no depth" if found == "colours" else "256 steps are too coarse"
    return AssetError(path, expected, found, f"{reason}: {BEST_FORMATS}")


def _read_npy(path: Path) -> np.ndarray:
    with open_regular(path) as file:
        if file.read(len(_ZIP_BEGIN)) == _ZIP_BEGIN:
            return _from_npz(path, file)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        return _from_npy(path, file, size)


def _from_npz(path: Path, file: BinaryIO) -> np.ndarray:
    with zipfile.ZipFile(file) as archive:
        arrays = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        chosen = next(iter(arrays)) if len(arrays) == 1 else "depth"
        if chosen not in arrays:
            found = ", ".join(list(arrays)[:8]) or "none"
            raise AssetError(path, "one array, or one named depth", found, "save only depth in it")
        with archive.open(arrays[chosen]) as member:
            return _from_npy(path, member, arrays[chosen].file_size)


def _from_npy(path: Path, file: Any, size: int) -> np.ndarray:
    """The array of an .npy file of `size` bytes; the shape in its header must fit them."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise AssetError(path, "an array of numbers", f"version {version} of the format", BEST_FORMATS)
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, by_columns, dtype = headers[version](file)
    if dtype.kind not in "fiu":  # unpickling objects can run any code
        raise AssetError(path, "an array of numbers", f"one of {dtype}", BEST_FORMATS)
    _check_size(path, shape)
    needed = math.prod(shape) * dtype.itemsize
    if size < needed:
        found = f"{size:,} bytes for shape {shape} of {dtype}"
        raise AssetError(path, f"at least {needed:,} bytes", found, f"{BEST_FORMATS} again")
    content = file.read(needed)
    if len(content) < needed:
        raise EOFError(f"it ends after {len(content):,} of {needed:,} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def _read_pfm(path: Path) -> np.ndarray:
    """Rows go from the bottom up; the sign of the header's last number gives the byte order."""
    content = read_regular(path, _MOST_BYTES)
    header = _PFM_HEADER.match(content[:_PFM_LONGEST_HEADER])
    if header is None:
        raise AssetError(path, "a PFM file", "another beginning", BEST_FORMATS)
    if header["kind"] == b"F":
        raise AssetError(path, "a PFM file of one channel (Pf)", "three (PF)", BEST_FORMATS)
    shape = int(header["height"]), int(header["width"])
    _check_size(path, shape)
    needed = math.prod(shape) * 4
    begin = len(content) - needed
    if begin - header.end() not in (0, 1):  # 1 for a Windows line ending
        found = f"{len(content) - header.end():,}"
        raise AssetError(path, f"{needed:,} bytes after the header", found, f"{BEST_FORMATS} again")
    order = "<" if float(header["scale"]) < 0 else ">"
    values = np.flipud(np.frombuffer(content, f"{order}f4", offset=begin).reshape(shape))
    return np.where(values < 0, np.nan, values)


def _read_exr(path: Path) -> np.ndarray:
    open_regular(path).close()
    if importlib.util.find_spec("OpenEXR") is None:
        raise ConfigError(path, "", "needs OpenEXR, which is not installed", "run: pip install 'fgbg[exr]'")
    try:
        values: np.ndarray = _exr.ask((path.absolute(), _MOST_EXR_NUMBERS), _EXR_SECONDS)
    except NoAnswerError as error:
        found = f"by OpenEXR: {error}"
        raise AssetError(path, "a whole depth file", found, f"{BEST_FORMATS} again") from error
    return values


def _check_size(path: Path, shape: tuple[int, ...]) -> None:
    if math.prod(shape) > MAX_PIXELS:
        found = " x ".join(map(str, shape[::-1]))
        raise AssetError(path, f"at most {MAX_PIXELS:,} pixels", found, "scale it down")


_exr = OnDemandProcess(read_depth_channel)

_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".png": _read_png,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".npy": _read_npy,
    ".npz": _read_npy,
    ".pfm": _read_pfm,
    ".exr": _read_exr,
}
