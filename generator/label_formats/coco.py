"""Format `coco`: JSON files of images, categories and annotations, beside folders of pictures.

Source: https://cocodataset.org/#format-data, read as pycocotools reads it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, TypeAdapter
from pydantic_core import from_json, to_json

from generator.errors import AssetError, printable
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.documents import Entry, check_record, check_size, read_document, shapes_of
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.object_classes import ObjectClasses, object_classes
from generator.label_formats.painting import Part, paint, smaller_on_top
from generator.label_formats.pictures import Gathered, PictureFinder, split_named
from generator.label_formats.regions import Region, ShapeError, Size, stamp, union
from generator.label_formats.runs import run_lengths, unpack_counts
from generator.label_formats.shapes import box, polygon, pycocotools_mask
from generator.numerals import shown

_WHAT = "a COCO file of instances"
_ANNOTATIONS = "annotations"

Id = int | str


class _Image(Entry):
    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None


class _Category(Entry):
    id: Id
    name: str = Field(min_length=1)


class _Annotation(Entry):
    image_id: Id
    category_id: Id
    id: Id | None = None
    segmentation: Any = None
    bbox: Any = None
    iscrowd: bool = False


class _RunLengths(Entry):
    size: tuple[int, int]
    counts: list[int] | str


class _File(Entry):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


_FILE = TypeAdapter(_File)
_RUN_LENGTHS = TypeAdapter(_RunLengths)
_POLYGONS = TypeAdapter(list[list[float]])
_BOX = TypeAdapter(tuple[float, float, float, float])


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures that COCO files name.

    Args:
        source: a COCO file; or a folder with `annotations/instances_*.json`, or with other COCO files.
        choice: its `labels` names classes in another order.

    Raises:
        AssetError: there is no COCO file, or one is damaged.
        UsageError: a choice that the format does not have, or pycocotools is not installed.
    """
    refuse_other_choices("coco", choice, has=["labels"])
    pycocotools_mask("`format=coco`")
    paths = _annotation_files(source)
    root = source if source.is_dir() else _root_of(source)
    finder, gathered = PictureFinder(root), Gathered(root)
    files = [(path, read_document(path, _FILE, _WHAT)) for path in paths]
    classes = object_classes(source, _category_names(files), choice)
    notes: list[str] = []
    for path, file in files:
        notes += _add_images(path, file, finder, gathered, classes)
    return gathered.source(classes, _CocoReader(classes.foreground), [*notes, *finder.notes(gathered.items)])


def _annotation_files(source: Path) -> list[Path]:
    """The COCO files of a source, sorted.

    Raises:
        AssetError: there are none.
    """
    if not source.is_dir():
        return [source]
    for pattern in ("**/instances_*.json", "**/*.coco.json", "annotations/*.json", "*.json"):
        if found := sorted(path for path in source.glob(pattern) if path.is_file()):
            return found
    fix = "put annotations/instances_NAME.json there, or name a COCO file"
    raise AssetError(source, "", "holds no COCO file", fix)


def _root_of(path: Path) -> Path:
    """The folder below which the pictures of a COCO file are."""
    return path.parent.parent if path.parent.name == _ANNOTATIONS else path.parent


def _category_names(files: Sequence[tuple[Path, _File]]) -> list[str]:
    """The names of all categories, of each file in the order of their ids."""
    categories = (
        category
        for _, file in files
        for category in sorted(
            file.categories, key=lambda category: (isinstance(category.id, str), category.id)
        )
    )
    return [category.name for category in categories]


def _add_images(
    path: Path, file: _File, finder: PictureFinder, gathered: Gathered, classes: ObjectClasses
) -> list[str]:
    """Add the images of a file; returns lines for the user."""
    split = split_named(path.stem) or split_named(path.parent.relative_to(finder.root).as_posix())
    tail = path.stem.removeprefix("instances_")
    root = finder.root
    near = [path.parent, root / tail, root / "images" / tail, root / "images", root]
    categories = _numbers(path, file.categories, classes)
    images, clashing = _by_id(path, file.images, gathered.problems)
    annotations: defaultdict[Id, list[_Annotation]] = defaultdict(list)
    for annotation in file.annotations:
        annotations[annotation.image_id].append(annotation)
    for number, of_image in annotations.items():
        if number not in images and number not in clashing:
            found = f"{shown(number)} in {len(of_image):,} annotations"
            fix = "add the image to the file, or remove its annotations"
            gathered.problems.append(AssetError(path, "image_id of an image in the file", found, fix))
    for image in images.values():
        of_image = annotations[image.id]
        try:
            picture = finder.find(path, image.file_name, near)
            content = _content(path, image, of_image, categories)
        except AssetError as problem:
            gathered.problems.append(problem)
        else:
            gathered.add(path, picture, content=content, split=split)
    return _notes(path, file, images, annotations)


