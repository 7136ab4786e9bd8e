"""Pure arithmetic: background + layers -> fg_bg, mask, depth, instances, in integers, alike on every machine.

Per channel `out = (fg * a + bg * (255 - a) + 127) // 255`; the mask is the same on 255; where a >= 128
the pixel takes the layer's depth and instance. Source: Porter & Duff 1984, operator "over".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from generator.bank import Bank
from generator.errors import FgbgError
from generator.pixels import Pixels
from generator.placement import OBJECT, PLAIN_GAIN
from generator.sprites import OPAQUE

Gain = Sequence[int] | np.ndarray
"""Factors for the three colour channels, 256 = 1.0."""

# Sprites made ready are kept up to this many bytes: those of an ordinary dataset all fit.
_STENCIL_BYTES = 48 * 2**20
_STENCIL_BYTES_PER_PIXEL = 17


@dataclass(frozen=True)
class Layer:
    """One sprite at one place.

    Attributes:
        sprite: (h, w, 4) uint8, straight alpha, already mirrored where asked for.
        x, y: its top-left corner in pixels, x right, y down; may be negative.
        depth: relative inverse depth, uint16, larger is nearer, 0 unknown.
        writes_truth: whether mask, depth and instances see it (an object) or not (a shadow, drawn black).
        gain: of its colours; None leaves them.
    """

    sprite: np.ndarray
    x: int
    y: int
    depth: int
    writes_truth: bool = True
    gain: Gain | None = None


def composite(background: np.ndarray, background_depth: np.ndarray, layers: Sequence[Layer]) -> Pixels:
    """Paste layers over a background, back to front.

    Args:
        background: (H, W, 3) uint8.
        background_depth: (H, W) uint16.
        layers: from back to front.

    Returns:
        Pixels without the samples' dimension: fg_bg (H, W, 3), and mask, depth, instances (H, W).

    Raises:
        FgbgError: a layer does not touch the canvas.
    """
    canvas = background.shape[:2]
    target = Pixels(
        background.copy(), np.zeros(canvas, np.uint8), background_depth.copy(), np.zeros(canvas, np.uint8)
    )
    objects = 0
    for layer in layers:
        stencil = _stencil(layer.sprite)
        if layer.writes_truth:
            _paste_object(target, stencil, layer.x, layer.y, layer.depth, layer.gain, objects)
            objects += 1
        else:
            _paste_shadow(target, stencil, layer.x, layer.y)
    return target


class Renderer:
    """Renders samples of one bank; keeps the sprites it has made ready."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        height, width = bank.sprite_pixels.shape[1:3]
        kept = max(2, _STENCIL_BYTES // (height * width * _STENCIL_BYTES_PER_PIXEL))
        self._stencil = lru_cache(kept)(self._make_stencil)

    def render(
        self, samples: np.ndarray, placements: np.ndarray, pixels: Pixels, bg: np.ndarray | None = None
    ) -> None:
        """Render samples into given arrays.

        Args:
            samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
            placements: (m,) of dtype PLACEMENT.
            pixels: of n samples, overwritten.
            bg: (n, H, W, 3) uint8, gets the backgrounds alone; they are copied fastest here, while at hand.
        """
        bank, stencil = self._bank, self._stencil
        counts = samples["count"].astype(np.int64)
        ends = counts.cumsum()
        of_samples = placements[
            np.repeat(samples["first"] - (ends - counts), counts) + np.arange(counts.sum())
        ]
        layers = _records(of_samples)
        numbers = samples["bg"].tolist()
        # One background after another: a picture just copied is still in the processor's cache.
        for row in np.argsort(samples["bg"], kind="stable").tolist():
            target = pixels.sample(row)
            picture = bank.bg[numbers[row]]
            np.copyto(target.fg_bg, picture)
            if bg is not None:
                np.copyto(bg[row], picture)
            np.copyto(target.depth, bank.bg_depth[numbers[row]])
            target.mask.fill(0)
            if target.instances is not None:
                target.instances.fill(0)
            objects = 0
            for sprite, x, y, flip, kind, depth, gain in layers[ends[row] - counts[row] : ends[row]]:
                if kind == OBJECT:
                    _paste_object(target, stencil(sprite, flip), x, y, depth, gain, objects)
                    objects += 1
                else:
                    _paste_shadow(target, stencil(sprite, flip), x, y)

    def _make_stencil(self, sprite: int, flip: int) -> "_Stencil":
        pixels = self._bank.sprite(sprite)
        return _stencil(cv2.flip(pixels, 1) if flip else pixels)


def _records(placements: np.ndarray) -> list[tuple[int, int, int, int, int, int, Gain | None]]:
    """Sprite, x, y, flip, kind, depth and, unless plain, gain of placements; by columns, which is fast."""
    names = ("sprite", "x", "y", "flip", "kind", "depth")
    plain = (placements["gain"] == PLAIN_GAIN).all(axis=1).tolist()
    gains = [None if is_plain else gain for is_plain, gain in zip(plain, placements["gain"], strict=True)]
    return list(zip(*(placements[name].tolist() for name in names), gains, strict=True))


@dataclass(frozen=True)
class _Stencil:
    """A sprite made ready for pasting: trimmed to what can be seen of it, and multiplied out.

    Attributes:
        left, top: of the trimmed box within the sprite.
        colour: (h, w, 3) uint8.
        weighted: (h, w, 3) uint16, colour * alpha.
        inverse: (h, w, 3) uint16, 255 - alpha.
        alpha: (h, w) uint8.
        opaque: (h, w) uint8, whether alpha >= 128.
    """

    left: int
    top: int
    colour: np.ndarray
    weighted: np.ndarray
    inverse: np.ndarray
    alpha: np.ndarray
    opaque: np.ndarray


def _stencil(sprite: np.ndarray) -> _Stencil:
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(sprite[..., 3]))
    if not width:
        height, width = sprite.shape[:2]
    trimmed = sprite[top : top + height, left : left + width]
    alpha = np.ascontiguousarray(trimmed[..., 3])
    opacity = np.repeat(alpha[..., None], 3, axis=2)
    colour = np.ascontiguousarray(trimmed[..., :3])
    return _Stencil(
        left=left,
        top=top,
        colour=colour,
        weighted=np.multiply(colour, opacity, dtype=np.uint16),
        inverse=(255 - opacity).astype(np.uint16),
        alpha=alpha,
        opaque=(alpha >= OPAQUE).view(np.uint8),
    )


