"""Decoding of pictures: the only place that does it, with all special cases of the formats."""

import errno
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, _imaging

from generator.assets.colour_profile import to_srgb
from generator.assets.misread import keep_fourth_channel, load_with_key, read_planes_rightly
from generator.assets.quiet_warnings import quiet_warnings
from generator.errors import AlphaError, FgbgError, ImageError, one_line
from generator.files import open_regular

MAX_PIXELS = 150_000_000

# Blocks of 16 MB, Pillow's default, stay in the heap of each thread that decoded; larger than 32 MB do not.
_imaging.set_block_size(2**26)

_ORIENTATION = 0x0112
_QUARTER_TURNS = range(5, 9)
"""The orientations whose picture is as wide as the stored one is high."""
_STRIP_PIXELS = 2**16
"""Strips stay in the heap; the system would map and clear the memory of larger ones again and again."""
_EXIF_OF_PNG = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_JPEG_2000 = b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"
"""The first bytes of its files and of its bare streams; the format hides whether it loses anything."""
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Pillow decides by content. Some of its other formats start other programs. JPEG includes MPO.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")


def read_rgb(path: Path) -> np.ndarray:
    """Decode a picture as (H, W, 3) uint8 sRGB, upright; transparent parts become white.

    Raises:
        ImageError: the file is missing, broken, too large, or in a format that is not supported.
    """
    with opened_picture(path) as opened:
        return _over_white(_decode(path, opened))


