"""How good each sample's prediction is, by name: a value per sample, so that samples can be drawn again.

Measures of an alpha mask take two bool masks (B, 1, H, W), and which pixels count, or None for all. Measures
of classes take their numbers (B, H, W). Measures of depth take depth_pred and depth (B, 1, H, W) float in
[0, 1], relative inverse depth, and known (B, 1, H, W) bool. All give (B,) float. Every measure of a mask
defines its value for empty masks, and is NaN where no pixel counts; measures of depth are NaN where no depth
is known.

The measures are written here: importing TorchMetrics takes longer than importing torch, and it defines Dice
of two empty masks by its version.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from generator.format.pixels import IGNORED
from training.losses.precision import in_full_precision
from training.losses.similarity import similarity_map

DEPTH_FLOOR = 0.02
"""Ratios raise smaller inverse depths to this, as the farthest pixels would otherwise dominate them."""
_NEAR_RATIO = 1.25

BOUNDARY_TOLERANCE = 2
"""Edges of two masks are the same up to this distance, in pixels of the evaluated resolution."""


def iou_per_sample(predicted: Tensor, actual: Tensor, counted: Tensor | None = None) -> Tensor:
    """Intersection over union; 1 where both are empty: nothing was there and nothing was found."""
    predicted, actual = _where(predicted, counted), _where(actual, counted)
    overlap = (predicted & actual).flatten(1).sum(dim=1)
    union = (predicted | actual).flatten(1).sum(dim=1)
    return _nan_without(counted, torch.where(union == 0, 1.0, overlap / union.clamp(min=1)))


def dice_per_sample(predicted: Tensor, actual: Tensor, counted: Tensor | None = None) -> Tensor:
    """Dice coefficient: twice the intersection over the sum of both areas; 1 where both are empty."""
    predicted, actual = _where(predicted, counted), _where(actual, counted)
    overlap = (predicted & actual).flatten(1).sum(dim=1)
    areas = predicted.flatten(1).sum(dim=1) + actual.flatten(1).sum(dim=1)
    return _nan_without(counted, torch.where(areas == 0, 1.0, 2 * overlap / areas.clamp(min=1)))


def pixel_accuracy_per_sample(predicted: Tensor, actual: Tensor, counted: Tensor | None = None) -> Tensor:
    """Share of pixels that are right."""
    right = (predicted == actual).float()
    return right.flatten(1).mean(dim=1) if counted is None else _mean_where(right, counted)


def boundary_f_per_sample(predicted: Tensor, actual: Tensor, counted: Tensor | None = None) -> Tensor:
    """Boundary F-score: the harmonic mean of two shares of edge pixels, those near an edge of the other mask.

    Edges are the pixels of an object, or of any class, next to pixels of another kind (8 neighbours); near is
    at most `BOUNDARY_TOLERANCE` pixels away. Where neither mask has an edge it is 1 if both are the same,
    else 0. It is also NaN where pixels that do not count hide all edges of the truth.

    Args:
        predicted, actual: (B, 1, H, W), bool or the numbers of classes; the edges of all classes together.
        counted: (B, 1, H, W) bool, which pixels count; None for all.

    Source: Martin, Fowlkes & Malik 2004, "Learning to detect natural image boundaries", matched by dilation
    as in Perazzi et al. 2016, "A benchmark dataset and evaluation methodology for video object segmentation".
    """
    found, true = _edges(predicted, counted), _edges(actual, counted)
    precision, recall = _share_near(found, true), _share_near(true, found)
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-9)  # 0 without any match
    wrong = _where(predicted != actual, counted).flatten(1).any(dim=1)
    is_plain = ~(found | true).flatten(1).any(dim=1)
    score = torch.where(is_plain & wrong, 0.0, score)
    if counted is None:
        return score
    hidden = ~true.flatten(1).any(dim=1) & _is_mixed(actual, counted)
    return _nan_without(counted, torch.where(hidden, torch.nan, score))


def confusion_per_sample(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Pixels by their true class (row) and their predicted class (column); ignored pixels are left out.

    Args:
        predicted: (B, H, W) int64 in [0, classes).
        labels: (B, H, W) int64 in [0, classes), or 255 where a pixel is ignored.
        classes: how many there are.

    Returns:
        (B, classes, classes) int64.
    """
    samples = torch.arange(len(labels), device=labels.device).view(-1, 1, 1)
    places = (samples * classes + labels) * classes + predicted
    counts = torch.bincount(places[labels != IGNORED], minlength=len(labels) * classes**2)
    return counts.view(len(labels), classes, classes)