def _meet(stencil: _Stencil, x: int, y: int, canvas: np.ndarray) -> tuple[tuple[slice, slice], _Stencil]:
    """Where a sprite at (x, y) meets the canvas, and what of it is seen there."""
    canvas_height, canvas_width = canvas.shape
    height, width = stencil.alpha.shape
    left, top = x + stencil.left, y + stencil.top
    right, bottom = left + width, top + height
    if left >= 0 and top >= 0 and right <= canvas_width and bottom <= canvas_height:
        return (slice(top, bottom), slice(left, right)), stencil
    place = slice(max(top, 0), min(bottom, canvas_height)), slice(max(left, 0), min(right, canvas_width))
    if place[0].start >= place[0].stop or place[1].start >= place[1].stop:
        raise FgbgError(
            "placement",
            f"a layer that touches the {canvas_width} x {canvas_height} canvas",
            f"{width} x {height} at ({left}, {top})",
            "move it",
        )
    seen = (
        slice(place[0].start - top, place[0].stop - top),
        slice(place[1].start - left, place[1].stop - left),
    )
    parts = {
        name: getattr(stencil, name)[seen] for name in ("colour", "weighted", "inverse", "alpha", "opaque")
    }
    return place, replace(stencil, **parts)


def _paste_object(
    target: Pixels, stencil: _Stencil, x: int, y: int, depth: int, gain: Gain | None, objects_before: int
) -> None:
    """Paste in place; of several ways this is the fastest, by the vectorised loops of NumPy and OpenCV."""
    place, seen = _meet(stencil, x, y, target.mask)
    alpha, weighted = seen.alpha, seen.weighted
    if gain is not None:
        scaled = (seen.colour * np.asarray(gain, np.uint32) + 128) >> 8
        weighted = np.minimum(scaled, 255).astype(np.uint16) * alpha[..., None]
    canvas = target.fg_bg[place]
    blended = canvas.astype(np.uint16)
    blended *= seen.inverse
    blended += weighted
    canvas[...] = _divide_by_255(blended)
    if objects_before == 0:
        target.mask[place] = alpha  # over nothing
    else:
        mask = target.mask[place]
        mask[...] = _divide_by_255(mask * (255 - alpha.astype(np.uint16)) + np.uint16(255) * alpha)
    _fill(target.depth[place], depth, seen.opaque)
    if target.instances is not None:
        _fill(target.instances[place], 1 + objects_before, seen.opaque)


def _fill(window: np.ndarray, value: int, where: np.ndarray) -> None:
    """Set the pixels of a window that `where` (uint8) names; a masked copy is faster than a masked fill."""
    plane = np.empty(window.shape, window.dtype)
    plane.fill(value)
    cv2.copyTo(plane, where, window)


def _paste_shadow(target: Pixels, stencil: _Stencil, x: int, y: int) -> None:
    """Darken fg_bg alone."""
    place, seen = _meet(stencil, x, y, target.mask)
    canvas = target.fg_bg[place]
    canvas[...] = _divide_by_255(canvas.astype(np.uint16) * seen.inverse)


def _divide_by_255(values: np.ndarray) -> np.ndarray:
    """`(values + 127) // 255` for uint16 arrays up to 65025, as uint8.

    `convertScaleAbs` rounds x / 255 to the nearest, which is the same: 255 is odd, so there are no ties.
    """
    result: np.ndarray = cv2.convertScaleAbs(values, alpha=1 / 255)
    return result
