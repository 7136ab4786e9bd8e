"""Losses of depth, over pixels of known depth.

All take depth_pred and depth (B, 1, H, W) float in [0, 1] and known (B, 1, H, W) bool, and return a scalar.
Pixels of unknown depth cost nothing and get no gradient; if no pixel is known, loss and gradient are 0.
"""

import torch
from torch import Tensor
from torch.nn import functional

from training.losses.precision import in_full_precision
from training.losses.similarity import similarity_map


@in_full_precision
def ssim_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """(1 - SSIM) / 2, averaged over known pixels; in [0, 1].

    Unknown pixels are set to 0 in both maps before windows are compared.
    """
    return _mean_where((1 - similarity_map(depth_pred * known, depth * known)) / 2, known)


@in_full_precision
def l1_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error over known pixels; in [0, 1]."""
    return _mean_where((depth_pred - depth).abs(), known)


@in_full_precision
def mse_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean squared error over known pixels; in [0, 1]."""
    return _mean_where((depth_pred - depth) ** 2, known)


@in_full_precision
def rmse_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Root of the mean squared error over known pixels, per sample, averaged over samples that have any.

    In [0, 1]. It is computed as a norm, whose gradient torch defines as 0 where all errors are 0; a root has
    an infinite gradient there.
    """
    count = known.sum(dim=(1, 2, 3))
    norm: Tensor = torch.linalg.vector_norm((depth_pred - depth) * known, dim=(1, 2, 3))
    return _mean_where(norm / count.clamp(min=1).to(norm.dtype).sqrt(), count > 0)


@in_full_precision
def edge_loss(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error of the slopes, in x and y together; in [0, 1.5].

    Slopes are Sobel's, in depth per pixel, with borders repeated. A pixel counts if it and all its neighbours
    are known.

    Source: the term L_grad of Alhashim & Wonka 2018, "High quality monocular depth estimation via transfer
    learning", with the Sobel filter of Hu et al. 2019, "Revisiting single image depth estimation".
    """
    in_x, in_y = _slopes((depth_pred - depth) * known)
    surrounded = functional.max_pool2d((~known).float(), 3, stride=1, padding=1) == 0
    return _mean_where(in_x.abs() + in_y.abs(), surrounded)


def _slopes(values: Tensor) -> tuple[Tensor, Tensor]:
    """In x and y. Sums of slices take a tenth of the time of Kornia's convolution on a CPU."""
    padded = functional.pad(values, (1, 1, 1, 1), mode="replicate")
    columns = (padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]) / 8
    rows = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 8
    return columns[..., 2:] - columns[..., :-2], rows[..., 2:, :] - rows[..., :-2, :]


def _mean_where(values: Tensor, known: Tensor) -> Tensor:
    return (values * known).sum() / known.sum().clamp(min=1)
