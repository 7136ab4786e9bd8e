"""ADE20K's scene parsing benchmark: 150 classes, stored from 1; 0 is any other object, and void."""

from pathlib import Path

from generator.errors import AssetError
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import NamedClass, fill_gaps, read_class_file
from generator.label_formats.find_pairs import Found, find_root
from generator.label_formats.items import Choice, LabelSource
from generator.label_formats.legend import Legend, legend_reader
from generator.splits import SplitName

NAME = "ade20k"
CLASSES = 150
_CLASS_FILE = "objectInfo150.txt"
_FOLDERS: dict[str, SplitName] = {"training": "train", "validation": "val"}


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List ADE20K's scene parsing benchmark (ADEChallengeData2016); see `LabelFormat`.

    Names come from objectInfo150.txt or `labels`; without them the classes are called unknown_1 ...
    """
    refuse_other_choices(NAME, choice, {"labels"})
    root = find_root(source, _is_root, NAME, "folders images/training and annotations/training")
    found = Found(source)
    for folder, split in _FOLDERS.items():
        images, masks = root / "images" / folder, root / "annotations" / folder
        if not images.is_dir() or not masks.is_dir():
            found.notes.append(f"no {folder} pictures with annotations")
            continue
        files = found.pictures_below(images)
        if any(path.stem.endswith("_seg") for path in files[:100]):
            fix = "use the scene parsing benchmark (ADEChallengeData2016)"
            raise AssetError(images, "pictures alone", "*_seg.png, as in the full ADE20K", fix)
        pictures = found.by_key(files, lambda path: path.stem)
        labels = found.by_key(found.pictures_below(masks), lambda path: path.stem)
        found.add_pairs(pictures, labels, masks, dict.fromkeys(pictures, split).get)
    reader = legend_reader(_legend(root, choice, found), choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


def _is_root(folder: Path) -> bool:
    return any(
        (folder / "images" / name).is_dir() and (folder / "annotations" / name).is_dir() for name in _FOLDERS
    )


def _legend(root: Path, choice: Choice, found: Found) -> Legend:
    path = choice.labels or (root / _CLASS_FILE if (root / _CLASS_FILE).exists() else None)
    rows: tuple[NamedClass, ...] = ()
    if path is None:
        found.notes.append(f"no {_CLASS_FILE}: classes are called unknown_1 to unknown_{CLASSES}")
    else:
        rows = read_class_file(path)
        if len(rows) <= CLASSES and rows[0].name != "unknown_0":  # names alone, the first of which is class 1
            rows = tuple(NamedClass(row.value + 1, row.name, row.colour) for row in rows)
        rows = tuple(row for row in rows if row.value > 0)
        short = [NamedClass(row.value, _first_word(row.name), row.colour) for row in rows]
        if len({row.name for row in short}) == len(short):
            rows = tuple(short)
    classes = tuple(row for row in fill_gaps(rows, CLASSES + 1) if row.value != 0)
    return Legend(where=str(path or NAME), rows=classes, void_values=frozenset({0, 255}), stored_as="numbers")


def _first_word(name: str) -> str:
    """The first of several words for a class: "building" of "building, edifice"."""
    return name.replace(";", ",").partition(",")[0].strip()
