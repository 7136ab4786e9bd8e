"""Noise, blur and covered parts, with a parameter for each picture of a batch.

Pictures are (B, 3, h, w) float in [-1, 1] on any device, and stay in that range; parameters are on the CPU. A
picture whose parameter means no effect stays exactly as it was, and costs nothing.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

_BLUR_REACH = 4
"""Pixels in each direction."""


def on_rows(values: Tensor, rows: Tensor, effect: Callable[..., Tensor], *parameters: Tensor) -> Tensor:
    """Apply an effect to some rows of a batch; other rows stay exactly as they were.

    Args:
        values: (B, ...), on any device.
        rows: (B,) bool on the CPU, which rows.
        effect: takes these rows of `values` and of each parameter, and returns new rows of the same shape and
            type.
        parameters: (B, ...) on the CPU.
    """
    numbers = rows.nonzero()[:, 0]
    if len(numbers) == 0:
        return values
    given = [parameter[numbers] for parameter in parameters]
    if len(numbers) == len(values):
        return effect(values, *given)
    numbers = moved(numbers, values.device)
    return values.index_copy(0, numbers, effect(values[numbers], *given))


def moved(parameter: Tensor, device: torch.device) -> Tensor:
    """Copy a small tensor from the CPU to a device, without waiting for the device."""
    return parameter.to(device, non_blocking=True)


def add_noise(pictures: Tensor, deviation: Tensor, generator: torch.Generator) -> Tensor:
    """Add normal noise, drawn for every pixel and channel.

    Args:
        pictures: (B, 3, h, w) float in [-1, 1].
        deviation: (B,) float, standard deviation; 0 is no noise.
        generator: on the device of the pictures.
    """

    def add(some: Tensor, deviation: Tensor) -> Tensor:
        noise = torch.randn(some.shape, generator=generator, device=some.device, dtype=some.dtype)
        scale = moved(deviation, some.device)[:, None, None, None].to(some.dtype)
        return noise.mul_(scale).add_(some).clamp_(-1, 1)

    return on_rows(pictures, deviation > 0, add, deviation)


def blur(pictures: Tensor, deviation: Tensor) -> Tensor:
    """Blur by a Gaussian; the border pixels are repeated outside.

    Args:
        pictures: (B, 3, h, w) float in [-1, 1].
        deviation: (B,) float, standard deviation in pixels, up to a third of the reach of 4; 0 is no blur.
    """

    def smooth(some: Tensor, deviation: Tensor) -> Tensor:
        places = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1)
        weights = torch.exp(-((places / deviation[:, None]) ** 2) / 2)
        weights = moved(weights / weights.sum(dim=1, keepdim=True), some.device)[..., None, None, None]
        for axis, padding in ((-1, (_BLUR_REACH, _BLUR_REACH, 0, 0)), (-2, (0, 0, _BLUR_REACH, _BLUR_REACH))):
            padded, size = functional.pad(some, padding, "replicate"), some.shape[axis]
            some = torch.zeros_like(some)
            # Weighted shifts: on a CPU faster than a convolution with other weights for each picture.
            for shift in range(len(places)):
                some.addcmul_(padded.narrow(axis, shift, size), weights[:, shift])
        return some.clamp_(-1, 1)  # weights add up to 1 but for rounding

    return on_rows(pictures, deviation > 0, smooth, deviation)


def cut_out(pictures: Tensor, box: Tensor) -> Tensor:
    """Cover a rectangle of each picture with grey, 0.

    Args:
        pictures: (B, 3, h, w) float in [-1, 1].
        box: (B, 4) float, left, top, right and bottom as shares of width and height, rounded to whole pixels.
            It may reach beyond the picture. A box without width covers nothing.

    Source: DeVries & Taylor 2017, "Improved regularization of convolutional neural networks with Cutout".
    """

    def cover(some: Tensor, box: Tensor) -> Tensor:
        height, width = some.shape[-2:]
        across = _inside(box[:, 0], box[:, 2], width)[:, None, None, :]
        down = _inside(box[:, 1], box[:, 3], height)[:, None, :, None]
        return some.masked_fill(moved(across, some.device) & moved(down, some.device), 0.0)

    return on_rows(pictures, box[:, 2] > box[:, 0], cover, box)


def _inside(low: Tensor, high: Tensor, size: int) -> Tensor:
    """Which of `size` pixels lie between two shares (B,) of them: (B, size) bool."""
    pixels = torch.arange(size)
    return (pixels >= (low * size).round()[:, None]) & (pixels < (high * size).round()[:, None])
