"""Format `cvat`: an XML file of images with their polygons, boxes and masks ("CVAT for images 1.1").

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from pydantic_core import from_json, to_json

from generator.errors import AssetError, one_line, printable
from generator.files import open_regular
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.documents import check_size, shapes_of
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.object_classes import ObjectClasses, object_classes
from generator.label_formats.painting import Part, paint
from generator.label_formats.pictures import Gathered, PictureFinder, split_named
from generator.label_formats.regions import Region, ShapeError, Size, stamp
from generator.label_formats.runs import run_lengths
from generator.label_formats.shapes import ellipse, polygon, pycocotools_mask, turned
from generator.numerals import MOST, finite_number, shown, whole_number

_WHAT = "a file of CVAT for images 1.1"
_AREAS = ("polygon", "box", "ellipse", "mask")
_LINES = ("polyline", "points", "cuboid", "skeleton")
_COLOUR = re.compile(r"#([0-9a-fA-F]{6})")

Attributes = Mapping[str, str]


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures that CVAT's files name.

    Args:
        source: the XML file; or a folder with `annotations.xml`, or other XML files, and pictures.
        choice: its `labels` names classes in another order.

    Raises:
        AssetError: there is no XML file, or it is damaged, or it holds tracks of a video.
        UsageError: a choice that the format does not have, or pycocotools is not installed.
    """
    refuse_other_choices("cvat", choice, has=["labels"])
    pycocotools_mask("`format=cvat`")
    paths = _files(source)
    root = source if source.is_dir() else source.parent
    finder, gathered = PictureFinder(root), Gathered(root)
    read = [_read(path) for path in paths]
    names = [name for file in read for name in file.names]
    colours = {name: colour for file in read for name, colour in file.colours.items()}
    classes = object_classes(source, names, choice, colours)
    notes = []
    for path, file in zip(paths, read, strict=True):
        for image in file.images:
            subset = [root / "images" / image.subset] if image.subset else []
            near = [path.parent, path.parent / "images", *subset]
            try:
                picture = finder.find(path, image.name, near)
            except AssetError as problem:
                gathered.problems.append(problem)
            else:
                gathered.add(
                    path, picture, content=image.content, split=split_named(image.subset or path.stem)
                )
        if skipped := ", ".join(f"{count:,} of type {kind}" for kind, count in sorted(file.skipped.items())):
            notes.append(f"{printable(path)}: shapes without area left out: {skipped}")
    return gathered.source(classes, _CvatReader(classes), [*notes, *finder.notes(gathered.items)])


@dataclass(frozen=True)
class _Image:
    """An image of a file: its name and subset, and its size and shapes as JSON."""

    name: str
    subset: str
    content: bytes


@dataclass
class _File:
    """What an XML file holds. `skipped` counts the shapes that have no area, by their type."""

    names: list[str] = field(default_factory=list)
    colours: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    images: list[_Image] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def _files(source: Path) -> list[Path]:
    """The XML files of a source.

    Raises:
        AssetError: there are none.
    """
    if not source.is_dir():
        return [source]
    found = sorted(source.rglob("annotations.xml")) or sorted(source.glob("*.xml"))
    if not found:
        fix = "put annotations.xml there, exported as 'CVAT for images 1.1'"
        raise AssetError(source, "", "holds no XML file", fix)
    return found


def _read(path: Path) -> _File:
    """Read an XML file, image by image, so that memory holds one.

    Raises:
        AssetError: it cannot be read, is no XML of CVAT, or holds tracks.
    """
    file, used = _File(), dict[str, None]()
    try:
        with open_regular(path) as opened:
            for element in _elements(path, opened):
                if element.tag == "label" and (name := element.findtext("name")):
                    file.names.append(name)
                    if colour := _COLOUR.fullmatch(element.findtext("color") or ""):
                        red, green, blue = bytes.fromhex(colour[1])
                        file.colours[name] = red, green, blue
                elif element.tag == "image":
                    image = _image(path, element, file.skipped)
                    file.images.append(image)
                    used |= dict.fromkeys(str(shape.get("label")) for shape in element if shape.tag in _AREAS)
                    element.clear()
    except FileNotFoundError as error:
        raise AssetError(path, "", "does not exist", "check the path") from error
    except (OSError, ElementTree.ParseError) as error:
        raise AssetError(path, _WHAT, one_line(error), "export it again") from error
    file.names = file.names or sorted(used)
    return file


