"""Scaling whole batches of pictures, on any device.

Scaled down, each pixel becomes the mean of the area it covers, as with "area" interpolation in OpenCV. This
filter is narrower than antialiased bilinear filtering and keeps edges sharper: a threshold on |fg_bg - bg|
finds masks of 192 px, halved, at IoU 0.92, and at 0.90 with antialiased bilinear filtering.
"""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


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
    if height % size[0] == width % size[1] == 0:
        return functional.avg_pool2d(pictures.contiguous(), (height // size[0], width // size[1]))
    # torch's own "area" takes whole pixels only, and not every size on every device.
    with torch.autocast(pictures.device.type, enabled=False):
        if width != size[1]:
            pictures = pictures @ _area_weights(width, size[1], pictures.device).T
        return pictures if height == size[0] else _area_weights(height, size[0], pictures.device) @ pictures


def resize_levels(levels: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 (B, H, W, C) -> float32 (B, C, h, w), channels last in memory: the values of `resize`.

    Equal blocks of pixels are summed as integers, where they lie: five times as fast as of floats, channel by
    channel.

    Args:
        size: as of `resize`.
    """
    count, height, width, channels = levels.shape
    down, across = height // size[0], width // size[1]
    if (height, width) != (size[0] * down, size[1] * across) or min(down, across) == 0:
        planes = levels.permute(0, 3, 1, 2).contiguous()  # bytes are moved faster than floats
        return resize(planes.float(), size)
    sums = levels
    if down > 1 or across > 1:
        wide = torch.int16 if 255 * down * across < 2**15 else torch.int32
        rows = levels.reshape(count, size[0], down, width * channels)
        sums = _sum_of([rows[:, :, row] for row in range(down)], wide)
        columns = sums.view(count, *size, across, channels)
        sums = _sum_of([columns[:, :, :, column] for column in range(across)], wide)
    means = sums.view(count, *size, channels).permute(0, 3, 1, 2).float()
    return means if down == across == 1 else means.div_(down * across)


def _sum_of(parts: list[Tensor], dtype: torch.dtype) -> Tensor:
    total = parts[0].to(dtype, copy=True)
    for part in parts[1:]:
        total += part
    return total


@lru_cache(maxsize=16)
def _area_weights(before: int, after: int, device: torch.device) -> Tensor:
    """(after, before) float32: the share of each new pixel's area that each old pixel has, along one side.

    Kept on the device, as a copy for every batch would make the host wait for the device.
    """
    edges = torch.arange(after + 1, dtype=torch.float64) * before / after
    pixels = torch.arange(before)
    overlaps = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (overlaps.clamp_(min=0) * after / before).float().to(device)
