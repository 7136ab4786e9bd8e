"""Figures of bars and heat maps, drawn without a plotting library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from generator.look.colours import colour_shares, font

PANEL = (620, 430)
"""Pixels of a panel (width, height)."""

_COLUMNS = 2
_HEAD = 40
_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 62, 24, 56
_BAR_WIDTH, _BAR_GAP = 16, 14
_INK, _GREY, _LINES, _FILL = (20, 20, 20), (90, 90, 90), (225, 225, 225), (70, 105, 170)
_TITLE, _TEXT = 17, 13


@dataclass(frozen=True)
class Bars:
    """A histogram.

    Attributes:
        title: above it.
        x_label, y_label: with units.
        edges: (n + 1,) of the bins, ascending.
        heights: (n,) from 0.
        whole: whether bins are the whole numbers in their middle.
    """

    title: str
    x_label: str
    y_label: str
    edges: np.ndarray
    heights: np.ndarray
    whole: bool = False


@dataclass(frozen=True)
class HeatMap:
    """Values over the picture, with a scale beside it.

    Attributes:
        title: above it.
        label: what the values are, with units.
        values: (H, W) from 0; x right and y down in pixels.
    """

    title: str
    label: str
    values: np.ndarray


def draw_figure(title: str, panels: Sequence[Bars | HeatMap]) -> np.ndarray:
    """Panels in two columns under a title: (H, W, 3) uint8."""
    rows = -(-len(panels) // _COLUMNS)
    image = Image.new("RGB", (_COLUMNS * PANEL[0], _HEAD + rows * PANEL[1]), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_LEFT, 12), title, _INK, font(_TITLE + 2))
    for number, panel in enumerate(panels):
        row, column = divmod(number, _COLUMNS)
        corner = column * PANEL[0], _HEAD + row * PANEL[1]
        if isinstance(panel, Bars):
            _draw_bars(draw, corner, panel)
        else:
            _draw_heat_map(image, draw, corner, panel)
    return np.asarray(image)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from `low` to `high`, `about` so many: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _draw_bars(draw: ImageDraw.ImageDraw, corner: tuple[int, int], bars: Bars) -> None:
    left, top, right, bottom = _frame(corner)
    _draw_titles(draw, corner, bars.title, bars.y_label)
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    # Room above the highest bar, and a scale even where there is none.
    most = float(bars.heights.max()) * 1.05 or 1.0
    for value in ticks(0, most):
        y = bottom - (bottom - top) * value / most
        draw.line((left, y, right, y), _LINES)
        draw.text((left - 8, y), f"{value:g}", _GREY, font(_TEXT), anchor="rm")
    xs = [left + (right - left) * (float(edge) - low) / (high - low) for edge in bars.edges]
    for start, end, height in zip(xs[:-1], xs[1:], bars.heights, strict=True):
        y = bottom - (bottom - top) * float(height) / most
        # A gap between bars where there is room for one.
        draw.rectangle((start, y, max(start, end - (2 if end - start > 4 else 1)), bottom), _FILL)
    draw.line((left, bottom, right, bottom), _INK)
    for value in bars.edges[:-1] + 0.5 if bars.whole else ticks(low, high):
        x = left + (right - left) * (value - low) / (high - low)
        draw.line((x, bottom, x, bottom + 5), _INK)
        draw.text((x, bottom + 9), f"{value:g}", _GREY, font(_TEXT), anchor="mt")
    draw.text(((left + right) / 2, bottom + 28), bars.x_label, _INK, font(_TEXT), anchor="mt")


def _draw_heat_map(
    image: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], heat: HeatMap
) -> None:
    left, top, right, bottom = _frame(corner)
    _draw_titles(draw, corner, heat.title, heat.label)
    height, width = heat.values.shape
    room = right - left - _BAR_GAP - _BAR_WIDTH - 40
    scale = min(room / width, (bottom - top) / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    most = float(heat.values.max()) or 1.0
    colours = cv2.resize(colour_shares(heat.values / most), size, interpolation=cv2.INTER_NEAREST)
    image.paste(Image.fromarray(colours), (left, top))
    for value in ticks(0, width):
        x = left + value * size[0] / width
        draw.line((x, top + size[1], x, top + size[1] + 5), _INK)
        draw.text((x, top + size[1] + 9), f"{value:g}", _GREY, font(_TEXT), anchor="mt")
    for value in ticks(0, height):
        y = top + value * size[1] / height
        draw.line((left - 5, y, left, y), _INK)
        draw.text((left - 8, y), f"{value:g}", _GREY, font(_TEXT), anchor="rm")
    draw.text((left + size[0] / 2, top + size[1] + 28), "x in pixels, y down", _INK, font(_TEXT), anchor="mt")
    bar = left + size[0] + _BAR_GAP
    steps = np.linspace(1, 0, size[1])[:, None].repeat(_BAR_WIDTH, axis=1)
    image.paste(Image.fromarray(colour_shares(steps)), (bar, top))
    for value in ticks(0, most):
        y = top + size[1] * (1 - value / most)
        draw.line((bar + _BAR_WIDTH, y, bar + _BAR_WIDTH + 5, y), _INK)
        draw.text((bar + _BAR_WIDTH + 8, y), f"{value:g}", _GREY, font(_TEXT), anchor="lm")


def _draw_titles(draw: ImageDraw.ImageDraw, corner: tuple[int, int], title: str, label: str) -> None:
    draw.text((corner[0] + _LEFT, corner[1] + 8), title, _INK, font(_TITLE))
    draw.text((corner[0] + _LEFT, corner[1] + 34), label, _GREY, font(_TEXT))


def _frame(corner: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn in a panel."""
    x, y = corner
    return x + _LEFT, y + _TOP, x + PANEL[0] - _RIGHT, y + PANEL[1] - _BOTTOM
