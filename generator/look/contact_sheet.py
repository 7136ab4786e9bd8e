"""Contact sheets: pictures in rows and columns with titles, captions and a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from PIL import Image, ImageDraw

from generator.errors import printable
from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED
from generator.look.colours import colour_mask, depth_scale, font

SMALLEST_SIDE = 128
"""Smaller pictures are enlarged to at least this many pixels."""
GAP, BLOCK_GAP, CAPTION = 4, 20, 20
"""Pixels between pictures, between blocks or groups of columns, and for one line of text under pictures."""

_TITLE, _LEGEND = 26, 24
_INK, _GREY = (0, 0, 0), (90, 90, 90)


@dataclass(frozen=True)
class Column:
    """A column of pictures; neighbours of one `group` stand under a common head."""

    title: str
    group: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures beside each other.

    Attributes:
        pictures: (h, w, 3) uint8 for each column; None leaves a place empty.
        caption: a line under all of them.
        notes: a line under each; none where it is empty.
    """

    pictures: Sequence[np.ndarray | None]
    caption: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Key:
    """An entry of the legend: a patch of colours (h, w, 3) uint8 and its meaning."""

    patch: np.ndarray
    text: str


VOID = "void: counts nowhere"
"""The meaning of striped pixels, in a legend."""
DEPTH_KEY = Key(depth_scale(), "depth: dark is far, bright is near, black is unknown")


def colour_key(colour: tuple[int, int, int], text: str) -> Key:
    """An entry of the legend for one colour."""
    return Key(np.full((12, 12, 3), colour, np.uint8), text)


def class_keys(entry: MaskEntry) -> list[Key]:
    """An entry of the legend for each class, in the order of their numbers; none for alpha."""
    if entry.kind == "alpha":
        return []
    pairs = zip(entry.names, entry.colours, strict=True)
    return [colour_key((colour[0], colour[1], colour[2]), printable(name)) for name, colour in pairs]


def mask_keys(entry: MaskEntry) -> list[Key]:
    """An entry of the legend for each class, and one for void pixels if masks may have them."""
    void = IGNORED if entry.kind == "classes" else entry.void
    if void is None:
        return class_keys(entry)
    return [*class_keys(entry), Key(colour_mask(np.full((12, 12), void, np.uint8), entry), VOID)]


def draw_legend(legend: Sequence[Key], width: int, scale: int = 1) -> np.ndarray:
    """A legend alone, as it stands under a contact sheet of this width: (h, width, 3) uint8.

    Under large pictures, `scale` makes its text and its patches larger.
    """
    legend = [Key(key.patch.repeat(scale, axis=0).repeat(scale, axis=1), key.text) for key in legend]
    keys, height = _placed(legend, width, scale)
    strip = Image.new("RGB", (width, height), "white")
    _draw_legend(strip, legend, keys, 0, scale)
    return np.asarray(strip)


def draw_contact_sheet(
    columns: Sequence[Column], rows: Sequence[Row], legend: Sequence[Key] = (), blocks: int = 1
) -> np.ndarray:
    """Draw a contact sheet.

    Args:
        columns: the columns of each row.
        rows: at least one row.
        legend: entries at the bottom.
        blocks: number of blocks beside each other, each with all columns; rows continue in the next block.

    Returns:
        (H, W, 3) uint8, white where there is nothing. Texts without room end with "...".
    """
    layout = _Layout.of(columns, rows, blocks)
    keys, foot = _placed(legend, layout.width)
    sheet = Image.new("RGB", (layout.width, layout.bottom + foot), "white")
    draw = ImageDraw.Draw(sheet)
    for block in range(blocks):
        _draw_titles(draw, columns, layout, block)
    for place, row in enumerate(rows):
        _draw_row(sheet, draw, row, layout, place)
    _draw_legend(sheet, legend, keys, layout.bottom)
    return np.asarray(sheet)


def _draw_legend(
    sheet: Image.Image, legend: Sequence[Key], corners: Sequence[tuple[int, int]], top: int, scale: int = 1
) -> None:
    draw = ImageDraw.Draw(sheet)
    for key, (x, y) in zip(legend, corners, strict=True):
        height, width = key.patch.shape[:2]
        # A white patch needs an outline on white paper.
        draw.rectangle((x - 1, top + y + 1, x + width, top + y + 2 + height), outline=_GREY)
        sheet.paste(Image.fromarray(key.patch), (x, top + y + 2))
        draw.text((x + width + 6 * scale, top + y), key.text, _GREY, font(12 * scale))


