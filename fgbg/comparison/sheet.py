"""The answers as one picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from fgbg.comparison.answers import CELL_SIDE, Answers
from generator.errors import printable
from generator.look.colours import font

_GAP, _GROUP_GAP, _HEAD, _CAPTION = 4, 16, 44, 24
_INK, _GREY = (0, 0, 0), (90, 90, 90)


def draw_answers(rows: Sequence[Answers]) -> np.ndarray:
    """A row per picture, a block of columns per run: (H, W, 3) uint8.

    A picture whose truth is not known leaves its place empty.
    """
    titles = {
        head: list(dict.fromkeys(cell.title for row in rows for cell in row.groups[head]))
        for head in rows[0].groups
    }
    heights = [max(len(c.pixels) for cells in row.groups.values() for c in cells) for row in rows]
    width = sum(len(names) * (CELL_SIDE + _GAP) + _GROUP_GAP for names in titles.values())
    sheet = Image.new("RGB", (width, _HEAD + sum(height + _CAPTION for height in heights)), "white")
    draw = ImageDraw.Draw(sheet)
    left = _GAP
    for head, names in titles.items():
        room = len(names) * (CELL_SIDE + _GAP)
        draw.text((left, 4), _clipped(head, 15, room), _INK, font(15))
        for number, name in enumerate(names):
            x, top = left + number * (CELL_SIDE + _GAP), _HEAD
            draw.text((x, 24), name, _GREY, font(13))
            for row, height in zip(rows, heights, strict=True):
                for cell in row.groups[head]:
                    if cell.title == name:
                        sheet.paste(Image.fromarray(cell.pixels), (x, top))
                        draw.text((x, top + height + 2), cell.note, _GREY, font(12))
                if not head and not number:  # notes are of runs: under the picture there is room
                    draw.text((x, top + height + 2), _clipped(row.name, 12, room), _GREY, font(12))
                top += height + _CAPTION
        left += room + _GROUP_GAP
    return np.asarray(sheet)


def _clipped(text: str, size: int, width: int) -> str:
    """The end of a text, as much as is at most so many pixels wide."""
    text, face = printable(text), font(size)
    if face.getlength(text) <= width:
        return text
    while text and face.getlength("..." + text) > width:
        text = text[1:]
    return "..." + text
