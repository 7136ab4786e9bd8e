"""Corrections for whole pictures that Pillow reads wrongly.

- PNG with a transparent grey or colour (tRNS): Pillow compares it with pixels that it has scaled (grey of 2
  and 4 bits) or reduced to their high byte (colour of 16 bits). Grey of 16 bits loses it when it is converted
  to 8 bits.
- Uncompressed TIFF with separate channels: Pillow reads 16-bit pixels as 8-bit pixels and fails on
  premultiplied alpha.
- BMP with alpha: Pillow writes it, but does not read it.
"""

from typing import Any

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PLANAR_CONFIGURATION, TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

_SEPARATE_PLANES = 2


def read_planes_rightly(opened: ImageFile.ImageFile) -> None:
    """Let libtiff decode a picture that is stored channel by channel. Call it before the picture is loaded.

    Raises:
        OSError: the picture is grey with alpha; Pillow does not read its alpha.
    """
    if not isinstance(opened, TiffImageFile) or len(opened.getbands()) == 1:
        return
    if opened.tag_v2.get(PLANAR_CONFIGURATION) != _SEPARATE_PLANES:
        return
    if len(opened.getbands()) == 2:
        raise OSError("grey and alpha in separate planes")
    if opened.use_load_libtiff:
        return
    packing = f"{opened.mode};16N" if opened.tag_v2[BITSPERSAMPLE][0] == 16 else opened.mode
    arguments = packing, False, opened.tag_v2.offset
    opened.tile = [ImageFile._Tile("libtiff", (0, 0, *opened._tile_size), 0, arguments)]
    opened.use_load_libtiff = True


def keep_fourth_channel(opened: ImageFile.ImageFile) -> None:
    """Read the fourth channel of a BMP as alpha, even if it is none. Call it before the picture is loaded."""
    for tile in opened.tile[:1] if opened.format == "BMP" else ():
        if isinstance(tile.args, tuple) and tile.args[0] == "BGRX":
            opened.tile = [tile._replace(args=("BGRA", *tile.args[1:]))]
            opened._mode = "RGBA"


def load_with_key(opened: ImageFile.ImageFile) -> Image.Image:
    """Decode a picture; the grey or colour that a PNG declares transparent becomes transparent.

    Returns:
        `opened`, decoded; for 16-bit grey an LA picture with the same `info` instead.
    """
    if isinstance(opened, WebPImageFile):
        opened._decoder = _FirstFrame(opened._decoder)
    key = opened.info.get("transparency") if opened.format == "PNG" else None
    packing = opened.tile[0].args if opened.tile else None
    if isinstance(key, int) and packing in ("L;2", "L;4"):
        largest = 2 ** int(packing[-1]) - 1
        opened.info["transparency"] = (key & largest) * 255 // largest
    elif isinstance(key, int) and opened.mode == "I;16":
        return _grey_of_16_bits(opened, key)
    elif isinstance(key, tuple) and packing == "RGB;16B":
        _make_transparent(opened, np.array(key, np.uint16))
    opened.load()
    return opened


def _grey_of_16_bits(opened: ImageFile.ImageFile, key: int) -> Image.Image:
    opened.load()
    values = np.asarray(opened)
    picture = Image.merge("LA", (Image.fromarray((values >> 8).astype(np.uint8)), _mask(values != key)))
    picture.info = {name: value for name, value in opened.info.items() if name != "transparency"}
    return picture


def _make_transparent(opened: ImageFile.ImageFile, colour: np.ndarray) -> None:
    """Make pixels (red, green, blue) of 16 bits transparent, of which Pillow keeps the high bytes."""
    file = opened.fp
    assert file is not None
    opened.load()
    other = (np.asarray(opened) != colour >> 8).any(axis=2)
    file.seek(0)
    with Image.open(file, formats=("PNG",)) as again:
        # Taken for the other byte order, the low bytes are the ones that are kept.
        again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
        again.load()
        other |= (np.asarray(again) != colour & 255).any(axis=2)
    opened.putalpha(_mask(other))
    del opened.info["transparency"]


class _FirstFrame:
    """Returns the first frame of a WebP and drops the decoder, whose canvases take 8 bytes per pixel."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def get_next(self) -> Any:
        decoder, self._decoder = self._decoder, None
        return decoder.get_next()

    def reset(self) -> None:
        """Do nothing: Pillow calls it after a failure, which it reports itself."""


def _mask(opaque: np.ndarray) -> Image.Image:
    return Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8))
