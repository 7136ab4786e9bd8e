"""The only place that decodes a picture; every trap of the formats is handled here."""

import errno
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, _imaging

from generator.assets.colour_profile import to_srgb
from generator.assets.misread import keep_fourth_channel, load_with_key, read_planes_rightly
from generator.errors import AlphaError, FgbgError, ImageError, one_line
from generator.files import open_regular

MAX_PIXELS = 150_000_000

# Blocks of 16 MB, Pillow's own size, stay in the heap of each thread that decoded; above 32 MB none do.
_imaging.set_block_size(2**26)

_ORIENTATION = 0x0112
_STRIP_PIXELS = 2**19

# Pillow decides by content and knows many more, some of which start other programs. (JPEG brings MPO.)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")


def read_rgb(path: Path) -> np.ndarray:
    """Decode a picture as (H, W, 3) uint8 sRGB, upright; transparent parts become white.

    Raises:
        ImageError: the file is missing, broken, too large, or of a kind that cannot be shown.
    """
    with opened_picture(path) as opened:
        return _over_white(_decode(path, opened))


def rgb_of(name: str, picture: Image.Image) -> np.ndarray:
    """A picture that Pillow opened or made, as `read_rgb` decodes a file; it stays as it is.

    Args:
        name: what to call it in errors.
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
        found, fix = "none", "remove or replace the cut-out"
        if highest := int(rgba[..., 3].max()):
            found = f"none, its alpha is at most {highest}"
            fix = "raise its alpha, or remove it: what is see-through all over cannot be pasted"
        raise AlphaError(path, "some opaque pixels (alpha >= 128)", found, fix)
    return rgba


@dataclass(frozen=True)
class Traits:
    """How a picture is stored, as far as its header tells.

    Attributes:
        mode: Pillow's name of its colours: RGB, RGBA, L (grey), P (palette), CMYK, ...
        bits: in a channel, 8 or 16 (palettes and black and white count as 8).
        has_alpha: whether it has transparency of any kind.
        turned: whether EXIF says to turn or mirror it.
        animated: whether it has several frames.
        pixels: how many there are.
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
    """Open a picture of a documented format and check its size; nothing is decoded yet.

    The one place where decoders are at work: whatever any of them raises within the block, also while it
    decodes, becomes one error that names the file.

    Raises:
        ImageError: the file is missing, too large, broken, or no picture of a documented format.
    """
    with _decoder_errors(path), open_regular(path) as file, Image.open(file, formats=_FORMATS) as opened:
        _check_size(path, opened.width, opened.height)
        read_planes_rightly(opened)
        yield opened


@contextmanager
def _decoder_errors(path: str | Path) -> Iterator[None]:
    try:
        with _silence:
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
        raise ImageError(path, "a picture", "no known picture format", fix) from error
    except MemoryError as error:
        found = "more pixels than there is memory for"
        raise ImageError(path, "a picture that fits into memory", found, "scale it down") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None and error.strerror:
            # The system's word, not a decoder's.
            fix = "remove it" if error.errno == errno.EINVAL else "check the path and who may read it"
            raise ImageError(path, "a picture", error.strerror, fix) from error
        # Decoders raise anything: RuntimeError on a damaged AVIF, struct.error, KeyError, TypeError.
        found = one_line(error)
        raise ImageError(path, "a whole picture", found, "remove the file or export it again") from error


def orientation_of(opened: Image.Image) -> int:
    """How EXIF says to turn a picture, 2 to 8; 1 where it says nothing, or is damaged."""
    try:
        orientation = opened.getexif().get(_ORIENTATION, 1)
    except MemoryError:
        raise
    except Exception:
        return 1
    return orientation if orientation in range(1, 9) else 1


def load_upright(opened: Image.Image) -> Image.Image:
    """Decode the first frame and turn it as its EXIF says; `opened` itself, changed."""
    opened.load()
    try:
        ImageOps.exif_transpose(opened, in_place=True)
    except MemoryError:
        raise
    except Exception:
        # A damaged EXIF block has nothing to say; the pixels are whole.
        pass
    return opened


def _decode(path: Path, opened: ImageFile.ImageFile) -> Image.Image:
    """Load the first frame, turn it upright, reduce it as `_in_8_bits_srgb`."""
    return _in_8_bits_srgb(path, load_upright(load_with_key(opened)))


def _in_8_bits_srgb(path: str | Path, picture: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel, in sRGB, with straight alpha."""
    picture = _to_8_bits(path, picture)
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode.upper())
    return to_srgb(picture)


def _pixels(picture: Image.Image, mode: str, convert: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """(H, W, 3 or 4) uint8, converted strip by strip, so that no second picture is ever in memory."""
    width, height = picture.size
    pixels = np.empty((height, width, len(mode)), np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = np.asarray(convert(picture.crop((0, top, width, bottom))))
    return pixels


def _over_white(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8; transparent parts become white."""
    return _pixels(picture, "RGB", _laid_over_white if picture.has_transparency_data else _as_rgb)


def _as_rgb(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB")


def _as_rgba(picture: Image.Image) -> Image.Image:
    return picture.convert("RGBA")


def _laid_over_white(picture: Image.Image) -> Image.Image:
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


class _Silence:
    """Silences warnings while any thread decodes: the first one in silences, the last one out restores.

    `warnings.catch_warnings` alone changes the filters of the whole process, so threads that overlap would
    restore each other's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                # Our own limit speaks instead; other notes of Pillow concern metadata alone.
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(None, None, None)


_silence = _Silence()


def _check_size(path: str | Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(path, f"at most {MAX_PIXELS:,} pixels", f"{width} x {height}", "scale it down")


def _to_8_bits(path: str | Path, picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits would be clipped at 255 by Pillow's own conversion: keep the high byte."""
    if picture.mode == "F":
        raise ImageError(path, "8 or 16 bits a channel", "floating-point values", "save it as 8-bit PNG")
    if picture.mode.startswith("I"):
        grey = Image.fromarray((_as_16_bits(picture) >> 8).astype(np.uint8))
        grey.info = picture.info
        return grey
    return picture


def _as_16_bits(picture: Image.Image) -> np.ndarray:
    values: np.ndarray = np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
    return values
