"""Pascal VOC, and the exports in its layout of LabelMe, CVAT and Datumaro: classes, objects, 255 for void."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.assets.mask_conventions import background_index
from generator.assets.masked_picture import read_labels_of
from generator.errors import AssetError
from generator.label_formats.choices import refuse_other_choices, spread_colours
from generator.label_formats.class_files import NamedClass, fill_gaps, read_class_file
from generator.label_formats.find_pairs import Found, counted, find_root, read_splits
from generator.label_formats.items import Choice, Item, LabelSource
from generator.label_formats.legend import Legend, legend_reader, palette_notes
from generator.splits import SplitName

NAME = "voc"
VOID, VOID_COLOUR = 255, (224, 224, 192)
_NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *(
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    ),
)
_PICTURES = "JPEGImages"
_CLASSES = ("SegmentationClass", "SegmentationClassPNG")
_OBJECTS = ("SegmentationObject", "SegmentationObjectPNG")
_CLASS_FILES = ("class_names.txt", "labelmap.txt", "labels.txt")
_LISTS: dict[str, SplitName] = {"train.txt": "train", "val.txt": "val", "test.txt": "test"}


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List Pascal VOC; see `LabelFormat`.

    Classes are palette indices, or colours of VOC's colour map, or of a labelmap.txt. Objects have numbers
    where there is SegmentationObject. Lists in ImageSets/Segmentation tell the splits.
    """
    refuse_other_choices(NAME, choice, {"labels"})
    layout = f"folders {_PICTURES} and SegmentationClass with PNG files"
    root = find_root(source, lambda folder: _pngs_of(folder, _CLASSES) is not None, NAME, layout)
    classes, objects = _pngs_of(root, _CLASSES), _pngs_of(root, _OBJECTS)
    assert classes is not None
    found = Found(source)
    pictures = found.by_key(found.pictures_below(root / _PICTURES), lambda path: path.stem)
    labels = found.by_key(found.pictures_below(classes), lambda path: path.stem)
    instances = {path.stem: path for path in found.pictures_below(objects)} if objects is not None else {}
    lists = {
        root / "ImageSets" / "Segmentation" / name: split
        for name, split in _LISTS.items()
        if (root / "ImageSets" / "Segmentation" / name).exists()
    }
    splits: dict[str, SplitName] = read_splits(lists, found)
    keys = splits.keys() if lists else labels.keys()
    for key in sorted(keys):
        if key in pictures and key in labels:
            found.add(pictures[key], labels[key], splits.get(key), objects=instances.get(key))
        else:
            found.problems.append(_missing(key, pictures, root / _PICTURES, classes))
    if lists:
        found.note_unlisted(labels, splits, " and ".join(path.name for path in lists))
    elif without := len(pictures.keys() - labels.keys()):
        found.notes.append(f"{counted(without)} of {_PICTURES} without mask in {classes.name}, left out")
    legend = _legend(root, choice, found)
    found.notes += palette_notes(list(labels.values()), legend)
    reader = legend_reader(legend, choice, _Objects() if instances else None)
    items, told_apart = found.sorted_items(), bool(instances)
    return LabelSource(items, reader.mask, reader, found.problems, found.notes, instances=told_apart)


@dataclass(frozen=True)
class _Objects:
    """Reads the numbers of the objects of a picture."""

    def __call__(self, item: Item, size: tuple[int, int], /) -> np.ndarray | None:
        if item.objects is None:
            return None
        labels = read_labels_of(item.picture, item.objects, size)
        if labels.values.ndim == 3:  # a copy in colours: each colour is an object
            colours = labels.values.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
            there, numbers = np.unique(colours, return_inverse=True)
            numbers = numbers.reshape(colours.shape) + (there[0] != 0)
            void = colours == (VOID_COLOUR[0] << 16 | VOID_COLOUR[1] << 8 | VOID_COLOUR[2])
            return np.where(void, 0, numbers).astype(np.uint16)
        outside = np.isin(labels.values, (background_index(labels), VOID))
        # A program may have sorted the palette, so that 0 is an object.
        return np.where(outside, 0, labels.values.astype(np.uint16) + 1).astype(np.uint16)


def _pngs_of(root: Path, names: tuple[str, ...]) -> Path | None:
    """The first of these folders that holds PNG files; LabelMe writes arrays into the other."""
    if not (root / _PICTURES).is_dir():
        return None
    folders = (root / name for name in names)
    return next((folder for folder in folders if any(folder.glob("*.png"))), None)


def _missing(key: str, pictures: dict[str, Path], images: Path, masks: Path) -> AssetError:
    if key in pictures:
        fix = "add the mask, or remove the picture from the list"
        return AssetError(pictures[key], "", f"has no mask in {masks}", fix)
    return AssetError(images / f"{key}.jpg", "", "is listed or has a mask, but is missing", "add the picture")


def _legend(root: Path, choice: Choice, found: Found) -> Legend:
    """The classes that a class file beside the folders names, else those of Pascal VOC."""
    there = [root / name for name in _CLASS_FILES if (root / name).exists()]
    path = choice.labels or next(iter(there), None)
    if path is None:
        rows = tuple(NamedClass(number, name) for number, name in enumerate(_NAMES))
    else:
        found.notes.append(f"classes from {path}")
        rows = fill_gaps(read_class_file(path), 0 if there else len(_NAMES))
    colours = spread_colours(max(row.value for row in rows) + 1)
    coloured = (
        row if row.colour or row.value < 0 else NamedClass(row.value, row.name, _triple(colours[row.value]))
        for row in rows
    )
    return Legend(
        where=NAME if path is None else str(path),
        rows=tuple(coloured),
        void_values=frozenset({VOID}),
        void_colours=(VOID_COLOUR,),
    )


def _triple(colour: list[int]) -> tuple[int, int, int]:
    return colour[0], colour[1], colour[2]
