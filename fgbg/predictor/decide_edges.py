"""The unsure pixels along the edge of a mask, decided by the picture at a moderate size.

In the window around each pixel, a linear discriminant (Fisher, "The use of multiple measurements in taxonomic
problems", Annals of Eugenics 7, 1936) separates the colours of both sides of the mask. It says how likely a
pixel's colours are on either side. Bayes' rule adds this to what the network says, and the next round starts
from the sum. Where the colours of both sides are alike, the network's answer stays. With a background,
histograms of all sure pixels say first how likely each difference from it is on either side.
docs/full-resolution.md compares this with GrabCut and other methods.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from fgbg.predictor.windows import Windows, dot, solve, window_mean
from generator.resize import scaled_size, stretch

DECIDE_SIDE = 256
"""Longer side in pixels at which edges are decided, if the answer is not larger itself ..."""
_MOST_ENLARGED = 8 / 3
"""... and the largest factor by which the answer is enlarged for it, so that windows reach over its edges."""

_SURE = 0.1
"""A pixel is sure if its alpha is at most this far from 0 or 1 ..."""
_UNSURE_MARGIN = 2
"""... and if it is more pixels of the answer than this away from a pixel that is not."""
_BLOCK = 512
"""Answers are decided in blocks of this side, so that large ones take little memory ..."""
_HALO = 32
"""... with this many more pixels on each side, which is further than the rounds look."""
_RADII = (4, 4)
"""Of the windows of each round, in pixels ..."""
_RADII_WITH_PLATE = (5, 4, 4)
"""... and if there is a background."""
_NOISE = 1e-3
"""Variance of a channel (of 1) that noise and compression cause."""
_COLOUR_WEIGHT = 0.6
"""Of the discriminant's log-likelihood ratio: below 1, because pixels of a window are not independent ..."""
_COLOUR_WEIGHT_WITH_PLATE = 1.0
"""... and if there is a background."""
_MOST_EVIDENCE = 4.0
"""The largest log-likelihood ratio that colours may have."""
_ONE_SIDE = 0.03
"""The variance of the mask in a window, below which the window shows too little of one side."""
_WIDE_RADIUS = 3
_WIDE = 0.05, 0.2
"""Shares of unsure pixels nearby from which the network counts less, and no longer, with a background ..."""
_CERTAIN = 3.0
"""... if the log-likelihood ratio of the histograms reaches this; less certain histograms replace less."""
_BINS = 24, 8, 8
"""Of the histograms: difference from the background, and two channels of colour."""
_DIFFERENCE_GAIN = 3
_FEWEST = 32
"""Histograms need this many pixels of both sides."""
_RARE = 30
"""A bin is taken for at least the share of all pixels that an even histogram has, divided by this."""
_PLATE_WEIGHT = 0.7
_LEAST_ALPHA = 0.002


def decide_edges(alpha: np.ndarray, picture: np.ndarray, plate: np.ndarray | None = None) -> np.ndarray:
    """Decide the unsure pixels of a mask by the picture.

    Args:
        alpha: (h, w) float32 in [0, 1].
        picture: (H, W, 3) uint8 sRGB.
        plate: (., ., 3) uint8 sRGB, the same view without the object, of any size; None if there is none.

    Returns:
        (h', w') float32 in [0, 1], as large as `alpha` or larger, but not larger than the picture.
    """
    height, width = picture.shape[:2]
    seen = max(alpha.shape)
    side = min(max(seen, min(DECIDE_SIDE, round(seen * _MOST_ENLARGED))), max(height, width))
    size = scaled_size(height, width, side)[::-1]
    decided = stretch(alpha, size).copy()
    fg, bg = _sure(alpha, size)
    wide = None if plate is None else _widely_unsure(alpha, size)
    colours = stretch(picture, size)
    behind = None if plate is None else stretch(plate, size)
    before = decided.copy()
    for core, part in _blocks(~(fg | bg)):
        difference = None if behind is None else cv2.absdiff(colours[part], behind[part]).max(axis=2)
        evidence = _Evidence(before[part], colours[part], difference, fg[part], bg[part])
        found = evidence.decide() if wide is None else evidence.decide_with_plate(wide[part])
        inner = tuple(
            slice(kept.start - given.start, kept.stop - given.start)
            for kept, given in zip(core, part, strict=True)
        )
        decided[core] = found[inner]
    return decided


