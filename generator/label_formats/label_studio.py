"""Format `label-studio`: a JSON export of tasks, with brushes, polygons, boxes and ellipses.

Source: https://labelstud.io/guide/export and https://labelstud.io/tags
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from pydantic import Field, TypeAdapter
from pydantic_core import from_json, to_json

from generator.assets.embedded_masks import decode_mask
from generator.assets.listing import PICTURE_SUFFIXES
from generator.errors import AssetError, printable
from generator.label_formats.brushes import unpack_brush
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.documents import (
    Entry,
    check_record,
    check_size,
    read_document,
    shapes_of,
    unpack_base64,
)
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.object_classes import ObjectClasses, object_classes
from generator.label_formats.painting import Part, paint
from generator.label_formats.pictures import Gathered, PictureFinder
from generator.label_formats.regions import Region, ShapeError, Size, stamp
from generator.label_formats.shapes import ellipse, polygon, pycocotools_mask, turned
from generator.numerals import shown

_WHAT = "a JSON export of Label Studio"
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")
_FIELDS = {
    "brush": {"rle"},
    "bitmask": {"imageDataURL"},
    "polygon": {"points"},
    "ellipse": {"x", "y", "radiusX", "radiusY"},
    "rectangle": {"x", "y", "width", "height"},
}
"""The kinds of shapes with an area, and the fields by which they are known."""


class _Result(Entry):
    """A region, or part of one; a relation of two regions has no value."""

    type: str
    id: str | None = None
    value: dict[str, Any] = Field(default_factory=dict)
    original_width: int | None = None
    original_height: int | None = None
    image_rotation: float = 0


class _Annotation(Entry):
    result: list[_Result]
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    updated_at: str | None = None


class _Task(Entry):
    data: dict[str, Any]
    annotations: list[_Annotation]
    id: int | str | None = None


class _Rectangle(Entry):
    x: float
    y: float
    width: float
    height: float
    rotation: float = 0


class _Ellipse(Entry):
    x: float
    y: float
    across: float = Field(alias="radiusX")
    down: float = Field(alias="radiusY")
    rotation: float = 0


class _Polygon(Entry):
    points: list[tuple[float, float]]


class _Bitmask(Entry):
    url: str = Field(alias="imageDataURL")


class _Brush(Entry):
    format: str
    rle: list[int]


_TASKS = TypeAdapter(list[_Task])
_RECTANGLE = TypeAdapter(_Rectangle)
_ELLIPSE = TypeAdapter(_Ellipse)
_POLYGON = TypeAdapter(_Polygon)
_BITMASK = TypeAdapter(_Bitmask)
_BRUSH = TypeAdapter(_Brush)
_NAMES = TypeAdapter(list[str])


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures of tasks.

    Args:
        source: the JSON file; or a folder with JSON files and pictures.
        choice: its `labels` names the classes, and decides their order.

    Raises:
        AssetError: there is no export, or it is damaged or of another kind, or it has no class.
        UsageError: a choice that the format does not have, or pycocotools is not installed.
    """
    refuse_other_choices("label-studio", choice, has=["labels"])
    pycocotools_mask("`format=label-studio`")
    paths = _files(source)
    root = source if source.is_dir() else source.parent
    finder, gathered = PictureFinder(root), Gathered(root)
    names: set[str] = set()
    notes: list[str] = []
    for path in paths:
        several = skipped = 0
        for task in read_document(path, _TASKS, _WHAT):
            try:
                annotations = _finished(path, task)
                picture = _picture(path, task, finder)
                regions, without_area = _regions(f"{path}: task {task.id}", annotations[-1].result)
            except AssetError as problem:
                gathered.problems.append(problem)
                continue
            several += len(annotations) > 1
            skipped += without_area
            names |= {name for _, name, _, _ in regions}
            gathered.add(path, picture, content=to_json(regions))
        notes += _notes(path, several, skipped)
    if not gathered.items and gathered.problems:
        raise gathered.problems[0]
    classes = object_classes(source, sorted(names), choice)
    if choice.labels is None:
        notes.append(
            f"{printable(source)}: classes are in the order of the alphabet; `labels` decides another"
        )
    return gathered.source(classes, _LabelStudioReader(classes), [*notes, *finder.notes(gathered.items)])


def _files(source: Path) -> list[Path]:
    """The JSON files of a source.

    Raises:
        AssetError: there are none.
    """
    if not source.is_dir():
        return [source]
    found = sorted(source.glob("*.json"))
    if not found:
        raise AssetError(source, "", "holds no JSON file", "put the JSON export of Label Studio there")
    return found


def _finished(path: Path, task: _Task) -> list[_Annotation]:
    """The annotations of a task that were not skipped: the best last.

    That is the one marked as ground truth, else the latest.

    Raises:
        AssetError: there are none.
    """
    finished = [annotation for annotation in task.annotations if not annotation.was_cancelled]
    if not finished:
        raise AssetError(f"{path}: task {task.id}", "", "has no annotation", "label it, or remove it")
    return sorted(finished, key=lambda one: (bool(one.ground_truth), one.updated_at or ""))