def _numbers(path: Path, categories: Sequence[_Category], classes: ObjectClasses) -> dict[Id, int | None]:
    """The class of each category id; None for what is void.

    Raises:
        AssetError: two categories of different names have one id, so nobody knows what their objects are.
    """
    names: dict[Id, str] = {}
    for category in categories:
        if names.setdefault(category.id, category.name) != category.name:
            found = f"{shown(names[category.id])} and {shown(category.name)}"
            fix = "give each category its own id"
            raise AssetError(f"{path}: category {category.id}", "one name", found, fix)
    return {number: classes.numbers[name] for number, name in names.items()}


def _by_id(
    path: Path, images: Sequence[_Image], problems: list[AssetError]
) -> tuple[dict[Id, _Image], set[Id]]:
    """Images by their ids, and the ids that several images have; nobody knows whose their annotations are."""
    found: dict[Id, _Image] = {}
    clashing: set[Id] = set()
    for image in images:
        first = found.setdefault(image.id, image)
        if first.file_name != image.file_name:
            clashing.add(image.id)
            files = f"{first.file_name} and {image.file_name}"
            problems.append(
                AssetError(f"{path}: image {image.id}", "one file", files, "give each image its own id")
            )
    return {number: image for number, image in found.items() if number not in clashing}, clashing


def _content(
    path: Path, image: _Image, annotations: Sequence[_Annotation], categories: dict[Id, int | None]
) -> bytes:
    """What the reader needs of an image, as JSON: much less memory than the records.

    Raises:
        AssetError: an annotation is of no category.
    """
    stored = []
    for annotation in annotations:
        if annotation.category_id not in categories:
            where, found = f"{path}: annotation {annotation.id}", shown(annotation.category_id)
            raise AssetError(
                where, "category_id of a category in the file", found, "add the category to the file"
            )
        number = None if annotation.iscrowd else categories[annotation.category_id]
        stored.append([annotation.id, number, annotation.segmentation, annotation.bbox])
    size = None if image.width is None or image.height is None else [image.width, image.height]
    return to_json([size, stored])


def _notes(
    path: Path, file: _File, images: dict[Id, _Image], annotations: dict[Id, list[_Annotation]]
) -> list[str]:
    """Lines about what is assumed of a file."""
    notes, name = [], printable(path)
    if empty := sum(not annotations.get(number) for number in images):
        notes.append(f"{name}: {empty:,} images without annotations are background everywhere")
    if boxes := sum(not annotation.segmentation for annotation in file.annotations):
        notes.append(f"{name}: {boxes:,} annotations without outline are drawn as their boxes")
    ids = [annotation.id for annotation in file.annotations if annotation.id is not None]
    if twice := len(ids) - len(set(ids)):
        notes.append(f"{name}: {twice:,} annotations have the id of another one; all are drawn")
    return notes


@dataclass(frozen=True)
class _CocoReader:
    """Reads labels from the content of items.

    Attributes:
        foreground: as `paint`.
    """

    foreground: frozenset[int] | None

    def __call__(self, item: Item, size: Size) -> Label:
        stored, annotations = from_json(item.content)
        check_size(item.picture, stored and tuple(stored), size)
        parts = []
        for identity, number, segmentation, bbox in annotations:
            where = f"{item.picture}: annotation {identity}"
            with shapes_of(where):
                parts.append(Part(_region(where, segmentation, bbox, size), number))
        with shapes_of(item.picture):
            return paint(smaller_on_top(parts), size, self.foreground)


def _region(where: str, segmentation: Any, bbox: Any, size: Size) -> Region:
    """The pixels of an annotation.

    Raises:
        ShapeError: they cannot be drawn.
        AssetError: a field is wrong.
    """
    if isinstance(segmentation, dict):
        return _of_run_lengths(check_record(where, segmentation, _RUN_LENGTHS, "run lengths"), size)
    if segmentation:
        polygons = check_record(where, segmentation, _POLYGONS, "a list of polygons")
        return union([_of_polygon(flat, size) for flat in polygons])
    if bbox is None:
        raise ShapeError("a segmentation or a bbox", "neither")
    left, top, width, height = check_record(where, bbox, _BOX, "a bbox of 4 numbers")
    return box(left, top, left + width, top + height, size)


def _of_polygon(flat: list[float], size: Size) -> Region:
    if len(flat) % 2:
        raise ShapeError("x and y of each point of a polygon", f"{len(flat)} numbers")
    return polygon(np.array(flat).reshape(-1, 2), size)


def _of_run_lengths(stored: _RunLengths, size: Size) -> Region:
    height, width = stored.size
    if (width, height) != size:
        raise ShapeError(f"run lengths of size [{size[1]}, {size[0]}]", f"[{height}, {width}]")
    counts = stored.counts
    if isinstance(counts, str):
        counts = unpack_counts(counts.encode())
    return stamp(0, 0, run_lengths(counts, size, columns=True), size)
