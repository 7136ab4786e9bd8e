"""Masks that label files hold inside of them, as PNG."""

import numpy as np
from PIL import ImageFile

from generator.assets.images import opened_content
from generator.errors import ImageError


def decode_mask(name: str, content: bytes, most_pixels: int) -> np.ndarray:
    """Decode a mask: its alpha channel if it has one, else its values or palette indices as they are stored.

    Args:
        name: of the mask, for errors.
        content: a PNG file.
        most_pixels: a larger mask is refused before it is decoded.

    Returns:
        (H, W) uint8; not 0 in the object, whatever the value.

    Raises:
        ImageError: it is no PNG, is damaged, or has more pixels.
    """
    with opened_content(name, content, most_pixels) as opened:
        if opened.format != "PNG":
            raise ImageError(name, "a mask as PNG", str(opened.format), "export it again")
        opened.load()
        return _mask(opened)


def _mask(opened: ImageFile.ImageFile) -> np.ndarray:
    if opened.has_transparency_data:
        return np.asarray(opened.convert("RGBA"))[..., 3]
    values = np.asarray(opened)
    if values.ndim == 3:
        values = values.max(axis=2)
    return values if values.dtype == np.uint8 else (values != 0).astype(np.uint8)
