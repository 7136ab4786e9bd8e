"""The Oxford-IIIT Pet data set: trimaps of pet, background and border, and lists that count, not folders."""

from pathlib import Path

from generator.errors import AssetError
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import NamedClass
from generator.label_formats.find_pairs import Found, find_root, read_list
from generator.label_formats.items import Choice, LabelSource
from generator.label_formats.legend import Legend, legend_reader
from generator.splits import SplitName

NAME = "oxford-pet"
BORDER = "border"
LEGEND = Legend(
    where="the Oxford-IIIT Pet data set",
    rows=(
        NamedClass(1, "pet", (230, 120, 60)),
        NamedClass(2, "background", (0, 0, 0)),
        NamedClass(3, BORDER, (255, 255, 255)),
    ),
    soft=frozenset({BORDER}),
    stored_as="numbers",
    is_fixed=True,
)
"""Trimaps hold 1, 2 and 3; never 0. In masks of alpha the border is void."""

_LISTS: dict[str, SplitName] = {"trainval.txt": "train", "test.txt": "test"}

_ALL = "list.txt"
_ROW = "a name, a class (1 to 37), a species (1 or 2) and a breed"


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the Oxford-IIIT Pet data set; see `LabelFormat`.

    The lists in annotations/ say which pictures count: folders hold more. The boxes in annotations/xmls are
    those of heads, and are not used.
    """
    refuse_other_choices(NAME, choice)
    layout = "folders images and annotations/trimaps"
    root = find_root(source, _is_root, NAME, layout)
    found, images, trimaps = Found(source), root / "images", root / "annotations" / "trimaps"
    pictures = found.by_key(found.pictures_below(images), lambda path: path.stem)
    labels = found.by_key(found.pictures_below(trimaps), lambda path: path.stem)
    names = [name for name in _LISTS if (root / "annotations" / name).exists()]
    if not names and (root / "annotations" / _ALL).exists():
        names = [_ALL]
    if names:
        splits = _listed(root / "annotations", names, found)
        found.note_unlisted(pictures, splits, " and ".join(names))
        for key in splits:
            if key not in pictures:
                fix = "add the picture, or remove it from the list"
                found.problems.append(AssetError(images / f"{key}.jpg", "", "is listed, but missing", fix))
        pictures = {key: picture for key, picture in pictures.items() if key in splits}
        found.add_pairs(
            pictures, {key: labels[key] for key in pictures if key in labels}, trimaps, splits.get
        )
    else:
        found.notes.append(f"no {' or '.join(_LISTS)} in annotations: all pictures, without official split")
        found.add_pairs(pictures, labels, trimaps)
    reader = legend_reader(LEGEND, choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


def _is_root(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "annotations" / "trimaps").is_dir()


def _listed(folder: Path, names: list[str], found: Found) -> dict[str, SplitName | None]:
    """The split of each listed picture; rows of another form become problems."""
    splits: dict[str, SplitName | None] = {}
    for name in names:
        for number, line in read_list(folder / name):
            cells, where = line.split(), f"{folder / name} row {number}"
            if len(cells) != 4 or not all(cell.isdecimal() for cell in cells[1:]):
                found.problems.append(AssetError(where, _ROW, repr(line[:60]), "correct the list"))
            elif cells[0] in splits:
                fix = "remove one of them"
                found.problems.append(AssetError(where, "a picture once", f"{cells[0]} again", fix))
            else:
                splits[cells[0]] = _LISTS.get(name)
    return splits