def _notes(path: Path, several: int, skipped: int) -> list[str]:
    """Lines about annotators and shapes, of one file."""
    notes, name = [], printable(path)
    if several:
        what = "the ground truth, or else the latest, is taken"
        notes.append(f"{name}: {several:,} pictures have several annotations; {what}")
    if skipped:
        notes.append(f"{name}: {skipped:,} regions without area or label are left out")
    return notes


def _picture(path: Path, task: _Task, finder: PictureFinder) -> Path:
    """The picture of a task: an upload, a local file, or the file name in a URL.

    Raises:
        AssetError: the task names no picture, or there is none of that name.
    """
    stored = [_path_in(value) for value in task.data.values() if isinstance(value, str)]
    pictures = [name for name in stored if Path(name).suffix.lower() in PICTURE_SUFFIXES]
    if not pictures:
        raise AssetError(f"{path}: task {task.id}", "", "names no picture", "remove the task")
    try:
        return finder.find(path, pictures[0])
    except AssetError:
        folder, slash, name = pictures[0].rpartition("/")
        if (uploaded := _UPLOADED.fullmatch(name)) is None:
            raise
        return finder.find(path, f"{folder}{slash}{uploaded[1]}")


def _path_in(url: str) -> str:
    """The path in a URL, or in the query of a local file of Label Studio."""
    parts = urlsplit(url)
    local = parse_qs(parts.query).get("d") if parts.path.rstrip("/").endswith("local-files") else None
    return local[0] if local else unquote(parts.path)


_Stored = tuple[str, str, Mapping[str, Any], Sequence[int | None]]
"""Of a region: its kind, class, value, and the size of its picture."""


def _regions(where: str, results: Sequence[_Result]) -> tuple[list[_Stored], int]:
    """The regions with a label and an area, in their order, and how many others there are.

    Shape and label are in one result, or in two with the same id.

    Raises:
        AssetError: a region has several labels, or its picture was turned.
    """
    shapes: dict[str, tuple[str, _Result]] = {}
    labels: dict[str, list[str]] = {}
    for place, result in enumerate(results):
        identity = result.id or f"#{place}"
        if kind := _kind(result):
            shapes.setdefault(identity, (kind, result))
        named = [value for key, value in result.value.items() if key.endswith("labels") and value]
        if named:
            labels[identity] = check_record(where, named[0], _NAMES, "names of labels")
    stored: list[_Stored] = []
    for identity, (kind, result) in shapes.items():
        names = labels.get(identity, [])
        if len(names) > 1:
            found = ", ".join(names)
            raise AssetError(f"{where} region {identity}", "one label", found, "keep one label for a region")
        if result.image_rotation:
            found = f"turned by {result.image_rotation:g} degrees"
            raise AssetError(f"{where} region {identity}", "an upright picture", found, "label it upright")
        if names:
            value = {key: part for key, part in result.value.items() if not key.endswith("labels")}
            stored.append((kind, names[0], value, (result.original_width, result.original_height)))
    return stored, len(shapes.keys() ^ labels.keys())


def _kind(result: _Result) -> str:
    """The kind of a region's shape; empty if it has no area."""
    value = result.value
    return next((kind for kind, fields in _FIELDS.items() if fields <= value.keys()), "")


@dataclass(frozen=True)
class _LabelStudioReader:
    """Reads labels from the content of items.

    Attributes:
        classes: of the source.
    """

    classes: ObjectClasses

    def __call__(self, item: Item, size: Size) -> Label:
        parts = []
        for place, (kind, name, value, stored) in enumerate(from_json(item.content)):
            where = f"{item.picture}: {kind} {place}"
            check_size(where, None if None in stored else tuple(stored), size)
            with shapes_of(where):
                parts.append(Part(_region(where, kind, value, size), self.classes.number(where, name)))
        with shapes_of(item.picture):
            return paint(parts, size, self.classes.foreground)


def _region(where: str, kind: str, value: Any, size: Size) -> Region:
    """The pixels of a region. Numbers are in percent of the picture's size, except in brushes.

    Raises:
        ShapeError: it cannot be drawn.
        AssetError: a field is wrong, or its mask cannot be decoded.
    """
    percent = np.array(size) / 100
    if kind == "brush":
        brush = check_record(where, value, _BRUSH, "a brush with format and rle")
        if brush.format != "rle":
            raise ShapeError("a brush of the format rle", shown(brush.format))
        return stamp(0, 0, unpack_brush(brush.rle, size), size)
    if kind == "bitmask":
        bitmask = check_record(where, value, _BITMASK, "a bitmask")
        content = unpack_base64(bitmask.url.partition("base64,")[2])
        return stamp(0, 0, decode_mask(where, content, size[0] * size[1]), size)
    if kind == "polygon":
        outline = check_record(where, value, _POLYGON, "a polygon with points")
        return polygon(np.array(outline.points).reshape(-1, 2) * percent, size)
    if kind == "ellipse":
        round_ = check_record(where, value, _ELLIPSE, "an ellipse with x, y, radiusX and radiusY")
        x, y, across, down = np.array([round_.x, round_.y, round_.across, round_.down]) * np.tile(percent, 2)
        return ellipse((x, y), (across, down), round_.rotation, size)
    square = check_record(where, value, _RECTANGLE, "a rectangle with x, y, width and height")
    x, y, width, height = np.array([square.x, square.y, square.width, square.height]) * np.tile(percent, 2)
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    return polygon(turned(corners, square.rotation, (x, y)), size)
