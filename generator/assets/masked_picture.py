"""A picture and its mask, read together and checked to lie on each other."""

from pathlib import Path

import numpy as np

from generator.assets.images import opened_picture, orientation_of, read_rgb
from generator.assets.labels import Labels, read_labels
from generator.errors import ImageError


def read_masked_picture(picture: Path, mask: Path) -> tuple[np.ndarray, Labels]:
    """Read a picture and its mask, each turned upright as its own EXIF says.

    Returns:
        The picture, (H, W, 3) uint8, and the labels of its mask, of the same size.

    Raises:
        ImageError: as `read_labels_of`, or the picture cannot be read.
    """
    rgb = read_rgb(picture)
    return rgb, read_labels_of(picture, mask, (rgb.shape[1], rgb.shape[0]))


def read_labels_of(picture: Path, mask: Path, size: tuple[int, int]) -> Labels:
    """Read the mask of a picture, turned upright as its own EXIF says.

    Args:
        picture: of which only the header is read.
        mask: of this picture.
        size: (width, height) of the picture, upright.

    Raises:
        ImageError: the mask cannot be read, the sizes differ, or EXIF turns only one of the two and their
            equal sizes do not prove that this is right.
    """
    labels = read_labels(mask)
    (width, height), (mask_height, mask_width) = size, labels.values.shape[:2]
    if (height, width) != (mask_height, mask_width):
        fix = "do not scale either: find the mask that belongs to the picture"
        if (height, width) == (mask_width, mask_height):
            fix = "the mask lies on its side: turn it upright like the picture, which EXIF may turn"
        raise ImageError(mask, f"{width} x {height} as {picture}", f"{mask_width} x {mask_height}", fix)
    _check_turns(picture, mask, labels.orientation, square=width == height)
    return labels


def _check_turns(picture: Path, mask: Path, of_mask: int, square: bool) -> None:
    """Refuse a pair that EXIF turns differently, if their equal sizes do not prove that this is right."""
    with opened_picture(picture) as opened:
        of_picture = orientation_of(opened)
    one_lies_on_its_side = (of_picture >= 5) != (of_mask >= 5)
    if of_picture == of_mask or (one_lies_on_its_side and not square):
        return
    fix = (
        "their sizes do not tell whether the mask is turned too: save both upright and without EXIF, or give"
        " both the same EXIF orientation"
    )
    expected = f"the EXIF orientation of {picture}, {of_picture}"
    raise ImageError(mask, expected, "none" if of_mask == 1 else str(of_mask), fix)
