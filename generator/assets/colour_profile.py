"""Conversion of pictures with a colour profile (ICC) to sRGB: Display P3, Adobe RGB, ProPhoto, grey, CMYK."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# A profile that changes no colour by more levels than this counts as sRGB, and pixels stay unchanged.
_SAME = 2
_PROBE_STEPS = 18

# The mode of the pictures that a profile describes, by the colour space in the profile.
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(picture: Image.Image) -> Image.Image:
    """The same picture in sRGB; changed in place if that saves memory.

    A picture without a profile counts as sRGB; so does one whose profile is damaged or for other channels.

    Args:
        picture: decoded, 8 bits per channel, of mode 1, L, LA, P, RGB, RGBA or CMYK. Alpha stays.
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
        # Pillow maps some files read-only into memory, where nothing can be written.
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
    """The mode of the pictures that a profile is for; None for other modes and damaged profiles."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return _MODES.get(opened.profile.xcolor_space.strip())


@lru_cache(maxsize=16)
def _grey_table(profile: bytes) -> list[int] | None:
    """The sRGB grey of each of 256 greys; None if none changes visibly, or the profile is damaged."""
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
    """The conversion of a mode to RGB or RGBA; None if it changes nothing, or the profile is damaged."""
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
