"""The only place that decodes a picture; every trap of the formats is handled here."""

import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from generator.errors import AssetError, ImageError

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".avif"}
)
DEPTH_PICTURE_SUFFIX = ".depth.png"
MAX_PIXELS = 150_000_000

# What Pillow's decoders raise on damaged files.
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError)


def list_pictures(folder: Path) -> list[Path]:
    """All pictures in `folder` and below, sorted by their path inside it.

    Hidden files, depth maps (`NAME.depth.png`) and files of other kinds are passed over.

    Raises:
        AssetError: the folder is missing, is a file, or holds no picture.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise AssetError(folder, "a folder of pictures", found, "name a folder that holds pictures")
    pictures = [
        path
        for root, _, names in os.walk(folder)
        for path in (Path(root, name) for name in names)
        if path.suffix.lower() in PICTURE_SUFFIXES
        and not path.name.lower().endswith(DEPTH_PICTURE_SUFFIX)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not pictures:
        kinds = " ".join(sorted(PICTURE_SUFFIXES))
        raise AssetError(folder, f"at least one picture ({kinds})", "none", "put pictures there")
    return sorted(pictures, key=lambda path: path.relative_to(folder).as_posix())


def read_rgb(path: Path) -> np.ndarray:
    """Decode a picture as (H, W, 3) uint8 sRGB, upright; transparent parts become white.

    Raises:
        ImageError: the file is missing, broken, too large, or of a kind that cannot be shown.
    """
    picture = _decode(path)
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.asarray(picture.convert("RGB"))


def read_rgba(path: Path) -> np.ndarray:
    """Decode a cut-out as (H, W, 4) uint8 with straight alpha, upright.

    Raises:
        ImageError: as `read_rgb`, or the picture has no alpha, or no pixel is at least half opaque.
    """
    picture = _decode(path)
    if not picture.has_transparency_data:
        fix = "export the cut-out with transparency"
        channels = len(picture.getbands())
        raise ImageError(path, "4 channels (RGBA)", f"{channels} without alpha (mode {picture.mode})", fix)
    rgba = np.asarray(picture.convert("RGBA"))
    if not (rgba[..., 3] >= 128).any():
        raise ImageError(path, "some opaque pixels (alpha >= 128)", "none", "remove or replace the cut-out")
    return rgba


def read_depth(path: Path) -> np.ndarray:
    """Decode a 16-bit grey PNG as (H, W) uint16 relative inverse depth, 0 unknown.

    Raises:
        ImageError: as `read_rgb`, or the picture is not 16-bit grey.
    """
    picture = _decode(path, upright_only=True)
    if not picture.mode.startswith("I"):
        raise ImageError(path, "a 16-bit grey picture", f"mode {picture.mode}", "save depth as 16-bit PNG")
    depth = np.asarray(picture)
    if depth.min() < 0 or depth.max() > 65535:
        raise ImageError(
            path, "values 0 to 65535", f"{depth.min()} to {depth.max()}", "save depth as 16-bit PNG"
        )
    return depth.astype(np.uint16)


def _decode(path: Path, upright_only: bool = False) -> Image.Image:
    """Open, check the size before decoding, load the first frame, turn it upright, reduce to 8 bits."""
    try:
        with warnings.catch_warnings():
            # Our own limit below speaks instead; other notes of Pillow concern metadata alone.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                _check_size(path, opened.width, opened.height)
                opened.load()
                upright = ImageOps.exif_transpose(opened)
            return upright if upright_only else _to_8_bits(path, upright)
    except Image.DecompressionBombError as error:
        found = str(error).partition(", could")[0]
        raise ImageError(path, f"at most {MAX_PIXELS:,} pixels", found, "scale it down") from error
    except FileNotFoundError as error:
        raise ImageError(path, "a picture", "no such file", "check the path") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            path, "a picture", "no known picture format", "remove the file or export it anew"
        ) from error
    except _DECODER_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(path, "a whole picture", reason, "remove the file or export it anew") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(path, f"at most {MAX_PIXELS:,} pixels", f"{width} x {height}", "scale it down")


def _to_8_bits(path: Path, picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits would be clipped at 255 by Pillow's own conversion: keep the high byte."""
    if picture.mode == "F":
        raise ImageError(path, "8 or 16 bits a channel", "floating-point values", "save it as 8-bit PNG")
    if picture.mode.startswith("I"):
        values = np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8))
    return picture
