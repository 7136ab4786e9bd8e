"""Files that name the classes of a data set, in any dialect: tables, codes, colours, label maps."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import AssetError, one_line
from generator.files import read_regular

Colour = tuple[int, int, int]

IGNORE = "__ignore__"
"""LabelMe's name of what counts as void; its row has the number -1, so the next row is 0."""

MOST_CLASSES = 254
"""Masks store a class in one byte; 255 is void, and 254 stays free."""

_LARGEST_FILE = 2**24
_LONGEST_NAME = 100
_MOST_DIGITS = 9
_NAME_COLUMNS = ("name", "names", "class", "class_name", "classname", "label", "label_name", "category")
_NUMBER_COLUMNS = ("id", "idx", "index", "value", "class_id", "label_id", "category_id")
_COLOUR_COLUMNS = (("r", "red"), ("g", "green"), ("b", "blue"))
_COLOUR_COLUMN = ("rgb", "color", "colour", "color_rgb", "hex")

# Name:red,green,blue:parts:actions, as CVAT and Datumaro write it beside VOC's folders.
_LABEL_MAP = re.compile(r"([^:]+):\s*(\d+\s*,\s*\d+\s*,\s*\d+)?\s*:[^:]*:[^:]*")
# Red green blue, then the name, as CamVid's label_colors.txt.
_COLOUR_FIRST = re.compile(r"(\d+\s+\d+\s+\d+)\s+(\S.*)")
_NUMBER_FIRST = re.compile(r"(-?\d+)\s*[,;:\s]\s*([^\d\s].*)")
_NAME_THEN_COLOUR = re.compile(
    r"(?:(-?\d+)\s*[,;]\s*)?([^,;]+?)\s*[,;]\s*(\d+\s*[,;]\s*\d+\s*[,;]\s*\d+)\s*;?"
)


@dataclass(frozen=True)
class NamedClass:
    """A row of a class file.

    Attributes:
        value: the number that masks store for the class; -1 if they store none.
        name: of the class.
        colour: red, green and blue in masks of colours, 0 to 255; None if the file does not say it.
    """

    value: int
    name: str
    colour: Colour | None = None


def read_class_file(path: Path) -> tuple[NamedClass, ...]:
    """Read the classes that a file names.

    The file has a class in each row, in one of these forms:

    - a table with a header, separated by commas, semicolons or tabs: a column `name`, optionally `id` and
      `r`, `g`, `b`, and any others; spaces around cells do not count. Also ADE20K's objectInfo150;
    - `name, r, g, b` without header;
    - `r g b name`: CamVid's label_colors.txt;
    - `name:r,g,b::`: the labelmap.txt of CVAT;
    - a number and a name;
    - a name alone: codes.txt, class_names.txt, and the labels of LabelMe, whose `__ignore__` is -1.

    Returns:
        The classes sorted by value, which is the number of the row, from 0, if the file has no numbers.
        A row without name, and a number that is left out, is called `unknown_N`.

    Raises:
        AssetError: it cannot be read, names no class, or a row is wrong: names the row.
    """
    lines = _lines(path)
    for read_rows in (_label_map, _colours_first, _table, _names_and_colours, _numbers_first):
        rows = read_rows(path, lines)
        if rows is not None:
            break
    else:
        rows = [_Row(number, None, line, None) for number, line in lines]
    return _complete(path, rows)


def fill_gaps(classes: Iterable[NamedClass], count: int = 0) -> tuple[NamedClass, ...]:
    """Classes sorted by value, with `unknown_N` for every value N that is left out.

    Args:
        classes: of different values.
        count: how many classes there are at least, counted from value 0.
    """
    by_value = {row.value: row for row in classes}
    highest = max([count - 1, *by_value])
    for value in range(highest + 1):
        by_value.setdefault(value, NamedClass(value, f"unknown_{value}"))
    return tuple(by_value[value] for value in sorted(by_value))


@dataclass(frozen=True)
class _Row:
    line: int
    value: int | None
    name: str
    colour: Colour | None


_Lines = Sequence[tuple[int, str]]


def _lines(path: Path) -> _Lines:
    """The lines with text, without comments, with their numbers from 1."""
    try:
        text = read_regular(path, _LARGEST_FILE).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise AssetError(path, "", "does not exist", "check the path of the class file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise AssetError(
            path, "a file that names classes", one_line(error), "save it as UTF-8 text"
        ) from error
    stripped = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in stripped if line and not line.startswith("#")]
    if not lines:
        raise AssetError(path, "a class in each row", "no rows", "give another class file")
    return lines


def _complete(path: Path, rows: Sequence[_Row]) -> tuple[NamedClass, ...]:
    """Rows as classes: numbered, with a name each, without gaps."""
    first = -1 if rows[0].name == IGNORE and rows[0].value is None else 0
    seen: dict[int | str, int] = {}
    classes = []
    for place, row in enumerate(rows, first):
        value = place if row.value is None else row.value
        name = row.name or f"unknown_{value}"
        if not -1 <= value <= 65535 or len(name) > _LONGEST_NAME:
            expected = f"a number from -1 to 65535 and a name of up to {_LONGEST_NAME} letters"
            raise _row_error(path, row.line, expected, f"{value} {name[:30]!r}")
        for what, key in (("number", value), ("name", name)):
            if key in seen:
                raise _row_error(path, row.line, f"a {what} of its own", f"{key}, as in row {seen[key]}")
            seen[key] = row.line
        classes.append(NamedClass(value, name, row.colour))
    if max(row.value for row in classes) >= 2 * MOST_CLASSES and len(classes) <= MOST_CLASSES:
        return tuple(sorted(classes, key=lambda row: row.value))
    return fill_gaps(classes)


