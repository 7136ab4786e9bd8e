"""The Semantic Drone Dataset: Kaggle's, the official and a divided layout, masks of numbers or of colours."""

from pathlib import Path

from generator.assets.images import read_traits
from generator.errors import AssetError
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import Colour, NamedClass, fill_gaps, read_class_file
from generator.label_formats.find_pairs import Found, counted, find_root
from generator.label_formats.items import Choice, LabelSource
from generator.label_formats.legend import Legend, legend_reader, palette_notes, require_own_colours

NAME = "drone"
CLASSES: tuple[tuple[str, Colour], ...] = (
    ("unlabeled", (0, 0, 0)),
    ("paved-area", (128, 64, 128)),
    ("dirt", (130, 76, 0)),
    ("grass", (0, 102, 0)),
    ("gravel", (112, 103, 87)),
    ("water", (28, 42, 168)),
    ("rocks", (48, 41, 30)),
    ("pool", (0, 50, 89)),
    ("vegetation", (107, 142, 35)),
    ("roof", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("window", (254, 228, 12)),
    ("door", (254, 148, 12)),
    ("fence", (190, 153, 153)),
    ("fence-pole", (153, 153, 153)),
    ("person", (255, 22, 96)),
    ("dog", (102, 51, 0)),
    ("car", (9, 143, 150)),
    ("bicycle", (119, 11, 32)),
    ("tree", (51, 51, 0)),
    ("bald-tree", (190, 250, 190)),
    ("ar-marker", (112, 150, 146)),
    ("obstacle", (2, 135, 115)),
    ("conflicting", (255, 0, 0)),
)
"""The classes in the order of their numbers; the first and the last are void."""

PICTURES, LABELS = "original_images", "label_images_semantic"
OFFICIAL_PICTURES, OFFICIAL_LABELS = "images", "gt/semantic/label_images"
DIVIDED_PICTURES, DIVIDED_LABELS = "train/images", "train/masks"
_LAYOUTS = (
    (PICTURES, LABELS),
    (OFFICIAL_PICTURES, OFFICIAL_LABELS),
    (DIVIDED_PICTURES, DIVIDED_LABELS),
)
_DIVIDED_TEST = "test/images"
"""Pictures without masks."""
_NAMES_FILE = "labels.txt"
"""Of the divided layout: it names fewer classes than masks have ..."""
_NUMBERS_IN_MASKS = 23
_LEAST_NAMES = 8
"""... but at least so many of the data set, so that other data sets in this layout are not taken for it."""
CLASS_FILES = ("class_dict_seg.csv", "class_dict.csv", "gt/semantic/class_dict.csv", _NAMES_FILE)


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the Semantic Drone Dataset; see `LabelFormat`.

    A mask of grey holds numbers: the id of the class file, else its row. A mask of colours holds those of
    the class file. The data set has no official split: where its pictures are divided into train and test,
    those of test have no masks.
    """
    refuse_other_choices(NAME, choice, {"labels"})
    layout = " or ".join(f"{pictures} and {labels}" for pictures, labels in _LAYOUTS)
    root = find_root(source, lambda folder: _layout_of(folder) is not None, NAME, f"folders {layout}")
    names = _layout_of(root)
    assert names is not None
    images, masks = root / names[0], root / names[1]
    found = Found(source)
    pictures = found.by_key(found.pictures_below(images), lambda path: path.stem)
    labels = found.by_key(found.pictures_below(masks), lambda path: path.stem)
    found.add_pairs(pictures, labels, masks)
    if (root / _DIVIDED_TEST).is_dir():
        without = found.pictures_below(root / _DIVIDED_TEST)
        found.notes.append(f"{counted(len(without))} of {_DIVIDED_TEST} without masks, left out")
    legend = _legend(source, root, choice, found)
    _look_at_masks(list(labels.values()), legend, found)
    found.notes += palette_notes(list(labels.values()), legend)
    reader = legend_reader(legend, choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


def _layout_of(folder: Path) -> tuple[str, str] | None:
    there = [names for names in _LAYOUTS if all((folder / name).is_dir() for name in names)]
    return next((names for names in there if names[0] != DIVIDED_PICTURES or _names_drone(folder)), None)


def _names_drone(folder: Path) -> bool:
    """Whether the file of names is that of this data set, some of whose names are spelled in other ways."""
    try:
        named = {row.name.replace(" ", "-") for row in read_class_file(folder / _NAMES_FILE)}
    except AssetError:
        return False
    return len(named & {name for name, _ in CLASSES}) >= _LEAST_NAMES


def _legend(source: Path, root: Path, choice: Choice, found: Found) -> Legend:
    """The classes of the class file, which is in the folder of the data set, or above it in the source."""
    folders = [root, *(above for above in root.parents if above == source or source in above.parents)]
    there = (folder / name for folder in folders for name in CLASS_FILES)
    path = choice.labels or next((file for file in there if file.exists()), None)
    if path is None:
        found.notes.append(f"no {CLASS_FILES[0]}: the {len(CLASSES)} classes of the data set, by name")
        rows = tuple(NamedClass(number, name, colour) for number, (name, colour) in enumerate(CLASSES))
    else:
        count = _NUMBERS_IN_MASKS if path.name == _NAMES_FILE else 0
        rows = fill_gaps(read_class_file(path), count)
    void = {255} if rows[0].value < 0 else set[int]()
    return Legend(str(path or NAME), rows, void_values=frozenset(void))


def _look_at_masks(masks: list[Path], legend: Legend, found: Found) -> None:
    """Say what masks hold, by the first that can be opened; refuse colours that tell no class."""
    for mask in masks:
        try:
            colours = read_traits(mask).mode.startswith("RGB")
        except AssetError:
            continue  # reported when it is read
        found.notes.append(f"masks hold {'colours' if colours else 'numbers'} of classes")
        if colours:
            require_own_colours(legend)
        return