class _Evidence:
    """What a part of a picture says about its unsure pixels."""

    def __init__(
        self,
        alpha: np.ndarray,
        colours: np.ndarray,
        difference: np.ndarray | None,
        fg: np.ndarray,
        bg: np.ndarray,
    ) -> None:
        """Take (h, w) arrays of alpha, uint8 colours and differences, and of sure pixels of both sides."""
        self._fg, self._bg, self._colours, self._difference = fg, bg, colours, difference
        planes = [*cv2.split(colours), *([] if difference is None else [difference])]
        self._channels = [plane.astype(np.float32) / 255 for plane in planes]
        clipped = alpha.clip(_LEAST_ALPHA, 1 - _LEAST_ALPHA)
        self._alpha, self._network = alpha, np.log(clipped / (1 - clipped))
        self._windows: dict[int, Windows] = {}

    def decide(self) -> np.ndarray:
        """The mask (h, w) by the network and the colours."""
        alpha = self._alpha
        for radius in _RADII:
            alpha = self._posterior(self._network + _COLOUR_WEIGHT * self._by_colours(alpha, radius))
        return alpha

    def decide_with_plate(self, wide: np.ndarray) -> np.ndarray:
        """The mask (h, w) by the network, the colours, and the difference from the background.

        Args:
            wide: (h, w) float32 from 0, where the network counts, to 1, where it is unsure far around.
        """
        histograms = self._by_histograms()
        replaced = wide * np.minimum(1, np.abs(histograms) / _CERTAIN)
        given = self._network * (1 - replaced)
        alpha = self._posterior(given + histograms)
        # Along an edge, pixels that are partly covered belong to neither histogram.
        given += replaced * histograms
        for radius in _RADII_WITH_PLATE:
            colours = _COLOUR_WEIGHT_WITH_PLATE * self._by_colours(alpha, radius)
            alpha = self._posterior(given + colours.clip(-_MOST_EVIDENCE, _MOST_EVIDENCE))
        return alpha

    def _posterior(self, log_odds: np.ndarray) -> np.ndarray:
        alpha: np.ndarray = 1 / (1 + np.exp(-log_odds))
        alpha[self._fg] = 1
        alpha[self._bg] = 0
        return alpha

    def _by_colours(self, alpha: np.ndarray, radius: int) -> np.ndarray:
        """The log-likelihood ratio of each pixel by the discriminants of the windows around it."""
        if radius not in self._windows:
            self._windows[radius] = Windows.of(self._channels, radius)
        windows = self._windows[radius]
        share = windows.mean(alpha)
        variance = np.maximum(share * (1 - share), 1e-4)
        covariances = windows.covariances_with(alpha, share)
        steps = [covariance / variance for covariance in covariances]
        within = {}
        for (row, column), both in windows.covariances.items():
            within[row, column] = both - covariances[row] * steps[column]
            if row == column:
                within[row, column] = np.maximum(within[row, column], 0) + 2 * _NOISE
        counts = np.minimum(1, variance / _ONE_SIDE)
        slopes = [slope * counts for slope in solve(within, steps)]
        middle = [mean + step * (0.5 - share) for mean, step in zip(windows.means, steps, strict=True)]
        ratio = dot([windows.mean(slope) for slope in slopes], windows.channels)
        ratio -= windows.mean(dot(slopes, middle))
        return ratio

    def _by_histograms(self) -> np.ndarray:
        """The log-likelihood ratio of each pixel by the differences and colours of all sure pixels."""
        assert self._difference is not None
        if min(np.count_nonzero(self._fg), np.count_nonzero(self._bg)) < _FEWEST:
            return np.zeros_like(self._alpha)
        lab = cv2.cvtColor(self._colours, cv2.COLOR_RGB2LAB)
        planes = cv2.convertScaleAbs(self._difference, alpha=_DIFFERENCE_GAIN), lab[..., 1], lab[..., 0]
        numbers = np.zeros(self._alpha.shape, np.intp)
        for plane, bins in zip(planes, _BINS, strict=True):
            numbers = numbers * bins + plane.astype(np.intp) * bins // 256
        fg, bg = (_histogram(numbers[side]) for side in (self._fg, self._bg))
        ratio = window_mean(np.log(fg / bg)[numbers], 2) * np.float32(_PLATE_WEIGHT)
        limited: np.ndarray = ratio.clip(-_MOST_EVIDENCE, _MOST_EVIDENCE)
        return limited


def _histogram(numbers: np.ndarray) -> np.ndarray:
    """Shares of the bins, blurred: (bins,) float32."""
    count = int(np.prod(_BINS))
    counts = np.bincount(numbers, minlength=count).astype(np.float32).reshape(_BINS)
    for axis in range(len(_BINS)):
        rows = np.moveaxis(counts, axis, 0)
        padded = np.concatenate([rows[:1], rows, rows[-1:]])
        counts = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
    shares: np.ndarray = (counts / len(numbers) + 1 / (count * _RARE)).astype(np.float32).ravel()
    return shares


def _sure(alpha: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels that are surely foreground, and surely background: bool, of `size` (width, height)."""
    margin = np.ones((2 * _UNSURE_MARGIN + 1,) * 2, np.uint8)
    sides = ((side.astype(np.float32)) for side in (alpha > 1 - _SURE, alpha < _SURE))
    fg, bg = (stretch(cv2.erode(side, margin), size) > 0.5 for side in sides)
    return fg, bg


def _widely_unsure(alpha: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where the network is unsure not only along an edge: float32 in [0, 1], of `size` (width, height)."""
    unsure = ((alpha > _SURE) & (alpha < 1 - _SURE)).astype(np.float32)
    least, most = _WIDE
    wide = ((window_mean(unsure, _WIDE_RADIUS) - least) / (most - least)).clip(0, 1).astype(np.float32)
    return stretch(cv2.dilate(wide, np.ones((3, 3), np.uint8)), size)


Part = tuple[slice, slice]


def _blocks(unsure: np.ndarray) -> Iterator[tuple[Part, Part]]:
    """Rows and columns of the unsure pixels of each block, without and with what the rounds look at."""
    for top in range(0, unsure.shape[0], _BLOCK):
        for left in range(0, unsure.shape[1], _BLOCK):
            block = unsure[top : top + _BLOCK, left : left + _BLOCK]
            rows, columns = np.flatnonzero(block.any(axis=1)), np.flatnonzero(block.any(axis=0))
            if not rows.size:
                continue
            spans = [(top + rows[0], top + rows[-1] + 1), (left + columns[0], left + columns[-1] + 1)]
            core = slice(*map(int, spans[0])), slice(*map(int, spans[1]))
            yield core, (_wider(core[0]), _wider(core[1]))


def _wider(span: slice) -> slice:
    return slice(max(0, span.start - _HALO), span.stop + _HALO)
