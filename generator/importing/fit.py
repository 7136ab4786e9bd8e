"""How pictures of any size come onto a canvas of one size, and their masks, depth and objects with them."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from generator.format.pixels import IGNORED, UNKNOWN
from generator.label_formats.items import Label
from generator.resize import kept_size, shrink, stretch

FitName = Literal["pad", "crop", "stretch"]

VOID_LEVEL = 127
"""The level of void pixels in an alpha; an alpha of this level is stored as one level less."""

MOST_NUMBERED = 255
"""The largest number of objects that an instance map can tell apart."""


@dataclass(frozen=True)
class Frame:
    """Which part of a picture goes where on the canvas.

    Attributes:
        picture: (width, height) of the picture in pixels, upright.
        kept: (width, height) of its middle part that is kept.
        scaled: (width, height) of that part on the canvas.
        canvas: (width, height) of the canvas, in whose middle it stands.
    """

    picture: tuple[int, int]
    kept: tuple[int, int]
    scaled: tuple[int, int]
    canvas: tuple[int, int]

    @classmethod
    def of(cls, picture: tuple[int, int], canvas: tuple[int, int], fit: FitName) -> "Frame":
        """The frame of a picture.

        Args:
            picture: (width, height), upright.
            canvas: (width, height).
            fit: `pad` keeps the whole picture and its aspect ratio, and leaves a border; `crop` keeps the
                aspect ratio and the middle of the picture; `stretch` keeps the whole picture.
        """
        if fit == "stretch":
            return cls(picture, picture, canvas, canvas)
        if fit == "crop":
            return cls(picture, kept_size(picture, canvas), canvas, canvas)
        factor = min(canvas[0] / picture[0], canvas[1] / picture[1])
        width, height = (max(1, round(side * factor)) for side in picture)
        return cls(picture, picture, (min(width, canvas[0]), min(height, canvas[1])), canvas)

    @property
    def least(self) -> tuple[int, int]:
        """(width, height) of the whole picture that is enough for the canvas."""
        width, height = (
            -(-whole * scaled // kept)
            for whole, scaled, kept in zip(self.picture, self.scaled, self.kept, strict=True)
        )
        return width, height

    def picture_on_canvas(self, rgb: np.ndarray) -> np.ndarray:
        """A picture by area averaging; the border repeats the picture's edges.

        Args:
            rgb: (h, w, 3) uint8, the picture in any size.

        Returns:
            (canvas height, canvas width, 3) uint8.
        """
        scaled = shrink(self._kept(rgb), self.scaled)
        left, top, right, bottom = self._border
        if not any(self._border):
            return scaled
        padded: np.ndarray = cv2.copyMakeBorder(scaled, top, bottom, left, right, cv2.BORDER_REPLICATE)
        return padded

    def classes_on_canvas(self, levels: np.ndarray) -> np.ndarray:
        """Numbers of classes (H, W) uint8 by nearest pixel; the border is void."""
        return self._nearest(levels, IGNORED)

    def alpha_on_canvas(self, levels: np.ndarray, void: np.ndarray | None) -> np.ndarray:
        """An alpha by area averaging.

        Args:
            levels: (H, W) uint8.
            void: (H, W) bool; these pixels do not count. None where there are none.

        Returns:
            (canvas height, canvas width) uint8, `VOID_LEVEL` in the border and where more than half is void.
        """
        kept = self._kept(levels)
        unknown = np.zeros((self.scaled[1], self.scaled[0]), bool)
        if void is None or not void.any():
            alpha = shrink(kept, self.scaled)
        else:
            known = (~self._kept(void)).astype(np.float32)
            share = stretch(known, self.scaled)
            total = stretch(kept * known, self.scaled)
            unknown = share < 0.5
            mean = np.divide(total, share, out=np.zeros_like(total), where=~unknown)
            alpha = np.rint(mean).clip(0, 255).astype(np.uint8)
        alpha = np.where(alpha == VOID_LEVEL, np.uint8(VOID_LEVEL - 1), alpha)
        alpha[unknown] = VOID_LEVEL
        return self._padded(alpha, VOID_LEVEL)

    def depth_on_canvas(self, depth: np.ndarray) -> np.ndarray:
        """Depth (h, w) uint16 in any size, by nearest pixel; the border is unknown."""
        return self._nearest(depth, UNKNOWN)

    def instances_on_canvas(self, instances: np.ndarray) -> np.ndarray:
        """Numbers of objects (H, W) uint16 by nearest pixel as uint8; the border is none.

        Numbers stay unless one is above 255. Then the largest 255 objects are numbered in their order, and
        the others have no number.
        """
        numbers = self._nearest(instances, 0)
        if numbers.max() <= MOST_NUMBERED:
            return numbers.astype(np.uint8)
        found, counts = np.unique(numbers[numbers > 0], return_counts=True)
        largest = np.sort(found[np.argsort(-counts, kind="stable")[:MOST_NUMBERED]])
        table = np.zeros(int(numbers.max()) + 1, np.uint8)
        table[largest] = np.arange(1, len(largest) + 1)
        renumbered: np.ndarray = table[numbers]
        return renumbered

    def label_on_canvas(self, label: Label, classes: bool) -> np.ndarray:
        """The levels of a label as they are stored: (canvas height, canvas width) uint8."""
        if classes:
            return self.classes_on_canvas(label.levels)
        return self.alpha_on_canvas(label.levels, label.void)

    def _kept(self, array: np.ndarray) -> np.ndarray:
        """The kept part of the whole picture's array, which may have another size than the picture."""
        if self.kept == self.picture:
            return array
        height, width = array.shape[:2]
        kept_width = max(1, round(width * self.kept[0] / self.picture[0]))
        kept_height = max(1, round(height * self.kept[1] / self.picture[1]))
        left, top = (width - kept_width) // 2, (height - kept_height) // 2
        return np.ascontiguousarray(array[top : top + kept_height, left : left + kept_width])

    def _nearest(self, array: np.ndarray, border: int) -> np.ndarray:
        kept = np.ascontiguousarray(self._kept(array))
        if (kept.shape[1], kept.shape[0]) != self.scaled:
            kept = cv2.resize(kept, self.scaled, interpolation=cv2.INTER_NEAREST_EXACT)
        return self._padded(kept, border)

    def _padded(self, array: np.ndarray, border: int) -> np.ndarray:
        if not any(self._border):
            return array
        left, top, right, bottom = self._border
        padded: np.ndarray = cv2.copyMakeBorder(
            array, top, bottom, left, right, cv2.BORDER_CONSTANT, value=border
        )
        return padded

    @property
    def _border(self) -> tuple[int, int, int, int]:
        """Pixels left, top, right and bottom of the picture on the canvas."""
        left, top = ((whole - part) // 2 for whole, part in zip(self.canvas, self.scaled, strict=True))
        return left, top, self.canvas[0] - self.scaled[0] - left, self.canvas[1] - self.scaled[1] - top
