"""Means and covariances of planes in the square window around each pixel, and linear functions from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Covariances = dict[tuple[int, int], np.ndarray]
"""The upper half of a symmetric matrix of planes, by row and column."""


@dataclass(frozen=True)
class Windows:
    """The channels of a picture, and what they are like around each pixel.

    Attributes:
        channels: (h, w) float32 each.
        radius: of the windows in pixels: their sides are 2 * radius + 1.
        means: of each channel, (h, w) float32.
        covariances: of each pair of channels, (h, w) float32.
    """

    channels: list[np.ndarray]
    radius: int
    means: list[np.ndarray]
    covariances: Covariances

    @classmethod
    def of(cls, channels: Sequence[np.ndarray], radius: int) -> "Windows":
        """Measure the windows of channels (h, w) float32."""
        planes = [np.ascontiguousarray(channel) for channel in channels]
        means = [window_mean(plane, radius) for plane in planes]
        covariances = {
            (row, column): window_mean(planes[row] * planes[column], radius) - means[row] * means[column]
            for row in range(len(planes))
            for column in range(row, len(planes))
        }
        return cls(planes, radius, means, covariances)

    def mean(self, plane: np.ndarray) -> np.ndarray:
        """The mean of another plane in the window around each pixel: (h, w) float32."""
        return window_mean(plane, self.radius)

    def covariances_with(self, plane: np.ndarray, mean: np.ndarray) -> list[np.ndarray]:
        """Covariances of another plane, which has this mean, with each channel."""
        pairs = zip(self.channels, self.means, strict=True)
        return [self.mean(channel * plane) - own * mean for channel, own in pairs]


def window_mean(plane: np.ndarray, radius: int) -> np.ndarray:
    """The mean of (h, w) float32 in the window around each pixel; the border is mirrored."""
    side = 2 * radius + 1
    mean: np.ndarray = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
    return mean


def dot(planes: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """The sum of the products of planes."""
    total: np.ndarray = planes[0] * others[0]
    for plane, other in zip(planes[1:], others[1:], strict=True):
        total += plane * other
    return total


def solve(matrix: Covariances, right: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Solve a symmetric positive definite system of equations at each pixel, by elimination.

    Loops over the few channels and not over the many pixels, which makes it 20 times as fast as LAPACK.

    Args:
        matrix: of n channels.
        right: n planes.

    Returns:
        n planes.
    """
    count, left, values = len(right), dict(matrix), list(right)
    for pivot in range(count):
        inverse = 1 / left[pivot, pivot]
        for row in range(pivot + 1, count):
            factor = left[pivot, row] * inverse
            for column in range(row, count):
                left[row, column] = left[row, column] - factor * left[pivot, column]
            values[row] = values[row] - factor * values[pivot]
    for row in reversed(range(count)):
        rest = values[row]
        for column in range(row + 1, count):
            rest = rest - left[row, column] * values[column]
        values[row] = rest / left[row, row]
    return values