def _elements(path: Path, opened: BufferedReader) -> Iterator[ElementTree.Element]:
    """The labels and images of a file, each when its end is reached.

    Raises:
        AssetError: it is no XML of CVAT, or holds tracks.
    """
    inside = 0
    for event, element in ElementTree.iterparse(opened, ("start", "end")):
        if event == "start":
            if inside == 0 and element.tag != "annotations":
                raise AssetError(path, _WHAT, f"XML of {element.tag}", "export it as 'CVAT for images 1.1'")
            if element.tag == "track":
                found = "holds tracks of a video, which have no pictures"
                raise AssetError(path, "", found, "export the frames as 'CVAT for images 1.1'")
            inside += 1
        else:
            inside -= 1
            if element.tag in ("label", "image"):
                yield element


def _image(path: Path, element: ElementTree.Element, skipped: Counter[str]) -> _Image:
    if not (name := element.get("name")):
        where = f"{path}: image {element.get('id')}"
        raise AssetError(where, "", "has no name", "export it again")
    shapes = []
    for shape in element:
        if shape.tag in _AREAS:
            shapes.append([shape.tag, dict(shape.attrib)])
        elif shape.tag in _LINES:
            skipped[shape.tag] += 1
    with shapes_of(f"{path}: {name}"):
        size = [_whole(element.attrib, side) for side in ("width", "height")]
    content = to_json([size, shapes])
    return _Image(name, element.get("subset") or "", content)


@dataclass(frozen=True)
class _CvatReader:
    """Reads labels from the content of items.

    Attributes:
        classes: of the source.
    """

    classes: ObjectClasses

    def __call__(self, item: Item, size: Size) -> Label:
        stored, shapes = from_json(item.content)
        parts = []
        check_size(item.picture, tuple(stored), size)
        for place, (kind, attributes) in enumerate(shapes):
            where = f"{item.picture}: {kind} {place}"
            name = attributes.get("label", "")
            number, group = self.classes.number(where, name), attributes.get("group_id", "0")
            with shapes_of(where):
                part = Part(_region(kind, attributes, size), number, None if group == "0" else (name, group))
                parts.append((_whole(attributes, "z_order", "0"), part))
        parts.sort(key=lambda layer: layer[0])
        with shapes_of(item.picture):
            return paint([part for _, part in parts], size, self.classes.foreground)


def _region(kind: str, attributes: Attributes, size: Size) -> Region:
    """The pixels of a shape.

    Raises:
        ShapeError: it cannot be drawn.
    """
    if kind == "polygon":
        return polygon(_points(attributes.get("points", "")), size)
    if kind == "mask":
        return _mask(attributes, size)
    degrees = _number(attributes, "rotation", "0")
    if kind == "ellipse":
        cx, cy, rx, ry = (_number(attributes, name) for name in ("cx", "cy", "rx", "ry"))
        return ellipse((cx, cy), (rx, ry), degrees, size)
    left, top, right, bottom = (_number(attributes, name) for name in ("xtl", "ytl", "xbr", "ybr"))
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return polygon(turned(corners, degrees), size)


def _mask(attributes: Attributes, size: Size) -> Region:
    """A mask in its own box, with runs along its rows."""
    try:
        counts = [whole_number(count) for count in attributes.get("rle", "").split(",")]
    except ValueError as error:
        raise ShapeError("run lengths with commas between them", shown(attributes.get("rle"))) from error
    left, top, width, height = (_whole(attributes, name) for name in ("left", "top", "width", "height"))
    if left + width > size[0] or top + height > size[1]:
        expected = f"a mask inside of the picture ({size[0]} x {size[1]})"
        raise ShapeError(expected, f"one of {width} x {height} at {left}, {top}")
    return stamp(left, top, run_lengths(counts, (width, height)), size)


def _points(text: str) -> list[tuple[float, float]]:
    """Points as `x,y;x,y`."""
    try:
        return [_point(pair) for pair in text.split(";")]
    except ValueError as error:
        raise ShapeError("points like 10.5,20;30,40", shown(text)) from error


def _point(pair: str) -> tuple[float, float]:
    x, y = pair.split(",")
    return finite_number(x), finite_number(y)


def _number(attributes: Attributes, name: str, default: str = "") -> float:
    try:
        return finite_number(attributes.get(name, default))
    except ValueError as error:
        raise ShapeError(f"a number as {name}", shown(attributes.get(name))) from error


def _whole(attributes: Attributes, name: str, default: str = "") -> int:
    try:
        return whole_number(attributes.get(name, default), -MOST if default else 0)
    except ValueError as error:
        raise ShapeError(f"a whole number as {name}", shown(attributes.get(name))) from error
