"""A prediction at the size that the page shows, and its pictures."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from fgbg.evaluation.samples import compared_masks
from fgbg.predictor import Predicted
from fgbg.predictor.draw_results import TINT_SHARE, cut_out, on_checkerboard, overlay
from generator.encode import encode_jpeg, encode_png
from generator.format.manifest import MaskEntry
from generator.format.pixels import UNKNOWN
from generator.look.colours import colour_depth, colour_mask
from generator.look.contact_sheet import fitted
from generator.reading.batch import Sample
from training.target import answer_of, target_of

LARGEST_SIDE = 1024
"""Longer side in pixels up to which pictures are shown as they are; larger ones are scaled down."""
SMALLEST_SIDE = 384
"""Smaller pictures are enlarged with sharp pixels to about this longer side."""

_JPEG_QUALITY = 92


@dataclass(frozen=True)
class Look:
    """How the page shows a prediction.

    Attributes:
        threshold: masks are 255 from this probability on, else 0; None: they are soft.
        strength: of the overlay's tint, 0 to 1.
    """

    threshold: float | None = None
    strength: float = TINT_SHARE

    def mask_of(self, predicted: Predicted) -> Predicted:
        """The prediction with its mask cut at the threshold; classes stay as they are."""
        if self.threshold is None or predicted.classes is not None:
            return predicted
        return predicted.with_threshold(self.threshold)


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of the page.

    Attributes:
        title: under the picture.
        pixels: (h, w, 3) uint8.
        sharp: whether it has only few colours, so that JPEG would blur it.
    """

    title: str
    pixels: np.ndarray
    sharp: bool = False

    def encoded(self) -> bytes:
        """The file for the browser, PNG or JPEG, of a small picture with enlarged pixels."""
        height, width = self.pixels.shape[:2]
        factor = max(1, SMALLEST_SIDE // max(height, width))
        pixels = fitted(self.pixels, (width * factor, height * factor)) if factor > 1 else self.pixels
        return encode_png(pixels) if self.sharp else encode_jpeg(pixels, _JPEG_QUALITY)


@dataclass(frozen=True, eq=False)
class View:
    """A picture, its prediction, and the truth if it is known, with longer sides of at most `LARGEST_SIDE`.

    Attributes:
        picture: (h, w, 3) uint8.
        predicted: its mask and depth.
        entry: the meaning of the true mask; predicted masks have no void pixels.
        bg: (h, w, 3) uint8, the same view without the object, of any size; None if there is none.
        truth: the sample that was predicted; None for an upload.
    """

    picture: np.ndarray
    predicted: Predicted
    entry: MaskEntry
    bg: np.ndarray | None = None
    truth: Sample | None = None

    @property
    def bytes(self) -> int:
        """How much memory it takes, roughly."""
        return self.picture.size * (2 if self.truth is None else 5)

    @cached_property
    def _cut_out(self) -> np.ndarray:
        """(h, w, 4) uint8, with the soft mask as alpha."""
        return cut_out(self.picture, self.predicted)

    def pictures(self, look: Look) -> list[Shown]:
        """The pictures of the page, for rows of three: prediction, truth, what is made of both."""
        predicted, truth = look.mask_of(self.predicted), self.truth
        shown = [
            Shown("picture", self.picture),
            Shown("mask", colour_mask(predicted.mask, answer_of(self.entry)), sharp=True),
        ]
        if predicted.depth is not None:
            shown.append(Shown("depth", colour_depth(predicted.depth)))
        if self.bg is not None:
            shown.append(Shown("background", self.bg))
        if truth is not None:
            shown.append(Shown("true mask", colour_mask(truth.mask, self.entry), sharp=True))
            if (truth.depth != UNKNOWN).any():
                shown.append(Shown("true depth", colour_depth(truth.depth)))
        if predicted.classes is None:
            rgba = np.dstack([self._cut_out[..., :3], predicted.mask])
            shown.append(Shown("cut-out", on_checkerboard(rgba, _size(self.picture))))
        shown.append(Shown("overlay", overlay(self.picture, predicted, look.strength)))
        if truth is not None:
            compared = compared_masks(self.picture, target_of(self.entry), predicted.mask, truth.mask)
            shown.append(Shown("masks compared", compared, sharp=True))
        return shown


def make_view(
    picture: np.ndarray,
    predicted: Predicted,
    entry: MaskEntry,
    bg: np.ndarray | None = None,
    truth: Sample | None = None,
) -> View:
    """Scale a picture, its prediction, its background and its truth down to the size of the page."""
    size = _size(picture)
    if size != picture.shape[1::-1]:
        predicted = replace(
            predicted,
            mask=_scaled_mask(predicted.mask, size, answer_of(entry)),
            depth=None if predicted.depth is None else _nearest(predicted.depth, size),
        )
        if truth is not None:
            mask, depth = _scaled_mask(truth.mask, size, entry), _nearest(truth.depth, size)
            truth = replace(truth, mask=mask, depth=depth)
    return View(_small(picture), predicted, entry, None if bg is None else _small(bg), truth)


def _size(picture: np.ndarray) -> tuple[int, int]:
    """The size (width, height) of a picture on the page."""
    height, width = picture.shape[:2]
    scale = min(1, LARGEST_SIDE / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _small(picture: np.ndarray) -> np.ndarray:
    size = _size(picture)
    return picture if size == picture.shape[1::-1] else _area(picture, size)


def _scaled_mask(mask: np.ndarray, size: tuple[int, int], entry: MaskEntry) -> np.ndarray:
    blends = entry.kind == "alpha" and entry.void is None
    return _area(mask, size) if blends else _nearest(mask, size)


def _area(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _nearest(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # Numbers of classes, and unknown depth, cannot be averaged.
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST))
