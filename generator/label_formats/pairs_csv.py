"""A CSV file that names a picture and its mask in each row, and perhaps its background, depth and split."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import AssetError, one_line
from generator.files import read_regular
from generator.splits import SplitName

SPLIT_OF_WORD: Mapping[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What data sets call the splits."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "picture": ("picture", "image", "img", "photo", "fg_bg", "filename", "file"),
    "mask": ("mask", "label", "labels", "annotation", "segmentation", "matte", "alpha"),
    "bg": ("bg", "background"),
    "depth": ("depth",),
    "split": ("split", "subset", "set"),
}
_PATHS = ("picture", "mask", "bg", "depth")
_SEPARATORS = ",;\t"
_MOST_BYTES = 2**30


@dataclass(frozen=True)
class Row:
    """The files of one row, all of which exist."""

    picture: Path
    mask: Path
    bg: Path | None = None
    depth: Path | None = None
    split: SplitName | None = None


class PairsTable:
    """A CSV file of pairs: comma, semicolon or tab between cells, in UTF-8 or UTF-16.

    Args:
        path: of the file.
        folder: that relative paths begin at.

    Attributes:
        problems: rows that cannot be used: an empty cell, too many cells, a missing file, an unknown split.
        notes: lines about columns that are not used.

    Raises:
        AssetError: the file cannot be read as text, or has no columns for picture and mask.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder = path, folder
        self._text = _read_text(path)
        self.problems: list[AssetError] = []
        self.notes: list[str] = []
        self._separator, self._header = self._find_header()
        names = [_known(cell) for cell in self._header]
        self._place = {name: names.index(name) for name in _COLUMNS if name in names}
        unused = [cell for number, cell in enumerate(self._header) if number not in self._place.values()]
        if unused:
            self.notes.append(f"{path}: columns that are not used: {', '.join(unused)}")
        self._there = _Presence()

    def rows(self) -> list[Row]:
        """The rows that can be used, in the order of the file.

        Raises:
            AssetError: the file has no row, or is no CSV.
        """
        found, count = [], 0
        for line, cells in self._cells():
            count += 1
            try:
                found.append(self._read(line, cells))
            except AssetError as error:
                self.problems.append(error)
        if not count:
            raise AssetError(self._path, "", "has no row below its header", "add rows, or give another file")
        return found

    def _find_header(self) -> tuple[str, list[str]]:
        first = next((line for line in self._text.splitlines() if line.strip()), "")
        for separator in _SEPARATORS:
            header = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
            if {"picture", "mask"} <= {_known(cell) for cell in header}:
                return separator, header
        expected = "columns picture and mask in the first line"
        fix = "name the columns picture, mask and, if you have them, bg, depth and split"
        raise AssetError(self._path, expected, repr(first[:100]), fix)

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row that is not empty."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._separator)
        header_is_over = False
        try:
            for row in reader:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if header_is_over:
                    yield reader.line_num, cells
                header_is_over = True
        except csv.Error as error:
            where = f"{self._path}, line {reader.line_num}"
            raise AssetError(where, "cells of CSV", one_line(error), "save the table again as CSV") from error

    def _read(self, line: int, cells: Sequence[str]) -> Row:
        where = f"{self._path}, line {line}"
        if len(cells) > len(self._header):
            expected = f"{len(self._header)} cells as in the first line"
            fix = f"put cells that hold {self._separator!r} in quotes"
            raise AssetError(where, expected, str(len(cells)), fix)
        text_of = {name: cells[at] if at < len(cells) else "" for name, at in self._place.items()}
        files = {}
        for name in _PATHS:
            if name not in text_of:
                continue
            if not text_of[name]:
                raise AssetError(
                    where, f"a file in column {name}", "nothing", "fill the cell, or remove the row"
                )
            files[name] = self._file(where, name, text_of[name])
        split = None
        if word := text_of.get("split", ""):
            split = SPLIT_OF_WORD.get(word.lower())
            if split is None:
                raise AssetError(where, "split train, val or test", repr(word[:40]), "correct the cell")
        return Row(**files, split=split)

    def _file(self, where: str, column: str, text: str) -> Path:
        """The file that a cell names; tables from Windows have backslashes between folders."""
        for spelled in dict.fromkeys((text, text.replace("\\", "/"))):
            path = self._folder / spelled
            if "\0" not in spelled and path in self._there:
                return path
        found = f"names a {column} that does not exist: {self._folder / text}"
        raise AssetError(where, "", found, "correct the path, which begins at the source, or remove the row")


class _Presence:
    """Which files exist, by one look at each folder."""

    def __init__(self) -> None:
        self._names: dict[Path, frozenset[str]] = {}

    def __contains__(self, path: Path) -> bool:
        folder = path.parent
        names = self._names.get(folder)
        if names is None:
            try:
                names = frozenset(entry.name for entry in folder.iterdir())
            except OSError:
                names = frozenset()
            self._names[folder] = names
        # A disk may not tell upper and lower case apart.
        return path.name in names or (bool(names) and path.exists())


def _known(cell: str) -> str:
    """The column that a header names, or an empty text."""
    word = cell.strip().lower()
    return next((column for column, words in _COLUMNS.items() if word in words), "")


def _read_text(path: Path) -> str:
    try:
        content = read_regular(path, _MOST_BYTES)
    except OSError as error:
        problem = error.strerror or str(error)
        raise AssetError(path, "a table of pairs", problem, "check the path and its permissions") from error
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise AssetError(path, "text in UTF-8", "other bytes", "save the table as UTF-8") from error
