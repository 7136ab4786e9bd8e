"""How often classes are in masks: the share of pixels of each, and the number of samples that show it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generator.format.pixels import IGNORED


@dataclass(frozen=True)
class ClassShare:
    """How often one class is there.

    Attributes:
        name: of the class.
        share: of the pixels that are not void, in [0, 1].
        samples: number of samples that have at least one pixel of it.
    """

    name: str
    share: float
    samples: int


class ClassCounter:
    """Counts the classes of masks.

    Args:
        names: of the classes, in the order of their numbers.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._pixels = np.zeros(IGNORED + 1, np.int64)
        self._samples = np.zeros(IGNORED + 1, np.int64)

    def add(self, masks: np.ndarray) -> None:
        """Count masks (B, H, W) uint8, with numbers of classes or 255 where a pixel is void."""
        for mask in masks:
            counts = np.bincount(mask.ravel(), minlength=IGNORED + 1)
            self._pixels += counts
            self._samples += counts > 0

    def shares(self) -> list[ClassShare]:
        """Each class, in the order of their numbers."""
        total = max(int(self._pixels[:IGNORED].sum()), 1)
        return [
            ClassShare(name, int(self._pixels[number]) / total, int(self._samples[number]))
            for number, name in enumerate(self._names)
        ]

    def void(self) -> float:
        """The share of void pixels in all pixels."""
        return int(self._pixels[IGNORED]) / max(int(self._pixels.sum()), 1)
