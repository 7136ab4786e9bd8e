"""Compositing on the CPU: bank + placements -> fg_bg, mask, depth, instances.

It is integer arithmetic, with the same result on every machine. Each channel is
`out = (fg * a + bg * (255 - a) + 127) // 255`; the mask is the same formula with fg = 255. Where a >= 128,
the pixel takes the placement's depth and instance number. Source: Porter & Duff 1984, operator "over".
"""

import os
import threading

import numpy as np

from generator.format.bank import Bank
from generator.format.pixels import OPAQUE, Pixels
from generator.format.tables import OBJECT, PLAIN_GAIN
from generator.process.compiled import compiled
from generator.reading.stencils import Stencils

# A block is small enough that its backgrounds are still in the processor's cache when sprites are pasted.
_BLOCK_BYTES = 8 * 2**20


class Renderer:
    """Renders samples of one bank; several threads may use it at once. It keeps prepared sprites."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._sprites = _ReadySprites(bank)

    def render(
        self, samples: np.ndarray, placements: np.ndarray, pixels: Pixels, bg: np.ndarray | None = None
    ) -> None:
        """Render samples into given arrays.

        Args:
            samples: (n,) of dtype SAMPLE; `first` counts rows of `placements`.
            placements: (m,) of dtype PLACEMENT; pixels beyond the canvas are left out.
            pixels: contiguous arrays of n samples, which are overwritten.
            bg: (n, H, W, 3) uint8, overwritten by the backgrounds alone; None where they are not wanted.
        """
        height, width = pixels.mask.shape[1:]
        step = max(1, _BLOCK_BYTES // (height * width * 6))
        for start in range(0, len(samples), step):
            block = slice(start, start + step)
            self._render_block(samples[block], placements, pixels[block], None if bg is None else bg[block])

    def _render_block(
        self, samples: np.ndarray, placements: np.ndarray, pixels: Pixels, bg: np.ndarray | None
    ) -> None:
        bank, numbers = self._bank, samples["bg"]
        # "clip" writes straight into the given array; the numbers were checked when the dataset was opened.
        np.take(bank.bg, numbers, axis=0, out=pixels.fg_bg, mode="clip")
        if bg is not None:
            bg[...] = pixels.fg_bg
        np.take(bank.bg_depth, numbers, axis=0, out=pixels.depth, mode="clip")
        pixels.mask.fill(0)
        if pixels.instances is not None:
            pixels.instances.fill(0)
        counts = samples["count"].astype(np.int64)
        ends = counts.cumsum()
        rows = np.repeat(np.arange(len(samples)), counts)
        layers = placements[np.arange(len(rows)) + (samples["first"] - (ends - counts))[rows]]
        # Objects are numbered within their sample.
        objects = np.concatenate([[0], (layers["kind"] == OBJECT).cumsum()])
        numbered = objects[1:] - objects[ends - counts][rows]
        sprites = self._sprites
        if sprites.process != os.getpid():
            # This process is a fork. Its copy of the lock may be held by a thread that it does not have.
            sprites = self._sprites = _ReadySprites(bank)
        # Layers are ordered by sample and from back to front, so they can be pasted run after run.
        for start in range(0, len(layers), sprites.stencils.capacity):
            run = slice(start, start + sprites.stencils.capacity)
            sprites.paste(rows[run], layers[run], numbered[run], pixels)


class _ReadySprites:
    """Stencils that the threads of one process share, with the lock that guards them."""

    def __init__(self, bank: Bank) -> None:
        self.stencils = Stencils(bank)
        self.process = os.getpid()
        self.lock = threading.Lock()

    def paste(self, rows: np.ndarray, layers: np.ndarray, numbered: np.ndarray, pixels: Pixels) -> None:
        """Paste layers, at most as many as there are stencils."""
        stencils = self.stencils
        with self.lock:
            slots = stencils.ready(layers["sprite"], layers["flip"] != 0)
            if not stencils.holds_all:
                _paste_ready(stencils, slots, rows, layers, numbered, pixels)
                return
        # No slot is filled twice, so other threads may continue.
        _paste_ready(stencils, slots, rows, layers, numbered, pixels)


def _paste_ready(
    stencils: Stencils,
    slots: np.ndarray,
    rows: np.ndarray,
    layers: np.ndarray,
    numbered: np.ndarray,
    pixels: Pixels,
) -> None:
    """Paste layers whose stencils are in `slots`."""
    instances = pixels.instances
    has_instances = instances is not None
    box = stencils.box[slots]
    _paste_layers(
        rows,
        slots,
        layers["x"] + box[:, 0],
        layers["y"] + box[:, 1],
        box[:, 2:],
        layers["kind"] == OBJECT,
        layers["depth"].astype(np.uint16),
        layers["gain"].astype(np.uint32),
        (layers["gain"] == PLAIN_GAIN).all(axis=1),
        numbered.astype(np.uint8),
        stencils.colour,
        stencils.opacity,
        stencils.alpha,
        pixels.fg_bg,
        pixels.mask,
        pixels.depth,
        pixels.mask if instances is None else instances,
        has_instances,
    )


@compiled
def _paste_layers(
    rows: np.ndarray,
    slots: np.ndarray,
    lefts: np.ndarray,
    tops: np.ndarray,
    sizes: np.ndarray,
    is_object: np.ndarray,
    depths: np.ndarray,
    gains: np.ndarray,
    is_plain: np.ndarray,
    numbered: np.ndarray,
    colour: np.ndarray,
    opacity: np.ndarray,
    alpha: np.ndarray,
    fg_bg: np.ndarray,
    mask: np.ndarray,
    depth: np.ndarray,
    instances: np.ndarray,
    has_instances: bool,
) -> None:
    """Paste layers one after another, each in those rows and columns that lie on the canvas."""
    height, width = mask.shape[1:]
    gained = np.empty(3 * width, np.uint8)
    for layer in range(len(rows)):
        row, slot = rows[layer], slots[layer]
        left, top = lefts[layer], tops[layer]
        stencil_width, stencil_height = sizes[layer]
        first, last = max(left, 0), min(left + stencil_width, width)
        if first >= last:
            continue
        for y in range(max(top, 0), min(top + stencil_height, height)):
            begin = (y - top) * stencil_width + first - left
            end = begin + last - first
            canvas = fg_bg[row, y].reshape(3 * width)[3 * first : 3 * last]
            opacities = opacity[slot, 3 * begin : 3 * end]
            if not is_object[layer]:
                _darken(canvas, opacities)
                continue
            colours = colour[slot, 3 * begin : 3 * end]
            if not is_plain[layer]:
                _gain(gained, colours, gains[layer])
                colours = gained[: len(colours)]
            _over(canvas, colours, opacities)
            alphas = alpha[slot, begin:end]
            _over_opaque(mask[row, y, first:last], alphas)
            _set_where_opaque(depth[row, y, first:last], alphas, depths[layer])
            if has_instances:
                _set_where_opaque(instances[row, y, first:last], alphas, numbered[layer])


@compiled
def _over(canvas: np.ndarray, colours: np.ndarray, opacities: np.ndarray) -> None:
    for i in range(len(canvas)):
        a = np.uint16(opacities[i])
        canvas[i] = _divide_by_255(np.uint16(colours[i] * a + canvas[i] * (np.uint16(255) - a)))


@compiled
def _over_opaque(canvas: np.ndarray, opacities: np.ndarray) -> None:
    """Paste 255."""
    for i in range(len(canvas)):
        a = np.uint16(opacities[i])
        canvas[i] = _divide_by_255(np.uint16(np.uint16(255) * a + canvas[i] * (np.uint16(255) - a)))


@compiled
def _darken(canvas: np.ndarray, opacities: np.ndarray) -> None:
    """Paste 0."""
    for i in range(len(canvas)):
        canvas[i] = _divide_by_255(np.uint16(canvas[i] * (np.uint16(255) - opacities[i])))


@compiled
def _gain(gained: np.ndarray, colours: np.ndarray, gain: np.ndarray) -> None:
    for i in range(len(colours)):
        gained[i] = min(np.uint32(255), (colours[i] * gain[i % 3] + np.uint32(128)) >> np.uint32(8))


@compiled
def _set_where_opaque(canvas: np.ndarray, alphas: np.ndarray, value: int) -> None:
    for i in range(len(canvas)):
        canvas[i] = value if alphas[i] >= OPAQUE else canvas[i]


@compiled
def _divide_by_255(value: np.uint16) -> np.uint8:
    """`(value + 127) // 255` for uint16 up to 65025, without a division so that it becomes vector code."""
    raised = np.uint16(value + np.uint16(128))
    return np.uint8(np.uint16(raised + ((raised - np.uint16(1)) >> np.uint16(8))) >> np.uint16(8))
