"""Label pictures: the value that a mask stores for each pixel, read without colour conversion."""

import functools
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFile

from generator.assets.images import load_upright, opened_picture, orientation_of
from generator.assets.misread import keep_fourth_channel, load_with_key
from generator.errors import ImageError
from generator.files import open_regular
from generator.format.pixels import OPAQUE

_STRIP = 256
_SAMPLED_PIXELS = 100_000
_AS_ONE_NUMBER = np.array([1, 1 << 8, 1 << 16], np.uint32)
_FEW_COLOURS, _MANY_COLOURS = 16, 256
_LOSSY_SPREAD = 24
_LOSSLESS_TIFF = frozenset(
    {"raw", "tiff_raw_16", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "lzma", "zstd"}
    | {"tiff_ccitt", "group3", "group4", "tiff_thunderscan"}
)
_ALWAYS_LOSSLESS = frozenset({"PNG", "BMP", "GIF", "PPM"})


@dataclass(frozen=True)
class Labels:
    """The labels of a picture.

    Attributes:
        values: (H, W) uint8 or uint16, grey values or palette indices as stored (1-bit: 0 and 1, 2-bit: 0 to
            3, 4-bit: 0 to 15); or (H, W, 3) uint8 if the picture has colours and no palette. If all colours
            of a palette are grey, their grey values instead of the indices, because programs that shrink PNG
            files reorder palettes.
        palette: (n, 3) uint8, the colours of the indices; None without a palette of colours.
        lossy: name of the compression that makes values approximate (JPEG, WebP, AVIF); empty if they are
            exact.
        opacity: (H, W) uint8, the alpha channel; 0 and 255 if it has only two values. None if it is missing
            or the same everywhere.
        orientation: how EXIF turned the picture, as `orientation_of`; 1 where it did not.
    """

    values: np.ndarray
    palette: np.ndarray | None = None
    lossy: str = ""
    opacity: np.ndarray | None = None
    orientation: int = 1

    @functools.cached_property
    def shape_is_opacity(self) -> bool:
        """Whether the alpha channel alone shows the object.

        True if all visible pixels have one colour (the export of an editor), or more colours than labels have
        (a finished cut-out).
        """
        if self.opacity is None:
            return False
        visible = self._visible_sample()
        spread = int((visible.max(axis=0).astype(int) - visible.min(axis=0)).max())
        return spread <= (_LOSSY_SPREAD if self.lossy else 0) or self.has_many_colours

    @functools.cached_property
    def has_many_colours(self) -> bool:
        """Whether the visible pixels have more colours than labels do, as photographs have."""
        visible = self._visible_sample()
        most = min(_MANY_COLOURS, max(_FEW_COLOURS, len(visible) // 2))
        return len(np.unique(visible.astype(np.uint32) @ _AS_ONE_NUMBER[: visible.shape[1]])) > most

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """How many pixels have each value, (256,) or (65536,) int64; of colours the brightest channel."""
        size = np.iinfo(self.values.dtype).max + 1
        counts = np.zeros(size, np.int64)
        # OpenCV counts six times faster than NumPy, in float32: exact in strips of less than 2**24 pixels.
        rows = min(_STRIP, max(1, (2**24 - 1) // max(1, self.values.shape[1])))
        for start in range(0, len(self.values), rows):
            strip = self.values[start : start + rows]
            brightest = np.ascontiguousarray(strip if strip.ndim == 2 else strip.max(axis=2))
            counts += cv2.calcHist([brightest], [0], None, [size], [0, size]).ravel().astype(np.int64)
        return counts

    def _visible_sample(self) -> np.ndarray:
        """(n, channels), the colours of about 100,000 visible pixels."""
        flat = self.values.reshape(-1, 1 if self.values.ndim == 2 else 3)
        if self.opacity is None:
            return flat[:: 1 + len(flat) // _SAMPLED_PIXELS]
        visible = np.flatnonzero(self.opacity.ravel() >= min(OPAQUE, int(self.opacity.max())))
        return flat[visible[:: 1 + len(visible) // _SAMPLED_PIXELS]]


def read_labels(path: Path) -> Labels:
    """Decode a picture of labels, upright; grey that was saved as colour becomes grey again.

    Raises:
        ImageError: as `read_rgb`, or the values are fractions outside 0 to 1.
    """
    with opened_picture(path) as opened:
        orientation = orientation_of(opened)
        lossy = _lossy_compression(path, opened)
        highest = _highest_stored(opened)
        keep_fourth_channel(opened)
        # Keys of grey are compared with values as they are stored, below.
        picture = load_upright(load_with_key(opened) if opened.mode == "RGB" else opened)
        return replace(_labels_of(path, picture, lossy, highest), orientation=orientation)


def _labels_of(path: Path, picture: Image.Image, lossy: str, highest: int | None) -> Labels:
    if picture.mode == "P":
        return _labels_of_palette(picture, lossy)
    if picture.mode == "F":
        return Labels(_whole_numbers(path, np.array(picture)), None, lossy)
    if picture.mode == "1" or picture.mode == "L" or picture.mode.startswith("I"):
        values = _grey_values(picture, highest)
        return Labels(values, None, lossy, _opacity_of_key(picture, values, highest))
    return _labels_of_colours(picture, lossy)


def _labels_of_palette(picture: Image.Image, lossy: str) -> Labels:
    indices = np.asarray(picture)
    palette = np.zeros((256, 3), np.uint8)
    stored = np.asarray(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    transparency, opacity = picture.info.get("transparency"), None
    if transparency is not None:
        of_index = np.full(256, 255, np.uint8)
        if isinstance(transparency, int):
            of_index[transparency] = 0
        else:
            of_index[: len(transparency)] = np.frombuffer(transparency, np.uint8)[:256]
        opacity = _telling(_looked_up(of_index, indices))
    if (palette == palette[:, :1]).all():
        return Labels(_looked_up(palette[:, 0], indices), None, lossy, opacity)
    return Labels(indices, palette[: len(stored)], lossy, opacity)


def _grey_values(picture: Image.Image, highest: int | None) -> np.ndarray:
    """(H, W) uint8 or uint16 as stored, although Pillow scales the highest possible value to white."""
    pixels = np.asarray(picture)
    if picture.mode == "1":
        return pixels.astype(np.uint8)
    wide = picture.mode.startswith("I")
    values = np.clip(pixels, 0, 65535).astype(np.uint16) if wide else pixels
    if highest is None:
        return values
    white = 65535 if wide else 255
    return _looked_up(np.rint(np.arange(white + 1) * (highest / white)).astype(values.dtype), values)


def _labels_of_colours(picture: Image.Image, lossy: str) -> Labels:
    opacity = None
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode.upper())
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA"))
        opacity, values = _telling(rgba[..., 3]), rgba[..., :3]
    else:
        values = np.asarray(picture.convert("RGB"))
    strips = (values[start : start + _STRIP] for start in range(0, len(values), _STRIP))
    grey = all((strip == strip[..., :1]).all() for strip in strips)
    return Labels(np.ascontiguousarray(values[..., 0] if grey else values), None, lossy, opacity)


def _whole_numbers(path: Path, values: np.ndarray) -> np.ndarray:
    """Floating-point values (H, W), overwritten: whole numbers become labels, 0 to 1 becomes grey."""
    np.nan_to_num(values, copy=False, nan=0.0, posinf=-1.0, neginf=-1.0)
    lowest, highest = float(values.min()), float(values.max())
    strips = (values[start : start + _STRIP] for start in range(0, len(values), _STRIP))
    if lowest >= 0 and highest <= 65535 and all((strip == np.floor(strip)).all() for strip in strips):
        return values.astype(np.uint8 if highest <= 255 else np.uint16)
    if lowest >= 0 and highest <= 1:
        values *= 255
        grey: np.ndarray = np.rint(values, out=values).astype(np.uint8)
        return grey
    expected = "whole numbers, or fractions from 0 to 1"
    raise ImageError(path, expected, f"{lowest:g} to {highest:g}", "save the mask as 8-bit PNG")


def _opacity_of_key(picture: Image.Image, values: np.ndarray, highest: int | None) -> np.ndarray | None:
    """The alpha of a grey picture with one value that counts as transparent."""
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return None
    stored = bool(key) if picture.mode == "1" else key & (highest or np.iinfo(values.dtype).max)
    return _telling(np.where(values != stored, np.uint8(255), np.uint8(0)))


def _telling(opacity: np.ndarray) -> np.ndarray | None:
    """An alpha channel, None if it is the same everywhere; two values become 0 and 255."""
    lowest, highest = int(opacity.min()), int(opacity.max())
    if lowest == highest:
        return None
    if lowest == 0 and not ((opacity != 0) & (opacity != highest)).any():
        opacity = np.where(opacity != 0, np.uint8(255), np.uint8(0))
    return np.ascontiguousarray(opacity)


def _highest_stored(opened: ImageFile.ImageFile) -> int | None:
    """The stored value of white if it can be less than the largest byte: 3 for 2 bits, 15 for 4."""
    if not opened.tile:
        return None
    decoder, _, _, arguments = opened.tile[0]
    stored_as = str(arguments if isinstance(arguments, str) else (arguments or ("",))[0])
    if decoder in ("ppm", "ppm_plain") and isinstance(arguments, tuple):
        return int(arguments[-1])
    if stored_as.startswith("L;2"):
        return 3
    return 15 if stored_as.startswith("L;4") else None


def _lossy_compression(path: Path, opened: ImageFile.ImageFile) -> str:
    kind = str(opened.format)
    if kind in _ALWAYS_LOSSLESS:
        return ""
    if kind == "WEBP":
        return "" if _is_lossless_webp(path) else "WebP"
    if kind == "TIFF":
        compression = str(opened.info.get("compression", "raw"))
        return "" if compression in _LOSSLESS_TIFF else f"TIFF with {compression.removeprefix('tiff_')}"
    return "JPEG" if kind == "MPO" else kind


def _is_lossless_webp(path: Path) -> bool:
    """Whether the first picture in the file is lossless (a chunk VP8L instead of VP8)."""
    with open_regular(path) as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            name, size = header[:4], int.from_bytes(header[4:], "little")
            if name in (b"VP8L", b"VP8 "):
                return name == b"VP8L"
            # A frame of an animation begins with 16 bytes for its position, then has its own chunks.
            file.seek(16 if name == b"ANMF" else size + size % 2, 1)
    return False


def _looked_up(table: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """table[indices], strip by strip, because NumPy converts all indices to 8 bytes at once."""
    found = np.empty(indices.shape, table.dtype)
    for start in range(0, len(indices), _STRIP):
        found[start : start + _STRIP] = table[indices[start : start + _STRIP]]
    return found
