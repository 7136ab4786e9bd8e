"""Masks of several classes: what a label can be."""

import torch
from torch import Tensor
from torch.nn import functional

from generator.errors import DatasetError

IGNORED = 255
"""The label of pixels that count nothing."""


def check_classes(labels: Tensor, classes: int) -> None:
    """Refuse labels that no class answers to; on a GPU they would end the process without a word.

    Args:
        labels: (B, H, W) int64.
        classes: how many the network tells apart.

    Raises:
        DatasetError: a label is neither in [0, classes) nor 255.
    """
    wrong = (labels != IGNORED) & ((labels < 0) | (labels >= classes))
    if bool(wrong.any()):
        sample, y, x = (int(index) for index in wrong.nonzero()[0])
        raise DatasetError(
            "mask",
            f"classes from 0 to {classes - 1}, or {IGNORED} for pixels to ignore",
            f"class {int(labels[sample, y, x])} in sample {sample} of the batch at x {x}, y {y}",
            "correct the labels or train a network of more classes",
        )


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """(B, H, W) int64 -> (B, classes, H, W) bool; an ignored pixel is of no class.

    Raises:
        DatasetError: a label is neither in [0, classes) nor 255.
    """
    check_classes(labels, classes)
    counted = labels != IGNORED
    flags = functional.one_hot(torch.where(counted, labels, 0), classes).movedim(-1, 1)
    return flags.bool() & counted[:, None]
