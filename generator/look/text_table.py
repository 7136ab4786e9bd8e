"""Tables of text that fit a terminal."""

import re
from collections.abc import Sequence

from generator.errors import printable

WIDTH = 80
"""Columns of a terminal that every table fits."""

_GAP = 2
_NARROWEST_HEAD, _NARROWEST_NAME = 8, 24
_IN_NAMES, _IN_CELLS = re.compile(r"(?<=[-_/.,: ])"), re.compile(r"(?<=[, ])")


def text_table(rows: Sequence[Sequence[str]], width: int = WIDTH) -> list[str]:
    """Cells as lines of text, the first column aligned left and all others right.

    Lines that would be longer than `width` are made to fit: cells are wrapped after commas and spaces, names
    anywhere, and columns that still have no room follow in a second table below. No text is cut.

    Args:
        rows: cells; the first row is the head, and the first cell of each row is its name.
        width: of the longest line, in characters.

    Returns:
        The lines, without line breaks.
    """
    cells = [[printable(text) for text in row] for row in rows]
    columns = [list(column) for column in zip(*cells, strict=True)]
    natural = [max(map(len, column)) for column in columns]
    lowest = [_lowest(column, number == 0) for number, column in enumerate(columns)]
    lines: list[str] = []
    for block in _blocks(lowest, width):
        if lines:
            lines.append("")
        widths = _shrunk([natural[n] for n in block], [lowest[n] for n in block], width)
        lines += _lines([[row[n] for n in block] for row in cells], widths)
    return lines


def _lowest(column: list[str], names: bool) -> int:
    """The width below which a column would have to be cut."""
    natural = max(map(len, column))
    if names:
        return min(natural, _NARROWEST_NAME)
    pieces = [len(piece.rstrip()) for text in column[1:] for piece in _IN_CELLS.split(text)]
    return max([min(len(column[0]), _NARROWEST_HEAD), *pieces])


def _blocks(lowest: list[int], width: int) -> list[list[int]]:
    """Numbers of the columns that stand beside each other, each time with the names first."""
    blocks = [[0]]
    for number in range(1, len(lowest)):
        together = [*blocks[-1], number]
        if len(blocks[-1]) > 1 and sum(lowest[n] + _GAP for n in together) - _GAP > width:
            together = [0, number]
            blocks.append(together)
        blocks[-1] = together
    return blocks


def _shrunk(natural: list[int], lowest: list[int], width: int) -> list[int]:
    """Widths of columns, of which the widest give way until a line fits."""
    widths = list(natural)
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        wide = [n for n in range(len(widths)) if widths[n] > lowest[n]]
        if not wide:
            break
        widths[max(wide, key=lambda n: widths[n])] -= 1
    return widths


def _lines(rows: list[list[str]], widths: list[int]) -> list[str]:
    """The rows of one table with their cells wrapped to `widths`."""
    wrapped = [
        [
            _wrapped(text, width, _IN_CELLS if line and column else _IN_NAMES)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        for line, row in enumerate(rows)
    ]
    widths = [max(len(part) for cell in column for part in cell) for column in zip(*wrapped, strict=True)]
    lines = []
    for number, row in enumerate(wrapped):
        count = max(map(len, row))
        for parts in row:
            missing = [""] * (count - len(parts))
            # A head stands on its column; the text of a row begins on its first line.
            parts[:] = parts + missing if number else missing + parts
        for name, *others in zip(*row, strict=True):
            cells = [f"{name:<{widths[0]}}", *map(str.rjust, others, widths[1:])]
            lines.append((" " * _GAP).join(cells).rstrip())
    return lines


def _wrapped(text: str, width: int, breaks: re.Pattern[str]) -> list[str]:
    """A text in lines of at most `width`, broken where it may be, and anywhere where one word is longer."""
    lines = [""]
    for word in breaks.split(text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.strip() for line in lines]
