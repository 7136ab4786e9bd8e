"""Format `supervisely`: a project with `meta.json`, and in each data set the folders `img` and `ann`.

Source: https://docs.supervisely.com/customization-and-integration/00_ann_format_navi, read as the SDK of
Supervisely does: points name pixels, and the pixels on a border belong to the object.
"""

import math
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, TypeAdapter

from generator.assets.embedded_masks import decode_mask
from generator.assets.listing import walk
from generator.errors import AssetError, one_line, printable
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
from generator.label_formats.pictures import Gathered, PictureFinder, split_named
from generator.label_formats.regions import NOTHING, Region, ShapeError, Size, stamp, union, without
from generator.label_formats.shapes import pixel_polygon
from generator.numerals import shown

_META = "meta.json"
_WHAT = "an annotation of Supervisely"
_WITHOUT_AREA = frozenset({"point", "line", "polyline", "graph", "cuboid", "tag"})
_LARGEST_MASK = 2**26
_PNG = b"\x89PNG"

Corner = tuple[float, float]


class _Class(Entry):
    title: str = Field(min_length=1)
    shape: str = "any"
    color: str = ""


class _Meta(Entry):
    classes: list[_Class]


class _Bitmap(Entry):
    data: str
    origin: Corner


class _Outline(Entry):
    exterior: list[Corner]
    interior: list[list[Corner]] = Field(default_factory=list)


class _Object(Entry):
    title: str = Field(alias="classTitle")
    kind: str = Field(alias="geometryType")
    points: Any = None
    bitmap: Any = None
    parts: Any = None


class _SizeOf(Entry):
    height: int
    width: int


class _Annotation(Entry):
    size: _SizeOf
    objects: list[_Object]


_PROJECT = TypeAdapter(_Meta)
_ANNOTATION = TypeAdapter(_Annotation)
_OUTLINE = TypeAdapter(_Outline)
_OUTLINES = TypeAdapter(list[_Outline])
_BITMAP = TypeAdapter(_Bitmap)


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures of a Supervisely project.

    Args:
        source: the folder with `meta.json`.
        choice: its `labels` names classes in another order.

    Raises:
        AssetError: there is no `meta.json`, or it is wrong, or there is no annotation.
        UsageError: a choice that the format does not have.
    """
    refuse_other_choices("supervisely", choice, has=["labels"])
    meta = source / _META
    if not meta.is_file():
        raise AssetError(source, "", "holds no meta.json", "name the folder of a Supervisely project")
    project = read_document(meta, _PROJECT, "the meta.json of a Supervisely project")
    finder, gathered = PictureFinder(source), Gathered(source)
    labels = sorted(
        inside / name
        for inside, names in walk(source, gathered.problems)
        for name in names
        if inside.name == "ann" and name.lower().endswith(".json")
    )
    if not labels:
        raise AssetError(source, "", "holds no ann/NAME.jpg.json", "export the project with its annotations")
    for path in labels:
        dataset = path.parent.parent
        try:
            picture = finder.find(path, path.name[: -len(".json")], [dataset / "img"])
        except AssetError as problem:
            gathered.problems.append(problem)
        else:
            gathered.add(path, picture, label=path, split=split_named(dataset.relative_to(source).as_posix()))
    colours = {
        row.title: tuple(bytes.fromhex(row.color[1:]))
        for row in project.classes
        if re.fullmatch("#[0-9a-fA-F]{6}", row.color)
    }
    classes = object_classes(meta, [row.title for row in project.classes], choice, colours)
    gathered.problems += finder.without_label(gathered.items, "label it, or move it away")
    return gathered.source(classes, _SuperviselyReader(classes), _notes(meta, project))


def _notes(meta: Path, project: _Meta) -> list[str]:
    """The line about classes that have no area."""
    names = [row.title for row in project.classes if row.shape in _WITHOUT_AREA]
    return [f"{printable(meta)}: classes without area are not drawn: {', '.join(names)}"] if names else []


@dataclass(frozen=True)
class _SuperviselyReader:
    """Reads annotations.

    Attributes:
        classes: of the project.
    """

    classes: ObjectClasses

    def __call__(self, item: Item, size: Size) -> Label:
        assert item.label is not None
        annotation = read_document(item.label, _ANNOTATION, _WHAT)
        check_size(item.label, (annotation.size.width, annotation.size.height), size)
        parts = []
        for place, drawn in enumerate(annotation.objects):
            where = f"{item.label} object {place}"
            number = self.classes.number(where, drawn.title)
            with shapes_of(where):
                parts.append(Part(_region(where, drawn, size), number))
        with shapes_of(item.label):
            return paint(parts, size, self.classes.foreground)


def _region(where: str, drawn: _Object, size: Size) -> Region:
    """The pixels of an object.

    Raises:
        ShapeError: it cannot be drawn.
        AssetError: a field is wrong, or its mask cannot be decoded.
    """
    if drawn.kind in _WITHOUT_AREA:
        return NOTHING
    if drawn.kind in ("bitmap", "alpha_mask"):
        return _of_bitmap(where, drawn, size)
    if drawn.kind == "multipolygon":
        outlines = check_record(where, drawn.parts, _OUTLINES, "parts with exterior and interior")
        return union([_of_outline(outline, size) for outline in outlines])
    if drawn.kind not in ("polygon", "rectangle"):
        raise ShapeError(
            "a geometryType bitmap, alpha_mask, polygon, multipolygon or rectangle", shown(drawn.kind)
        )
    outline = check_record(where, drawn.points, _OUTLINE, "points with exterior and interior")
    if drawn.kind == "polygon":
        return _of_outline(outline, size)
    if len(outline.exterior) != 2:
        raise ShapeError("2 corners of a rectangle", f"{len(outline.exterior)}")
    (left, top), (right, bottom) = outline.exterior
    return pixel_polygon([(left, top), (right, top), (right, bottom), (left, bottom)], size)


def _of_outline(outline: _Outline, size: Size) -> Region:
    """A polygon without its holes, to which the pixels on their borders belong."""
    holes = [pixel_polygon(hole, size) for hole in outline.interior]
    return without(pixel_polygon(outline.exterior, size), holes)


def _of_bitmap(where: str, drawn: _Object, size: Size) -> Region:
    """A mask as PNG, mostly packed by zlib, at its origin."""
    bitmap = check_record(where, drawn.bitmap, _BITMAP, "a bitmap with data and origin")
    packed = unpack_base64(bitmap.data)
    content = packed if packed.startswith(_PNG) else _unpacked(packed)
    mask = decode_mask(where, content, size[0] * size[1])
    left, top = (math.floor(place) for place in bitmap.origin)
    cover = mask if drawn.kind == "alpha_mask" else (mask > 0) * np.uint8(255)
    return stamp(left, top, cover, size)


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, _LARGEST_MASK)
    except zlib.error as error:
        raise ShapeError("a mask as PNG, packed by zlib", one_line(error)) from error
    if unpacking.unconsumed_tail:
        raise ShapeError(f"a mask of up to {_LARGEST_MASK:,} bytes", "a larger one")
    return content