def enlargement(width: int, height: int) -> int:
    """The whole factor by which pictures of this size are enlarged on a sheet."""
    return max(1, -(-SMALLEST_SIDE // min(width, height)))


def fitted(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels (h, w, ...) at the size (width, height): single pixels stay visible where it is larger."""
    shrinks = size[0] < pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(pixels, size, interpolation=method))


@dataclass(frozen=True)
class _Layout:
    """The places of a sheet's parts, in pixels.

    Attributes:
        lefts: left edge of each column in the first block.
        tops: top of each row.
        heights: height of the pictures of each row.
        cell: width of a column.
        block_width: width of all columns.
        blocks: number of blocks.
        lines: number of rows in a block.
        head: height of heads and titles.
        bottom: where the legend begins.
    """

    lefts: list[int]
    tops: list[int]
    heights: list[int]
    cell: int
    block_width: int
    blocks: int
    lines: int
    head: int
    bottom: int

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Sequence[Row], blocks: int) -> "_Layout":
        shapes = [picture.shape for row in rows for picture in row.pictures if picture is not None]
        cell = max(shape[1] for shape in shapes)
        lefts, left = [], GAP
        for number, column in enumerate(columns):
            if number and column.group != columns[number - 1].group:
                left += BLOCK_GAP - GAP
            lefts.append(left)
            left += cell + GAP
        lines = -(-len(rows) // blocks)
        head = _TITLE * (2 if any(column.group for column in columns) else 1)
        tops: list[int] = []
        bottom = head
        for place, row in enumerate(rows):
            top = head if place % lines == 0 else tops[-1] + _row_height(rows[place - 1])
            tops.append(top)
            bottom = max(bottom, top + _row_height(row))
        return cls(
            lefts,
            tops,
            [_picture_height(row) for row in rows],
            cell,
            left - 2 * GAP,
            blocks,
            lines,
            head,
            bottom + GAP,
        )

    @property
    def width(self) -> int:
        """Width of the whole sheet."""
        return self.blocks * (self.block_width + BLOCK_GAP) - BLOCK_GAP + 2 * GAP

    def offset(self, block: int) -> int:
        """Distance of a block from the first one."""
        return block * (self.block_width + BLOCK_GAP)


def _picture_height(row: Row) -> int:
    return max(len(picture) for picture in row.pictures if picture is not None)


def _row_height(row: Row) -> int:
    texts = bool(row.caption) + any(row.notes)
    return _picture_height(row) + texts * CAPTION + GAP


def _draw_titles(draw: ImageDraw.ImageDraw, columns: Sequence[Column], layout: _Layout, block: int) -> None:
    lefts = [layout.offset(block) + left for left in layout.lefts]
    for x, column in zip(lefts, columns, strict=True):
        _write(draw, (x, layout.head - 21), column.title, layout.cell, 15, _INK)
    for group, members in groupby(zip(lefts, columns, strict=True), key=lambda member: member[1].group):
        xs = [x for x, _ in members]
        _write(draw, (xs[0], 5), group, xs[-1] + layout.cell - xs[0], 15, _INK, keep_end=True)


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, layout: _Layout, place: int) -> None:
    left, top = layout.offset(place // layout.lines), layout.tops[place]
    for x, picture in zip(layout.lefts, row.pictures, strict=True):
        if picture is not None:
            sheet.paste(Image.fromarray(picture), (left + x, top))
    y = top + layout.heights[place] + 3
    for x, note in zip(layout.lefts, row.notes, strict=False):
        _write(draw, (left + x, y), note, layout.cell, 12, _GREY)
    if any(row.notes):
        y += CAPTION
    _write(draw, (left + layout.lefts[0], y), row.caption, layout.block_width, 12, _GREY)


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    room: int,
    size: int,
    colour: tuple[int, int, int],
    keep_end: bool = False,
) -> None:
    draw.text(corner, shortened(printable(text), room, size, keep_end), colour, font(size))


def shortened(text: str, room: int, size: int, keep_end: bool = False) -> str:
    """A text that takes at most `room` pixels in a font size: its start and "...", or "..." and its end."""
    face = font(size)
    if face.getlength(text) <= room:
        return text
    while text and face.getlength(text + "...") > room:
        text = text[1:] if keep_end else text[:-1]
    return "..." + text if keep_end else text + "..."


def _placed(legend: Sequence[Key], width: int, scale: int = 1) -> tuple[list[tuple[int, int]], int]:
    """Corners of the legend's entries from its top, and its height: entries flow like words."""
    corners: list[tuple[int, int]] = []
    x, y = GAP, 4 * scale
    for key in legend:
        length = key.patch.shape[1] + 6 * scale + round(font(12 * scale).getlength(key.text))
        if x > GAP and x + length > width:
            x, y = GAP, y + _LEGEND * scale
        corners.append((x, y))
        x += length + 24 * scale
    return corners, (y + _LEGEND * scale if legend else 0)