def read_small_rgb(path: Path, side: int) -> tuple[np.ndarray, tuple[int, int]]:
    """As `read_rgb`, for whoever scales the picture down: a JPEG is decoded at 1/2, 1/4 or 1/8 of its size.

    Args:
        path: of the picture.
        side: in pixels; the longer side is not decoded smaller than this.

    Returns:
        The picture, and the size (H, W) that it has when it is decoded whole.

    Raises:
        ImageError: as `read_rgb`.
    """
    with opened_picture(path) as opened:
        width, height = upright_size(opened)
        factor = max(1, max(width, height) // side)
        least = max(1, width // factor), max(1, height // factor)
        return rgb_of_opened(path, opened, least), (height, width)


def upright_size(opened: ImageFile.ImageFile) -> tuple[int, int]:
    """(width, height) of an opened picture as its EXIF turns it."""
    width, height = opened.size
    return (height, width) if orientation_of(opened) in _QUARTER_TURNS else (width, height)


def rgb_of_opened(path: Path, opened: ImageFile.ImageFile, least: tuple[int, int]) -> np.ndarray:
    """As `read_rgb`, for a picture that `opened_picture` gave, in a reduced size where that is faster.

    A JPEG can be decoded at a half, a quarter or an eighth of its size, in a fraction of the time and memory.

    Args:
        path: of the picture, for errors.
        opened: not decoded yet; it can be used only once.
        least: (width, height) in pixels, upright, that are enough. The result is smaller than the picture
            only if both of its sides still reach them.

    Returns:
        (h, w, 3) uint8 sRGB, upright.
    """
    lies = orientation_of(opened) in _QUARTER_TURNS
    opened.draft(opened.mode, (least[1], least[0]) if lies else least)
    return _over_white(_decode(path, opened))


def decode_rgb(name: str, content: bytes, most_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As `read_rgb`, from the content of a file.

    Args:
        name: of the picture, for errors; no file of this name is opened.
        content: of the file.
        most_pixels: a larger picture is refused before it is decoded.

    Raises:
        ImageError: as `read_rgb`.
    """
    with opened_content(name, content, most_pixels) as opened:
        return _over_white(_decode(name, opened))


def rgb_of(name: str, picture: Image.Image) -> np.ndarray:
    """As `read_rgb`, from a picture in memory, which is not changed.

    Args:
        name: of the picture, for errors.
        picture: of any mode that `read_rgb` reads.

    Raises:
        ImageError: as `read_rgb`.
    """
    with _decoder_errors(name):
        _check_size(name, *picture.size)
        return _over_white(_in_8_bits_srgb(name, load_upright(picture.copy())))


def read_rgba(path: Path) -> np.ndarray:
    """Decode a cut-out as (H, W, 4) uint8 sRGB with straight alpha, upright.

    Raises:
        ImageError: as `read_rgb`.
        AlphaError: the picture has no alpha, or no pixel is at least half opaque.
    """
    with opened_picture(path) as opened:
        keep_fourth_channel(opened)
        picture = _decode(path, opened)
        if not picture.has_transparency_data:
            fix = "export the cut-out with transparency"
            channels = len(picture.getbands())
            found = f"{channels} without alpha (mode {picture.mode})"
            raise AlphaError(path, "4 channels (RGBA)", found, fix)
        rgba = _pixels(picture, "RGBA", _as_rgba)
    if not (rgba[..., 3] >= 128).any():
        found, fix = "none", "replace the cut-out, or remove it"
        if highest := int(rgba[..., 3].max()):
            found = f"none, its alpha is at most {highest}"
            fix = "raise its alpha, or remove it: a picture without opaque pixels cannot be pasted"
        raise AlphaError(path, "some opaque pixels (alpha >= 128)", found, fix)
    return rgba


@dataclass(frozen=True)
class Traits:
    """How a picture is stored, according to its header.

    Attributes:
        mode: Pillow's name of its colours: RGB, RGBA, L (grey), P (palette), CMYK, ...
        bits: bits per channel, 8 or 16 (8 for palettes, and for black and white).
        has_alpha: whether it has transparency of any kind.
        turned: whether its EXIF says to turn or mirror it.
        animated: whether it has several frames.
        pixels: width times height.
    """

    mode: str
    bits: int
    has_alpha: bool
    turned: bool
    animated: bool
    pixels: int


def read_traits(path: Path) -> Traits:
    """Read the header of a picture.

    Raises:
        ImageError: the file is missing, too large, or no picture.
    """
    with opened_picture(path) as opened:
        wide = opened.mode.startswith("I") or any(";16" in str(tile[3]) for tile in opened.tile)
        return Traits(
            mode=opened.mode,
            bits=16 if wide else 8,
            has_alpha=opened.has_transparency_data,
            turned=orientation_of(opened) != 1,
            animated=getattr(opened, "is_animated", False),
            pixels=opened.width * opened.height,
        )


@contextmanager
def opened_picture(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of a documented format and check its size, without decoding it.

    Decoders work only inside this block: any error that they raise in it, also while they decode, becomes one
    error that names the file.

    Raises:
        ImageError: the file is missing, too large, broken, or no picture of a documented format.
    """
    with _decoder_errors(path), open_regular(path) as file, _opened(path, file) as opened:
        yield opened


@contextmanager
def opened_content(name: str, content: bytes, most_pixels: int = MAX_PIXELS) -> Iterator[ImageFile.ImageFile]:
    """As `opened_picture`, from the content of a file.

    Args:
        name: of the picture, for errors; no file of this name is opened.
        content: of the file.
        most_pixels: a larger picture is refused.

    Raises:
        ImageError: as `opened_picture`.
    """
    with _decoder_errors(name), _opened(name, io.BytesIO(content), most_pixels) as opened:
        yield opened


@contextmanager
def _opened(
    name: str | Path, file: IO[bytes], most_pixels: int = MAX_PIXELS
) -> Iterator[ImageFile.ImageFile]:
    with Image.open(file, formats=_FORMATS) as opened:
        _check_size(name, opened.width, opened.height, most_pixels)
        read_planes_rightly(opened)
        yield opened


@contextmanager
def _decoder_errors(path: str | Path) -> Iterator[None]:
    try:
        with quiet_warnings:
            yield
    except FgbgError:
        raise
    except Image.DecompressionBombError as error:
        found = str(error).partition(", could")[0]
        raise ImageError(path, f"at most {MAX_PIXELS:,} pixels", found, "scale it down") from error
    except FileNotFoundError as error:
        raise ImageError(path, "", "does not exist", "check the path") from error
    except UnidentifiedImageError as error:
        fix = "remove the file or export it again, as PNG or JPEG"
        found = "JPEG 2000, which is not read" if _is_jpeg_2000(path) else "no known picture format"
        raise ImageError(path, "a picture", found, fix) from error
    except MemoryError as error:
        found = "more pixels than there is memory for"
        raise ImageError(path, "a picture that fits into memory", found, "scale it down") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None and error.strerror:
            # An error of the operating system, not of a decoder.
            fix = (
                "name a file, or move this away"
                if error.errno == errno.EINVAL
                else "check the path and its permissions"
            )
            raise ImageError(path, "a picture", error.strerror, fix) from error
        # Decoders raise anything: RuntimeError on a damaged AVIF, struct.error, KeyError, TypeError.
        found = one_line(error)
        raise ImageError(path, "a whole picture", found, "remove the file or export it again") from error


def _is_jpeg_2000(path: str | Path) -> bool:
    """Whether a file begins as JPEG 2000 does; False for a picture in memory, which only has a name."""
    if not isinstance(path, Path):
        return False
    with open_regular(path) as file:
        return file.read(12).startswith(_JPEG_2000)


def orientation_of(opened: Image.Image) -> int:
    """The EXIF orientation of a picture, 2 to 8; 1 if it is upright, or has no EXIF, or a damaged one."""
    try:
        if _is_png_without_exif(opened):
            return 1
        orientation = opened.getexif().get(_ORIENTATION, 1)
    except MemoryError:
        raise
    except Exception:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _is_png_without_exif(opened: Image.Image) -> bool:
    """Whether a PNG that is not decoded yet certainly has no EXIF; Pillow decodes all pixels to find out."""
    if opened.format != "PNG" or not isinstance(opened, ImageFile.ImageFile) or not opened.tile:
        return False
    if opened.fp is None or any(key in opened.info for key in _EXIF_OF_PNG):
        return False
    place = opened.fp.tell()
    try:
        opened.fp.seek(len(_PNG_SIGNATURE))
        while len(header := opened.fp.read(8)) == 8:
            # Text may hold EXIF too. Text before the pixels was read when the file was opened.
            if header[4:] in (b"eXIf", b"iTXt", b"tEXt", b"zTXt") and opened.fp.tell() > place:
                return False
            opened.fp.seek(int.from_bytes(header[:4]) + 4, 1)
    finally:
        opened.fp.seek(place)
    return True


def load_upright(opened: Image.Image) -> Image.Image:
    """Decode the first frame and turn it as its EXIF says; changes and returns `opened`."""
    opened.load()
    try:
        ImageOps.exif_transpose(opened, in_place=True)
    except MemoryError:
        raise
    except Exception:
        # The EXIF block is damaged, but the pixels are whole.
        pass
    return opened


def _decode(path: str | Path, opened: ImageFile.ImageFile) -> Image.Image:
    """Load the first frame, turn it upright, convert it by `_in_8_bits_srgb`."""
    return _in_8_bits_srgb(path, load_upright(load_with_key(opened)))


def _in_8_bits_srgb(path: str | Path, picture: Image.Image) -> Image.Image:
    """The picture with 8 bits per channel, in sRGB, with straight alpha."""
    picture = _to_8_bits(path, picture)
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode.upper())
    return to_srgb(picture)


def _pixels(picture: Image.Image, mode: str, convert: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """(H, W, 3 or 4) uint8, converted in strips, so that memory never holds a second picture."""
    width, height = picture.size
    pixels = np.empty((height, width, len(mode)), np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = picture if rows >= height else picture.crop((0, top, width, bottom))
        pixels[top:bottom] = np.asarray(convert(strip))
    return pixels


def _over_white(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8; transparent parts become white."""
    return _pixels(picture, "RGB", _laid_over_white if picture.has_transparency_data else _as_rgb)


def _as_rgb(picture: Image.Image) -> Image.Image:
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _as_rgba(picture: Image.Image) -> Image.Image:
    return picture if picture.mode == "RGBA" else picture.convert("RGBA")


def _laid_over_white(picture: Image.Image) -> Image.Image:
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _check_size(path: str | Path, width: int, height: int, most_pixels: int = MAX_PIXELS) -> None:
    if width * height > most_pixels:
        raise ImageError(path, f"at most {most_pixels:,} pixels", f"{width} x {height}", "scale it down")


def _to_8_bits(path: str | Path, picture: Image.Image) -> Image.Image:
    """Keep the high byte of grey of 16 or 32 bits, which Pillow's own conversion would clip at 255."""
    if picture.mode == "F":
        raise ImageError(path, "8 or 16 bits per channel", "floating-point values", "save it as 8-bit PNG")
    if picture.mode.startswith("I"):
        grey = Image.fromarray((_as_16_bits(picture) >> 8).astype(np.uint8))
        grey.info = picture.info
        return grey
    return picture


def _as_16_bits(picture: Image.Image) -> np.ndarray:
    values: np.ndarray = np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
    return values
