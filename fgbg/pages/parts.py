"""Parts that pages show: rows of tables and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fgbg.pages.render import embedded
from generator.encode import encode_png
from generator.errors import printable
from generator.format.manifest import MaskEntry
from generator.look.contact_sheet import VOID, fitted

LARGEST_SIDE = 288
"""Larger pictures are embedded at this many pixels."""
_SMALL = 208
"""Pictures below this many pixels are enlarged on the page with sharp pixels."""


@dataclass(frozen=True)
class TableRow:
    """A row of a table.

    Attributes:
        name: its first cell.
        texts: the other cells.
        best: numbers of the texts that are marked as the best ones.
    """

    name: str
    texts: Sequence[str]
    best: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PageImage:
    """An embedded picture: its address, its text, and whether its single pixels are to be seen."""

    address: str
    alt: str
    small: bool


@dataclass(frozen=True)
class ColourKey:
    """An entry of a legend: a background of CSS and its meaning."""

    colour: str
    text: str


_OBJECT = ColourKey("#fff", "mask: white is the object")
_STRIPES = ColourKey("repeating-linear-gradient(135deg, #000 0 3px, #fff 3px 6px)", VOID)
"""Void pixels, as `colour_mask` draws them."""


def class_colours(entries: Sequence[MaskEntry]) -> list[ColourKey]:
    """The colours of the classes of masks, each once; none where all masks are alpha."""
    keys = [
        ColourKey(f"rgb({', '.join(map(str, colour))})", printable(name))
        for entry in entries
        if entry.kind == "classes"
        for name, colour in zip(entry.names, entry.colours, strict=True)
    ]
    return list(dict.fromkeys(keys))


def mask_colours(entries: Sequence[MaskEntry]) -> list[ColourKey]:
    """What true masks show: the classes or the object, and void pixels if there may be any."""
    has_void = any(entry.kind == "classes" or entry.void is not None for entry in entries)
    return [*(class_colours(entries) or [_OBJECT]), *([_STRIPES] if has_void else [])]


def page_image(pixels: np.ndarray, alt: str) -> PageImage:
    """(h, w, 3) uint8 as an embedded picture."""
    height, width = pixels.shape[:2]
    scale = min(1, LARGEST_SIDE / max(height, width))
    if scale < 1:
        pixels = fitted(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))
    return PageImage(embedded(encode_png(pixels)), alt, max(height, width) < _SMALL)
