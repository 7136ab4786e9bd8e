"""Format `labelme`: beside each picture a JSON file with its shapes.

Source: the files that LabelMe 4 to 6 write, and how its `shapes_to_label` joins shapes and lays them over
each other. Polygons follow the rule of `shapes` instead of Pillow's, which adds a border of half a pixel.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field, TypeAdapter

from generator.assets.embedded_masks import decode_mask
from generator.assets.listing import walk
from generator.errors import AssetError, printable
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.documents import Entry, check_size, read_document, shapes_of, unpack_base64
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.object_classes import ObjectClasses, object_classes
from generator.label_formats.painting import Part, paint
from generator.label_formats.pictures import Gathered, PictureFinder
from generator.label_formats.regions import Region, ShapeError, Size, stamp, union
from generator.label_formats.shapes import box, disc, polygon, pycocotools_mask, stroke
from generator.numerals import shown

_WHAT = "a LabelMe file"
_LINE_WIDTH = 10
_POINT_RADIUS = 5

Corner = tuple[float, float]


class _Named(Entry):
    label: str = Field(min_length=1)


class _Head(Entry):
    image_path: str = Field(alias="imagePath", min_length=1)
    shapes: list[_Named]


class _Shape(_Named):
    points: list[Corner]
    shape_type: str | None = None
    group_id: int | str | None = None
    mask: str | None = None


class _File(Entry):
    width: int | None = Field(alias="imageWidth", default=None)
    height: int | None = Field(alias="imageHeight", default=None)
    shapes: list[_Shape]


_HEAD = TypeAdapter(_Head)
_FILE = TypeAdapter(_File)


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures of LabelMe files.

    Args:
        source: a folder with pictures and their JSON files.
        choice: its `labels` names the classes, and decides their order.

    Raises:
        AssetError: there is no LabelMe file, or no class.
        UsageError: a choice that the format does not have, or pycocotools is not installed.
    """
    refuse_other_choices("labelme", choice, has=["labels"])
    pycocotools_mask("`format=labelme`")
    finder, gathered = PictureFinder(source), Gathered(source)
    labels = sorted(
        inside / name
        for inside, names in walk(source, [])
        for name in names
        if name.lower().endswith(".json")
    )
    if not labels:
        fix = "put NAME.json beside each NAME.jpg, as LabelMe saves them"
        raise AssetError(source, "", "holds no LabelMe file", fix)
    names: set[str] = set()
    for path in labels:
        try:
            head = read_document(path, _HEAD, _WHAT)
            picture = _picture(path, head.image_path, finder)
        except AssetError as problem:
            gathered.problems.append(problem)
        else:
            gathered.add(path, picture, label=path)
            names |= {shape.label for shape in head.shapes}
    if not gathered.items and gathered.problems:
        raise gathered.problems[0]
    classes = object_classes(source, sorted(names), choice)
    notes = []
    if choice.labels is None:
        notes.append(
            f"{printable(source)}: classes are in the order of the alphabet; `labels` decides another"
        )
    gathered.problems += finder.without_label(gathered.items, "label it, or move it away")
    return gathered.source(classes, _LabelmeReader(classes), notes)


def _picture(path: Path, stored: str, finder: PictureFinder) -> Path:
    """The picture of a LabelMe file: by its path, or, if that is gone, the one with the name of the file.

    Raises:
        AssetError: there is none.
    """
    try:
        return finder.find(path, stored, [path.parent])
    except AssetError as problem:
        if (picture := finder.beside(path)) is not None:
            return picture
        fix = f"{problem.fix}; if it is only inside of the JSON file, save it with 'labelme_export_json'"
        raise AssetError(problem.where, "", problem.found, fix) from problem


@dataclass(frozen=True)
class _LabelmeReader:
    """Reads LabelMe files.

    Attributes:
        classes: of the source.
    """

    classes: ObjectClasses

    def __call__(self, item: Item, size: Size) -> Label:
        assert item.label is not None
        file = read_document(item.label, _FILE, _WHAT)
        stored = None if file.width is None or file.height is None else (file.width, file.height)
        check_size(item.label, stored, size)
        parts = []
        for place, shape in enumerate(file.shapes):
            where = f"{item.label} shape {place}"
            number = self.classes.number(where, shape.label)
            of = None if shape.group_id is None else (shape.label, shape.group_id)
            with shapes_of(where):
                parts.append(Part(_region(where, shape, size), number, of))
        with shapes_of(item.label):
            return paint(parts, size, self.classes.foreground)


def _region(where: str, shape: _Shape, size: Size) -> Region:
    """The pixels of a shape.

    Raises:
        ShapeError: it cannot be drawn.
        AssetError: its mask cannot be decoded.
    """
    kind = shape.shape_type or "polygon"
    if kind == "mask":
        return _of_mask(where, shape, size)
    if kind not in _KINDS:
        raise ShapeError(f"a shape of the type {', '.join([*_KINDS, 'mask'])}", shown(shape.shape_type))
    fewest, most, draw = _KINDS[kind]
    if not fewest <= len(shape.points) <= most:
        count = f"{fewest}" if fewest == most else f"{fewest} or more"
        raise ShapeError(f"{count} points of a {kind}", f"{len(shape.points)}")
    return draw(shape.points, size)


def _rectangle(points: list[Corner], size: Size) -> Region:
    (left, top), (right, bottom) = points
    return box(left, top, right, bottom, size)


def _circle(points: list[Corner], size: Size) -> Region:
    centre, edge = points
    return disc(centre, math.dist(centre, edge), size)


def _line(points: list[Corner], size: Size) -> Region:
    return stroke(points, _LINE_WIDTH, size)


def _discs(points: list[Corner], size: Size) -> Region:
    return union([disc(point, _POINT_RADIUS, size) for point in points])


_ANY = 10**6
_KINDS: Mapping[str, tuple[int, int, Callable[[list[Corner], Size], Region]]] = {
    "polygon": (3, _ANY, polygon),
    "rectangle": (2, 2, _rectangle),
    "oriented_rectangle": (4, 4, polygon),
    "circle": (2, 2, _circle),
    "line": (2, 2, _line),
    "linestrip": (2, _ANY, _line),
    "point": (1, 1, _discs),
    "points": (1, _ANY, _discs),
}
"""Fewest and most points of each type, and what draws it."""


def _of_mask(where: str, shape: _Shape, size: Size) -> Region:
    """A mask that LabelMe stores as PNG, with the pixels of its first and last corner, both included."""
    if shape.mask is None or len(shape.points) != 2:
        found = "no mask" if shape.mask is None else f"{len(shape.points)} points"
        raise ShapeError("a mask with its first and last pixel", found)
    content = unpack_base64(shape.mask)
    values = decode_mask(where, content, size[0] * size[1])
    (left, top), (right, bottom) = [(math.trunc(x), math.trunc(y)) for x, y in shape.points]
    if values.shape != (bottom - top + 1, right - left + 1):
        expected = f"a mask of {right - left + 1} x {bottom - top + 1} as its corners"
        raise ShapeError(expected, " x ".join(str(side) for side in values.shape[1::-1]))
    return stamp(left, top, (values > 0) * np.uint8(255), size)
