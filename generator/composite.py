"""Pure arithmetic: background + layers -> fg_bg, mask, depth, in integers, alike on every machine.

Per channel `out = (fg * a + bg * (255 - a) + 127) // 255`; the mask is the same on 255; where a >= 128
the pixel takes the layer's depth. Source: Porter & Duff 1984, operator "over".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from generator.bank import OPAQUE, Bank
from generator.errors import FgbgError
from generator.placement import OBJECT, PLAIN_GAIN


@dataclass(frozen=True)
class Layer:
    """One sprite at one place.

    Attributes:
        sprite: (h, w, 4) uint8, straight alpha, already mirrored where asked for.
        x, y: its top-left corner in pixels, x right, y down; may be negative.
        depth: relative inverse depth, uint16, larger is nearer, 0 unknown.
        writes_truth: whether mask and depth see it (an object) or not (a shadow, drawn black).
        gain: three factors for the colour channels, 256 = 1.0.
    """

    sprite: np.ndarray
    x: int
    y: int
    depth: int
    writes_truth: bool = True
    gain: tuple[int, int, int] = (PLAIN_GAIN, PLAIN_GAIN, PLAIN_GAIN)


@dataclass(frozen=True)
class Composite:
    """A picture and what is true of it: fg_bg (H, W, 3) uint8, mask (H, W) uint8, depth (H, W) uint16."""

    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray


def composite(background: np.ndarray, background_depth: np.ndarray, layers: Sequence[Layer]) -> Composite:
    """Paste layers over a background, back to front.

    Args:
        background: (H, W, 3) uint8.
        background_depth: (H, W) uint16.
        layers: from back to front.

    Raises:
        FgbgError: a layer does not touch the canvas.
    """
    result = Composite(background.copy(), np.zeros(background.shape[:2], np.uint8), background_depth.copy())
    for layer in layers:
        _paste(result, layer)
    return result


def render(
    bank: Bank,
    samples: np.ndarray,
    placements: np.ndarray,
    fg_bg: np.ndarray,
    mask: np.ndarray,
    depth: np.ndarray,
) -> None:
    """Render samples into given arrays.

    Args:
        bank: sprites and backgrounds.
        samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
        placements: (m,) of dtype PLACEMENT.
        fg_bg: (n, H, W, 3) uint8, overwritten.
        mask: (n, H, W) uint8, overwritten.
        depth: (n, H, W) uint16, overwritten.
    """
    mask[...] = 0
    bg, first = samples["bg"].tolist(), samples["first"].tolist()
    for row, count in enumerate(samples["count"].tolist()):
        target = Composite(fg_bg[row], mask[row], depth[row])
        target.fg_bg[...] = bank.bg[bg[row]]
        target.depth[...] = bank.bg_depth[bg[row]]
        for record in placements[first[row] : first[row] + count].tolist():
            _paste(target, _layer(bank, record))


def _layer(bank: Bank, record: tuple[int, int, int, int, int, int, list[int]]) -> Layer:
    sprite, x, y, flip, kind, depth, (red, green, blue) = record
    pixels = bank.sprite(sprite)
    if flip:
        pixels = cv2.flip(pixels, 1)
    return Layer(pixels, x, y, depth, kind == OBJECT, (int(red), int(green), int(blue)))


def _paste(target: Composite, layer: Layer) -> None:
    """Paste in place; of several ways this is the fastest, by OpenCV's and NumPy's vectorised loops."""
    canvas_height, canvas_width = target.mask.shape
    height, width = layer.sprite.shape[:2]
    left, top = max(layer.x, 0), max(layer.y, 0)
    right, bottom = min(layer.x + width, canvas_width), min(layer.y + height, canvas_height)
    if left >= right or top >= bottom:
        found = f"{width} x {height} at ({layer.x}, {layer.y})"
        raise FgbgError(
            "placement", f"a layer that touches the {canvas_width} x {canvas_height} canvas", found, "move it"
        )
    seen = layer.sprite[top - layer.y : bottom - layer.y, left - layer.x : right - layer.x]
    colour, alpha = cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), cv2.extractChannel(seen, 3)
    if not layer.writes_truth:
        colour[...] = 0
    elif layer.gain != (PLAIN_GAIN, PLAIN_GAIN, PLAIN_GAIN):
        scaled = (colour.astype(np.uint32) * np.array(layer.gain, np.uint32) + 128) >> 8
        colour = np.minimum(scaled, 255).astype(np.uint8)

    canvas = target.fg_bg[top:bottom, left:right]
    canvas[...] = _over(colour, canvas, cv2.merge([alpha, alpha, alpha]))
    if layer.writes_truth:
        mask = target.mask[top:bottom, left:right]
        mask[...] = _over(np.uint8(255), mask, alpha)
        opaque = (alpha >= OPAQUE).view(np.uint8)
        cv2.copyTo(np.full(alpha.shape, layer.depth, np.uint16), opaque, target.depth[top:bottom, left:right])


def _over(front: np.ndarray | np.uint8, back: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`(front * alpha + back * (255 - alpha) + 127) // 255` for uint8 arrays.

    `convertScaleAbs` rounds x / 255 to the nearest, which is the same: 255 is odd, so there are no ties.
    """
    total = np.multiply(front, alpha, dtype=np.uint16)
    total += np.multiply(back, cv2.bitwise_not(alpha), dtype=np.uint16)
    result: np.ndarray = cv2.convertScaleAbs(total, alpha=1 / 255)
    return result