def class_ious_per_sample(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Intersection over union of each class.

    Pixels are counted first. The libraries' measures make a plane of int64 for each class, which takes ten
    times as long and much memory.

    Args:
        predicted, labels, classes: as for `confusion_per_sample`.

    Returns:
        (B, classes) float; NaN where a class is neither there nor predicted.
    """
    return class_ious(confusion_per_sample(predicted, labels, classes))


def class_ious(confusion: Tensor) -> Tensor:
    """Intersection over union of each class; NaN where one is neither there nor predicted.

    Args:
        confusion: (..., C, C) pixels by their true and their predicted class.

    Returns:
        (..., C) float.
    """
    hits = confusion.diagonal(dim1=-2, dim2=-1)
    return hits / (confusion.sum(dim=-2) + confusion.sum(dim=-1) - hits)


def mean_iou_per_sample(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Mean of `class_ious_per_sample` over the classes that are there or predicted.

    Returns:
        (B,) float; NaN where every pixel is ignored.
    """
    return class_ious_per_sample(predicted, labels, classes).nanmean(dim=1)


def class_accuracy_per_sample(predicted: Tensor, labels: Tensor) -> Tensor:
    """Share of pixels whose class is right, of those that are not ignored.

    Args:
        predicted, labels: (B, H, W) int64, as for `confusion_per_sample`.

    Returns:
        (B,) float; NaN where every pixel is ignored.
    """
    counted = (labels != IGNORED).flatten(1)
    return ((predicted == labels).flatten(1) & counted).sum(dim=1) / counted.sum(dim=1)


@in_full_precision
def depth_rmse_per_sample(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Root of the mean squared error over known pixels."""
    return _mean_where((depth_pred - depth) ** 2, known).sqrt()


@in_full_precision
def depth_mae_per_sample(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error over known pixels."""
    return _mean_where((depth_pred - depth).abs(), known)


@in_full_precision
def depth_ssim_per_sample(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean structural similarity around known pixels, in [-1, 1]; unknown pixels are 0 in both pictures."""
    return _mean_where(similarity_map(depth_pred * known, depth * known), known)


@in_full_precision
def depth_abs_rel_per_sample(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error relative to the truth, both floored at 0.02, over known pixels.

    Source: Eigen, Puhrsch & Fergus 2014, "Depth map prediction from a single image".
    """
    predicted, actual = depth_pred.clamp(min=DEPTH_FLOOR), depth.clamp(min=DEPTH_FLOOR)
    return _mean_where((predicted - actual).abs() / actual, known)


@in_full_precision
def depth_delta_per_sample(depth_pred: Tensor, depth: Tensor, known: Tensor) -> Tensor:
    """Share of known pixels whose truth and prediction, both floored at 0.02, are less than 1.25 times apart.

    Source: Eigen, Puhrsch & Fergus 2014, "Depth map prediction from a single image".
    """
    predicted, actual = depth_pred.clamp(min=DEPTH_FLOOR), depth.clamp(min=DEPTH_FLOOR)
    ratio = torch.maximum(predicted / actual, actual / predicted)
    return _mean_where((ratio < _NEAR_RATIO).to(depth.dtype), known)


MASK_MEASURES: dict[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]] = {
    "iou": iou_per_sample,
    "dice": dice_per_sample,
    "pixel_accuracy": pixel_accuracy_per_sample,
    "boundary_f": boundary_f_per_sample,
}
DEPTH_MEASURES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "rmse": depth_rmse_per_sample,
    "mae": depth_mae_per_sample,
    "ssim": depth_ssim_per_sample,
    "abs_rel": depth_abs_rel_per_sample,
    "delta_1.25": depth_delta_per_sample,
}


def _where(mask: Tensor, counted: Tensor | None) -> Tensor:
    return mask if counted is None else mask & counted


def _edges(mask: Tensor, counted: Tensor | None) -> Tensor:
    """Pixels of (B, 1, H, W) with another among their 8 neighbours, where both count; of bool, true ones."""
    edges = torch.zeros_like(mask, dtype=torch.bool)
    height, width = mask.shape[-2:]
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        # All pairs of neighbours in this direction.
        first = (..., slice(height - down), slice(max(0, -right), width - max(0, right)))
        second = (..., slice(down, None), slice(max(0, right), width - max(0, -right)))
        differs = mask[first] != mask[second]
        if counted is not None:
            differs &= counted[first] & counted[second]
        edges[first] |= differs
        edges[second] |= differs
    return edges & mask if mask.dtype == torch.bool else edges


def _share_near(edges: Tensor, others: Tensor) -> Tensor:
    """The share of edge pixels that are near one of the others, (B,) float; 1 where there is no edge."""
    radius = BOUNDARY_TOLERANCE
    padded = functional.pad(others, (radius,) * 4)
    height, width = others.shape[-2:]
    near = torch.zeros_like(others)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if down**2 + right**2 <= radius**2:
                top, left = radius + down, radius + right
                near |= padded[..., top : top + height, left : left + width]
    count = edges.flatten(1).sum(dim=1)
    return torch.where(count == 0, 1.0, (edges & near).flatten(1).sum(dim=1) / count.clamp(min=1))


def _is_mixed(mask: Tensor, counted: Tensor) -> Tensor:
    """Whether the counted pixels of each sample differ, (B,) bool."""
    values = mask.long().flatten(1)
    first = values.gather(1, counted.flatten(1).long().argmax(dim=1, keepdim=True))
    return ((values != first) & counted.flatten(1)).any(dim=1)


def _nan_without(counted: Tensor | None, values: Tensor) -> Tensor:
    """NaN for samples of which no pixel counts."""
    return values if counted is None else torch.where(counted.flatten(1).any(dim=1), values, torch.nan)


def _mean_where(values: Tensor, known: Tensor) -> Tensor:
    """Mean of each sample over known pixels; NaN where there is none."""
    return (values * known).flatten(1).sum(dim=1) / known.flatten(1).sum(dim=1)