def _label_map(path: Path, lines: _Lines) -> list[_Row] | None:
    def row(line: int, match: re.Match[str]) -> _Row:
        return _Row(line, None, match[1].strip(), _colour(path, line, match[2]) if match[2] else None)

    return _rows(_LABEL_MAP, lines, row)


def _colours_first(path: Path, lines: _Lines) -> list[_Row] | None:
    def row(line: int, match: re.Match[str]) -> _Row:
        return _Row(line, None, match[2].strip(), _colour(path, line, match[1]))

    return _rows(_COLOUR_FIRST, lines, row)


def _names_and_colours(path: Path, lines: _Lines) -> list[_Row] | None:
    def row(line: int, match: re.Match[str]) -> _Row:
        value = None if match[1] is None else _value(path, line, match[1])
        return _Row(line, value, match[2].strip(), _colour(path, line, match[3]))

    return _rows(_NAME_THEN_COLOUR, lines, row)


def _numbers_first(path: Path, lines: _Lines) -> list[_Row] | None:
    def row(line: int, match: re.Match[str]) -> _Row:
        return _Row(line, _value(path, line, match[1]), match[2].strip(), None)

    return _rows(_NUMBER_FIRST, lines, row)


def _rows(
    pattern: re.Pattern[str], lines: _Lines, row: Callable[[int, re.Match[str]], _Row]
) -> list[_Row] | None:
    """The rows of a form; None if a line has another form."""
    matches = [(number, pattern.fullmatch(line)) for number, line in lines]
    if not all(match for _, match in matches):
        return None
    return [row(number, match) for number, match in matches if match is not None]


def _table(path: Path, lines: _Lines) -> list[_Row] | None:
    """Rows of a table with a header that has a column of names; None if there is no such header."""
    split = _splitter(lines[0][1])
    header = [cell.lower() for cell in split(lines[0][1])]
    names = _column(header, _NAME_COLUMNS)
    if names is None:
        return None
    numbers = _column(header, _NUMBER_COLUMNS)
    channels = [_column(header, aliases) for aliases in _COLOUR_COLUMNS]
    whole_colour = _column(header, _COLOUR_COLUMN)
    rows = []
    for line, text in lines[1:]:
        cells = split(text)
        needed = [place for place in (names, numbers, *channels) if place is not None]
        if len(cells) <= max(needed):
            raise _row_error(path, line, f"{len(header)} columns, as in the header", f"{len(cells)}")
        value = None if numbers is None else _value(path, line, cells[numbers])
        colour = None
        if None not in channels:
            colour = _colour(path, line, ",".join(cells[place] for place in channels if place is not None))
        elif whole_colour is not None and whole_colour < len(cells) and cells[whole_colour]:
            colour = _colour(path, line, cells[whole_colour])
        rows.append(_Row(line, value, cells[names], colour))
    if not rows:
        raise AssetError(path, "a class in each row", "a header alone", "give another class file")
    return rows


def _splitter(header: str) -> Callable[[str], list[str]]:
    """How the rows of a table are split into cells, by what separates its header."""
    separator = next((mark for mark in ("\t", ";", ",") if mark in header), None)
    columns = len(header.split())

    def split(text: str) -> list[str]:
        if separator is None:
            return text.split(None, columns - 1)
        if separator == "\t":
            text = re.sub(r"\s*\t+", "\t", text)
        try:
            [cells] = csv.reader([text], delimiter=separator, skipinitialspace=True)
        except csv.Error:  # a cell of more than 128 kB
            return []
        return [cell.strip() for cell in cells]

    return split


def _column(header: Sequence[str], aliases: Sequence[str]) -> int | None:
    return next((header.index(alias) for alias in aliases if alias in header), None)


def _value(path: Path, line: int, text: str) -> int:
    if not re.fullmatch(rf"-?\d{{1,{_MOST_DIGITS}}}", text):
        raise _row_error(path, line, "a whole number for the class", repr(text[:40]))
    return int(text)


def _colour(path: Path, line: int, text: str) -> Colour:
    if match := re.fullmatch(r"#?([0-9a-fA-F]{6})", text):
        red, green, blue = bytes.fromhex(match[1])
        return red, green, blue
    numbers = re.findall(r"\d+", text)
    channels = (
        [int(number) for number in numbers] if max(map(len, numbers), default=0) <= _MOST_DIGITS else []
    )
    if len(channels) != 3 or max(channels) > 255 or "-" in text:
        raise _row_error(path, line, "red, green and blue from 0 to 255", repr(text[:40]))
    return channels[0], channels[1], channels[2]


def _row_error(path: Path, line: int, expected: str, found: str) -> AssetError:
    return AssetError(f"{path} row {line}", expected, found, "correct the class file")
