"""The map of structural similarity, for the loss and the measure."""

from kornia.metrics import ssim
from torch import Tensor

_WINDOW = 11


def similarity_map(first: Tensor, second: Tensor) -> Tensor:
    """SSIM around every pixel: a Gaussian window of 11 pixels, sigma 1.5, borders mirrored.

    Pictures with a side below 6 pixels are too small to be mirrored that far: there the window has
    2 * side - 1 pixels. A window of one pixel compares brightness only.

    Args:
        first, second: (B, 1, H, W) float32 or float64 in [0, 1].

    Returns:
        (B, 1, H, W) in [-1, 1].

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", by
    Kornia.
    """
    window = min(_WINDOW, 2 * min(first.shape[-2:]) - 1)
    # SSIM treats channels apart. With samples as channels its convolutions are 8 times faster on CPUs.
    one, other = (values.transpose(0, 1).contiguous() for values in (first, second))
    similarity: Tensor = ssim(one, other, window)
    return similarity.transpose(0, 1)
