"""Figures of a prediction: coverage, boxes of objects, range of depth."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from fgbg.predictor.predicted import Predicted
from generator.format.pixels import FARTHEST, NEAREST, OPAQUE

Box: TypeAlias = list[int]
Range: TypeAlias = dict[str, float]

_SPECK = 1e-4
"""Smaller parts of a mask, as a share of the picture, count as no object."""
_DIGITS = 6


@dataclass(frozen=True)
class Figures:
    """The figures of one prediction.

    Attributes:
        size: width and height in pixels.
        coverage: part of the picture that the mask covers, 0 to 1; with classes, the part of each class.
        boxes: [x, y, width, height] in pixels of each connected part of the mask with at least half coverage,
            the largest part first; with classes, those of each class. Parts below 1/10,000 of the picture
            are left out.
        depth: min, median and max of the depth, 0 farthest ... 1 nearest, in the `picture` and in the
            `object` (pixels with at least half coverage; None where there are none, or with classes); None
            if the network has no depth head.
    """

    size: tuple[int, int]
    coverage: float | dict[str, float]
    boxes: list[Box] | dict[str, list[Box]]
    depth: dict[str, Range | None] | None

    def __str__(self) -> str:
        """The figures in words, for the screen."""
        if isinstance(self.coverage, dict):
            parts = [f"{name} {share:.1%}" for name, share in self.coverage.items() if share]
        else:
            count = len(self.boxes)
            parts = [f"mask covers {self.coverage:.1%}", f"{count:,} object{'' if count == 1 else 's'}"]
        for place, span in (self.depth or {}).items():
            if span is not None:
                parts.append(f"depth of the {place} {span['min']:.2f} to {span['max']:.2f}")
        return ", ".join(parts)


def measure(predicted: Predicted) -> Figures:
    """The figures of a prediction."""
    mask, depth, classes = predicted.mask, predicted.depth, predicted.classes
    size = mask.shape[1], mask.shape[0]
    if classes is not None:
        counts = np.bincount(mask.ravel(), minlength=len(classes.names))
        shares = {
            name: round(int(n) / mask.size, _DIGITS) for name, n in zip(classes.names, counts, strict=False)
        }
        boxes = {name: _boxes(mask == number) for number, name in enumerate(classes.names)}
        spans = None if depth is None else {"picture": _range(depth), "object": None}
        return Figures(size, shares, boxes, spans)
    inside = mask >= OPAQUE
    spans = None if depth is None else {"picture": _range(depth), "object": _range(depth[inside])}
    return Figures(size, round(float(mask.mean()) / 255, _DIGITS), _boxes(inside), spans)


def _boxes(inside: np.ndarray) -> list[Box]:
    """Boxes of the connected parts of (H, W) bool."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    areas = parts[1:, cv2.CC_STAT_AREA]  # the first is the rest of the picture
    order = np.argsort(-areas, kind="stable")
    boxes: list[Box] = parts[1:, :4][order[areas[order] >= _SPECK * inside.size]].tolist()
    return boxes


def _range(depth: np.ndarray) -> Range | None:
    """Of uint16 depth, any shape."""
    if not depth.size:
        return None
    ends = {"min": depth.min(), "median": np.median(depth), "max": depth.max()}
    return {
        name: round((float(level) - FARTHEST) / (NEAREST - FARTHEST), _DIGITS) for name, level in ends.items()
    }
