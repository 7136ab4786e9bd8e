"""Colour profiles (ICC) in pictures: from Display P3, Adobe RGB, ProPhoto, grey and CMYK ones to sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# A profile that changes no colour by more levels is sRGB under some name: then pixels stay as they are.
_SAME = 2
_PROBE_STEPS = 18

# For pictures of one channel, three and four: the modes of what a profile says it describes.
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(picture: Image.Image) -> Image.Image:
    """The same picture in sRGB; changed in place where that saves memory.

    Without a profile, and with one that is damaged or made for other channels, it counts as sRGB already.

    Args:
        picture: decoded, 8 bits a channel, of mode 1, L, LA, P, RGB, RGBA or CMYK. Alpha stays.
    """
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return picture
    space = _space(profile)
    if picture.mode in ("L", "LA") and space in ("L", "RGB"):
        return _grey_to_srgb(picture, _grey_table(profile))
    if picture.mode in ("P", "RGB", "RGBA") and space == "RGB":
        seen_through = picture.has_transparency_data
        transform = _transform(profile, "RGBA" if seen_through else "RGB")
        if transform is None:
            return picture
        coloured = picture if picture.mode == transform.input_mode else picture.convert(transform.input_mode)
        # Pillow maps some files read-only, and would write into that.
        return transform.apply(coloured) if coloured.readonly else transform.apply_in_place(coloured)
    if picture.mode == space == "CMYK" and (transform := _transform(profile, "CMYK")):
        return transform.apply(picture)
    return picture


def _grey_to_srgb(picture: Image.Image, table: list[int] | None) -> Image.Image:
    if table is None:
        return picture
    if "transparency" in picture.info:
        picture = picture.convert("LA")
    if picture.mode == "L":
        return picture.point(table)
    grey, alpha = picture.split()
    return Image.merge("LA", (grey.point(table), alpha))


@lru_cache(maxsize=16)
def _space(profile: bytes) -> str | None:
    """The mode of pictures that a profile is for; None where that is none of ours, or it is damaged."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return _MODES.get(opened.profile.xcolor_space.strip())


@lru_cache(maxsize=16)
def _grey_table(profile: bytes) -> list[int] | None:
    """The sRGB grey of each of 256 greys; None where none changes visibly, or the profile is damaged."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    mode = _space(profile)
    transform = _built(profile, mode, "RGB") if mode else None
    if transform is None:
        return None
    greens = np.asarray(transform.apply(ramp.convert(mode)))[0, :, 1]
    changed = np.abs(greens.astype(int) - np.arange(256)).max() > _SAME
    return greens.tolist() if changed else None


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What turns pictures of a mode into RGB or RGBA; None where nothing is to be done, or nothing can be."""
    transform = _built(profile, mode, "RGBA" if mode == "RGBA" else "RGB")
    if transform is None or mode == "CMYK":
        return transform
    steps = np.linspace(0, 255, _PROBE_STEPS).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    probe = transform.apply(Image.fromarray(colours).convert(mode))
    difference = np.asarray(probe)[..., :3].astype(int) - colours
    return transform if np.abs(difference).max() > _SAME else None


def _built(profile: bytes, mode: str, out_mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        return ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            mode,
            out_mode,
            ImageCms.Intent.PERCEPTUAL,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
