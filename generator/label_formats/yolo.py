"""Format `yolo`: a YAML file of classes and folders, and for each picture a text file with a line an object.

Source: https://docs.ultralytics.com/datasets/segment/
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import TypeAdapter

from generator.assets.listing import PICTURE_SUFFIXES, list_folder
from generator.errors import AssetError, one_line, printable
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import fill_gaps, read_class_file
from generator.label_formats.documents import Entry, check_record, read_text, shapes_of
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.object_classes import object_classes
from generator.label_formats.painting import Part, paint, smaller_on_top
from generator.label_formats.pictures import Gathered
from generator.label_formats.regions import ShapeError, Size
from generator.label_formats.shapes import polygon, pycocotools_mask
from generator.numerals import finite_number, shown, whole_number
from generator.splits import SplitName

_WHAT = "a YAML file of a YOLO data set"
_LABELS = "a YOLO label file"
_KEYS: dict[str, SplitName] = {"train": "train", "val": "val", "validation": "val", "test": "test"}
_CLASS_NAMES = "classes.txt"
_BOX = 5
_OUTSIDE = 0.01
_LOOKED_AT = 100

Classes = Sequence[str]


class _Description(Entry):
    path: str | None = None
    train: str | list[str] | None = None
    val: str | list[str] | None = None
    validation: str | list[str] | None = None
    test: str | list[str] | None = None
    names: list[str] | dict[int, str] | None = None
    nc: int | None = None
    kpt_shape: Any = None


_DESCRIPTION = TypeAdapter(_Description)


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures of a YOLO data set.

    Args:
        source: the YAML file; a folder with it; or a folder with `images`, `labels` and `classes.txt`.
        choice: its `labels` names the classes by their numbers.

    Raises:
        AssetError: there is no such data set, or its YAML file is wrong, or it has poses instead of outlines,
            or no picture has a label file.
        UsageError: a choice that the format does not have, or pycocotools is not installed.
    """
    refuse_other_choices("yolo", choice, has=["labels"])
    pycocotools_mask("`format=yolo`")
    path = _description_file(source)
    description = _Description() if path is None else _read_description(path)
    if description.kpt_shape is not None:
        found, fix = "has poses (kpt_shape)", "use a data set with outlines or boxes"
        raise AssetError(source if path is None else path, "", found, fix)
    names = _class_names(source, path, description, choice)
    classes = object_classes(path or source, names, replace(choice, labels=None))
    folder = source if path is None else path.parent
    pictures, notes = _pictures(folder, path, description)
    gathered = Gathered(_common_folder(folder, [picture for _, picture in pictures]))
    for split, picture in pictures:
        label = label_file(picture)
        gathered.add(path or source, picture, label=label if label.is_file() else None, split=split)
    _require_a_label(path or source, gathered)
    gathered.problems += _without_picture(gathered)
    numbers = tuple(classes.numbers[name] for name in names)
    return gathered.source(
        classes, _YoloReader(numbers, classes.foreground), [*notes, *_label_notes(folder, gathered)]
    )


