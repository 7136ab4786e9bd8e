"""Cityscapes: the 19 classes of its evaluation, objects numbered in their class, disparity as depth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.assets.labels import read_labels
from generator.assets.masked_picture import read_labels_of
from generator.errors import AssetError, ImageError
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import NamedClass
from generator.label_formats.find_pairs import Found, counted, find_root
from generator.label_formats.items import Choice, Item, LabelSource
from generator.label_formats.legend import Legend, legend_reader
from generator.splits import SPLITS, SplitName

NAME = "cityscapes"
CLASSES = (
    NamedClass(7, "road", (128, 64, 128)),
    NamedClass(8, "sidewalk", (244, 35, 232)),
    NamedClass(11, "building", (70, 70, 70)),
    NamedClass(12, "wall", (102, 102, 156)),
    NamedClass(13, "fence", (190, 153, 153)),
    NamedClass(17, "pole", (153, 153, 153)),
    NamedClass(19, "traffic light", (250, 170, 30)),
    NamedClass(20, "traffic sign", (220, 220, 0)),
    NamedClass(21, "vegetation", (107, 142, 35)),
    NamedClass(22, "terrain", (152, 251, 152)),
    NamedClass(23, "sky", (70, 130, 180)),
    NamedClass(24, "person", (220, 20, 60)),
    NamedClass(25, "rider", (255, 0, 0)),
    NamedClass(26, "car", (0, 0, 142)),
    NamedClass(27, "truck", (0, 0, 70)),
    NamedClass(28, "bus", (0, 60, 100)),
    NamedClass(31, "train", (0, 80, 100)),
    NamedClass(32, "motorcycle", (0, 0, 230)),
    NamedClass(33, "bicycle", (119, 11, 32)),
)
"""The classes that the benchmark evaluates, by their numbers in labels. The others of 0 to 33 are void."""

_HIGHEST = 33
_LEGEND = Legend(
    where=NAME,
    rows=CLASSES,
    void_values=frozenset(range(_HIGHEST + 1)) - {row.value for row in CLASSES},
    stored_as="numbers",
    is_fixed=True,
)
_PICTURE, _LABEL, _OBJECTS, _DISPARITY = (
    *("_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds", "_disparity"),
)
_FIRST_OBJECT, _FIRST_CLASS = 1000, 7


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List Cityscapes; see `LabelFormat`.

    Labels are gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png. Where disparity/ is there, it is the depth.
    """
    refuse_other_choices(NAME, choice)
    root = find_root(source, _is_root, NAME, "folders leftImg8bit and gtFine with train, val or test")
    found, has_objects = Found(source), False
    for split in SPLITS:
        images, masks = root / "leftImg8bit" / split, root / "gtFine" / split
        if images.is_dir() and masks.is_dir():
            has_objects |= _add_split(found, root, split)
    if (root / "leftImg8bit" / "train_extra").is_dir():
        found.notes.append("pictures of train_extra left out: they have only coarse labels")
    reader = legend_reader(_LEGEND, choice, _Objects() if has_objects else None)
    items = found.sorted_items()
    return LabelSource(items, reader.mask, reader, found.problems, found.notes, instances=has_objects)


@dataclass(frozen=True)
class _Objects:
    """Reads class * 1000 + number of object; a plain class is something that is not told apart."""

    def __call__(self, item: Item, size: tuple[int, int], /) -> np.ndarray | None:
        if item.objects is None:
            return None
        values = read_labels_of(item.picture, item.objects, size).values
        if values.ndim == 3:
            fix = "use the instanceIds of Cityscapes"
            raise ImageError(item.objects, "numbers of objects, in 16 bits", "colours", fix)
        return np.where(values < _FIRST_OBJECT, 0, values).astype(np.uint16)


def _is_root(folder: Path) -> bool:
    return any(
        (folder / "leftImg8bit" / split).is_dir() and (folder / "gtFine" / split).is_dir() for split in SPLITS
    )


def _add_split(found: Found, root: Path, split: SplitName) -> bool:
    """Add the pictures of a split; return whether any of them has numbered objects."""
    images, masks = root / "leftImg8bit" / split, root / "gtFine" / split
    files = found.pictures_below(masks)
    pictures = found.by_key(found.pictures_below(images), lambda path: _key(images, path, _PICTURE))
    labels = found.by_key(files, lambda path: _key(masks, path, _LABEL))
    objects = found.by_key(files, lambda path: _key(masks, path, _OBJECTS))
    if split == "test" and labels and not _is_labelled(next(iter(labels.values()))):
        found.notes.append(f"{counted(len(pictures))} of test left out: their labels are not published")
        return False
    for key in sorted(pictures.keys() & labels.keys()):
        disparity = root / "disparity" / split / f"{key}{_DISPARITY}.png"
        depth = disparity if disparity.exists() else None
        found.add(pictures[key], labels[key], split, depth=depth, objects=objects.get(key))
    for key in sorted(pictures.keys() - labels.keys()):
        fix = "add the label, or remove the picture"
        found.problems.append(AssetError(pictures[key], "", f"has no {key}{_LABEL}.png in {masks}", fix))
    found.report_labels_without_picture(pictures, labels)
    return bool(objects)


def _is_labelled(path: Path) -> bool:
    """Whether a label says more than where the car and the border are; published labels of test do not."""
    return bool(read_labels(path).counts[_FIRST_CLASS:].any())


def _key(folder: Path, path: Path, ending: str) -> str | None:
    """City and name of a file with this ending; None for others."""
    name = path.relative_to(folder).with_suffix("").as_posix()
    return name.removesuffix(ending) if name.endswith(ending) else None