def label_file(picture: Path) -> Path:
    """The label file of a picture: under `labels` instead of the last `images`, with the suffix .txt."""
    parts = list(picture.parts)
    if "images" in parts[:-1]:
        parts[len(parts) - 2 - parts[-2::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(".txt")


def _description_file(source: Path) -> Path | None:
    """The YAML file of a source; None for a folder without one.

    Raises:
        AssetError: the folder has several.
    """
    if not source.is_dir():
        return source
    found = sorted(path for path in source.iterdir() if path.suffix in (".yaml", ".yml"))
    if len(found) > 1 and (source / "data.yaml") not in found:
        names = ", ".join(path.name for path in found[:3])
        raise AssetError(source, "one YAML file, or data.yaml", names, "name the file instead of the folder")
    return source / "data.yaml" if (source / "data.yaml") in found else found[0] if found else None


def _read_description(path: Path) -> _Description:
    try:
        content = yaml.safe_load(read_text(path, _WHAT))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise AssetError(path, _WHAT, one_line(error), "correct it") from error
    return check_record(path, content, _DESCRIPTION, _WHAT)


def _class_names(source: Path, path: Path | None, description: _Description, choice: Choice) -> list[str]:
    """The names of classes 0, 1, 2, ...

    Raises:
        AssetError: nothing names them, or a number is below 0.
    """
    beside = (source if source.is_dir() else source.parent) / _CLASS_NAMES
    file = choice.labels or (beside if description.names is None and beside.is_file() else None)
    if file is not None:
        rows = [row for row in read_class_file(file) if row.value >= 0]
        return [row.name for row in fill_gaps(rows, description.nc or 0)]
    names = description.names
    numbered = dict(enumerate(names)) if isinstance(names, list) else dict(names or {})
    count = max([description.nc or 0, *(number + 1 for number in numbered)])
    if not 1 <= count <= 10_000 or min(numbered, default=0) < 0:
        fix = "add `names` to its YAML file, or name classes with `labels`"
        raise AssetError(path or source, "names of classes 0, 1, 2, ...", f"{count}", fix)
    return [numbered.get(number, f"unknown_{number}") for number in range(count)]


def _pictures(
    folder: Path, path: Path | None, description: _Description
) -> tuple[list[tuple[SplitName | None, Path]], list[str]]:
    """The pictures with their splits, and lines for the user.

    Raises:
        AssetError: a folder or list does not exist.
    """
    found: list[tuple[SplitName | None, Path]] = []
    notes: list[str] = []
    seen: dict[str, str] = {}
    for key, split in _KEYS.items():
        named = getattr(description, key)
        for entry in [named] if isinstance(named, str) else named or []:
            place = _resolved(folder, path or folder, key, entry, description.path)
            if first := seen.get(str(place)):
                notes.append(f"{printable(path or folder)}: {key} names the same as {first}, and is left out")
                continue
            seen[str(place)] = key
            found += [(split, picture) for picture in _listed(place)]
    if not seen:
        images = folder / "images"
        return [
            (None, picture) for picture in list_folder(images if images.is_dir() else folder).pictures
        ], []
    return found, notes


def _resolved(folder: Path, where: Path, key: str, entry: str, base: str | None) -> Path:
    """The place that an entry names, below `path` or beside the YAML file; tools write `../` too often.

    Raises:
        AssetError: there is no such place.
    """
    bases = [folder / base, folder] if base else [folder]
    tried = [base_folder / text for base_folder in bases for text in (entry, entry.removeprefix("../"))]
    for place in tried:
        if place.exists():
            return Path(os.path.normpath(place))
    fix = "correct the path in the YAML file, or move the pictures there"
    raise AssetError(f"{where}: {key}", "", f"names {entry}, which does not exist", fix)


def _listed(place: Path) -> Iterator[Path]:
    """The pictures of a folder, of a text file that lists them, or the picture itself."""
    if place.is_dir():
        yield from list_folder(place).pictures
    elif place.suffix.lower() in PICTURE_SUFFIXES:
        yield place
    else:
        for line in read_text(place, "a list of pictures").splitlines():
            if line.strip():
                yield Path(os.path.normpath(place.parent / line.strip()))


def _common_folder(folder: Path, pictures: Sequence[Path]) -> Path:
    """The folder from which names of pictures count: the source, or the lowest one that holds all."""
    if all(picture.is_relative_to(folder) for picture in pictures):
        return folder
    return Path(os.path.commonpath([picture.absolute().parent for picture in pictures]))


def _require_a_label(where: Path, gathered: Gathered) -> None:
    """Make sure that some picture has a label file: without any, labels are elsewhere, not empty.

    Raises:
        AssetError: none has one.
    """
    pictures = list(gathered.items)
    if pictures and not any(item.label for item in gathered.items.values()):
        found = f"none of {len(pictures):,} pictures has one, as {label_file(pictures[0])}"
        raise AssetError(where, "label files", found, "put them there, or choose another format")


def _without_picture(gathered: Gathered) -> list[AssetError]:
    """An error for each label file in the folders of labels that no picture has, not even an unused one."""
    stems: defaultdict[Path, set[str]] = defaultdict(set)
    for pictures in dict.fromkeys(picture.parent for picture in gathered.items):
        labels = label_file(pictures / "a.jpg").parent
        if labels != pictures and labels.is_dir():
            there = (path for path in pictures.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
            stems[labels].update(path.stem for path in there)
    return [
        AssetError(path, "", "has no picture", "add the picture, or remove the label file")
        for folder, of_pictures in stems.items()
        for path in sorted(folder.glob("*.txt"))
        if path.stem not in of_pictures and path.name != _CLASS_NAMES
    ]


def _label_notes(folder: Path, gathered: Gathered) -> list[str]:
    """Lines about pictures without a label file, and about boxes, if the first files have some."""
    notes, name = [], printable(folder)
    there = [item.label for item in gathered.items.values() if item.label is not None]
    if missing := len(gathered.items) - len(there):
        notes.append(f"{name}: {missing:,} pictures without label file are background everywhere")
    if any(_has_boxes(label) for label in there[:_LOOKED_AT]):
        notes.append(f"{name}: lines of 5 numbers are boxes, and are drawn as rectangles")
    return notes


def _has_boxes(label: Path) -> bool:
    try:
        return any(len(line.split()) == _BOX for line in read_text(label, _LABELS).splitlines())
    except AssetError:
        return False


@dataclass(frozen=True)
class _YoloReader:
    """Reads label files.

    Attributes:
        numbers: the class of each number in the files.
        foreground: as `paint`.
    """

    numbers: tuple[int | None, ...]
    foreground: frozenset[int] | None

    def __call__(self, item: Item, size: Size) -> Label:
        rows = [] if item.label is None else _rows(item.label)
        outlines = any(len(cells) > _BOX + 1 for _, cells in rows)
        parts = []
        for line, cells in rows:
            where = f"{item.label} line {line}"
            with shapes_of(where):
                number, corners = self._object(where, cells, outlines)
                parts.append(Part(polygon(corners * size, size), number))
        with shapes_of(item.picture):
            return paint(smaller_on_top(parts), size, self.foreground)

    def _object(self, where: str, cells: Sequence[str], outlines: bool) -> tuple[int | None, np.ndarray]:
        """The class of a line, and its corners in shares of the picture's size."""
        if outlines and len(cells) == _BOX:
            raise ShapeError("outlines only, as in the other lines", "a box of 5 numbers")
        if len(cells) != _BOX and (len(cells) <= _BOX + 1 or len(cells) % 2 == 0):
            raise ShapeError("a class and 4 numbers of a box, or 3 or more points", f"{len(cells)} numbers")
        try:
            whole = whole_number(cells[0].removesuffix(".0"), 0, len(self.numbers) - 1)
        except ValueError as error:
            fix = "correct the line, or add the class to `names`"
            raise AssetError(
                where, f"a class from 0 to {len(self.numbers) - 1}", shown(cells[0]), fix
            ) from error
        try:
            shares = np.array([finite_number(cell) for cell in cells[1:]])
        except ValueError as error:
            raise ShapeError("numbers", shown(" ".join(cells[1:]))) from error
        if len(cells) == _BOX:
            across, down, width, height = shares
            left, right, top, bottom = (
                across - width / 2,
                across + width / 2,
                down - height / 2,
                down + height / 2,
            )
            corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
            checked = shares
        else:
            corners = checked = shares.reshape(-1, 2)
        if checked.min() < -_OUTSIDE or checked.max() > 1 + _OUTSIDE:
            wrong = checked.min() if checked.min() < -_OUTSIDE else checked.max()
            raise ShapeError("shares of the picture's size, from 0 to 1", f"{wrong:g}")
        return self.numbers[whole], corners


def _rows(label: Path) -> list[tuple[int, list[str]]]:
    """The lines with text, split into cells, with their numbers from 1."""
    lines = enumerate(read_text(label, _LABELS).splitlines(), 1)
    return [(number, line.split()) for number, line in lines if line.strip()]
