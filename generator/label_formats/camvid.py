"""CamVid in its three forms: the original in colours, fast.ai's with numbers, SegNet's in 12 classes."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from generator.errors import AssetError
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.class_files import Colour, NamedClass, fill_gaps, read_class_file
from generator.label_formats.find_pairs import Found, read_splits, require_folder
from generator.label_formats.items import Choice, LabelSource
from generator.label_formats.legend import Legend, StoredAs, legend_reader
from generator.splits import SPLITS, SplitName

NAME = "camvid"
COLOURS: Mapping[str, Colour] = {
    "Animal": (64, 128, 64),
    "Archway": (192, 0, 128),
    "Bicyclist": (0, 128, 192),
    "Bridge": (0, 128, 64),
    "Building": (128, 0, 0),
    "Car": (64, 0, 128),
    "CartLuggagePram": (64, 0, 192),
    "Child": (192, 128, 64),
    "Column_Pole": (192, 192, 128),
    "Fence": (64, 64, 128),
    "LaneMkgsDriv": (128, 0, 192),
    "LaneMkgsNonDriv": (192, 0, 64),
    "Misc_Text": (128, 128, 64),
    "MotorcycleScooter": (192, 0, 192),
    "OtherMoving": (128, 64, 64),
    "ParkingBlock": (64, 192, 128),
    "Pedestrian": (64, 64, 0),
    "Road": (128, 64, 128),
    "RoadShoulder": (128, 128, 192),
    "Sidewalk": (0, 0, 192),
    "SignSymbol": (192, 128, 128),
    "Sky": (128, 128, 128),
    "SUVPickupTruck": (64, 128, 192),
    "TrafficCone": (0, 0, 64),
    "TrafficLight": (0, 64, 64),
    "Train": (192, 64, 128),
    "Tree": (128, 128, 0),
    "Truck_Bus": (192, 128, 192),
    "Tunnel": (64, 0, 64),
    "VegetationMisc": (192, 192, 0),
    "Void": (0, 0, 0),
    "Wall": (64, 192, 0),
}
"""The 32 classes in the order of fast.ai's numbers, with their colours in the original."""

SEGNET_CLASSES: tuple[tuple[str, Colour], ...] = (
    ("Sky", (128, 128, 128)),
    ("Building", (128, 0, 0)),
    ("Pole", (192, 192, 128)),
    ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)),
    ("Tree", (128, 128, 0)),
    ("SignSymbol", (192, 128, 128)),
    ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)),
    ("Pedestrian", (64, 64, 0)),
    ("Bicyclist", (0, 128, 192)),
    ("Void", (0, 0, 0)),
)
"""The classes 0 to 11 of SegNet's copy; 0 is Sky, and 11 is void."""

_CLASS_FILES = ("codes.txt", "label_colors.txt", "class_dict.csv")
_ANNOTATED = "annot"
_LAYOUT = "NAME_L.png or NAME_P.png beside pictures, or folders train and trainannot"


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List CamVid; see `LabelFormat`. The names of files tell which form it is."""
    refuse_other_choices(NAME, choice, {"labels"})
    require_folder(source, NAME)
    segnet = [
        folder
        for folder in (source, *sorted(path for path in source.iterdir() if path.is_dir()))
        if any(_is_segnet(folder, split) for split in SPLITS)
    ]
    if segnet:
        return _list_segnet(segnet[0], source, choice)
    found = Found(source)
    files = found.pictures_below(source)
    ending = next((mark for mark in ("_P", "_L") if any(path.stem.endswith(mark) for path in files)), None)
    if ending is None:
        raise AssetError(source, _LAYOUT, "neither", f"give the folder of {NAME}")
    ignored = sum(path.stem.endswith("_L") for path in files) if ending == "_P" else 0
    if ignored:
        found.notes.append(f"labels from NAME_P.png; {ignored:,} files NAME_L.png left out")
    pictures = found.by_key(files, lambda path: None if path.stem[-2:] in ("_P", "_L") else path.stem)
    labels = found.by_key(files, lambda path: path.stem[:-2] if path.stem.endswith(ending) else None)
    found.add_pairs(pictures, labels, source, _split_of(source, pictures, found).get)
    legend = _legend(source, choice, found, "numbers" if ending == "_P" else "colours")
    reader = legend_reader(legend, choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


def _split_of(source: Path, pictures: Mapping[str, Path], found: Found) -> Mapping[str, SplitName]:
    """The split of each picture: by fast.ai's list of validation pictures, or by folders train, val, test."""
    valid = next(
        (path for path in (source / "valid.txt", *source.glob("*/valid.txt")) if path.exists()), None
    )
    if valid is not None:
        listed = read_splits({valid: "val"}, found, _stem)
        for key in listed.keys() - pictures.keys():
            fix = "add the picture, or remove it from the list"
            found.problems.append(AssetError(valid, "pictures that are there", f"{key}, missing", fix))
        return {key: listed.get(key, "train") for key in pictures}
    folders = {key: path.parent.name for key, path in pictures.items()}
    if not set(folders.values()) <= set(SPLITS):
        return {}
    return {key: split for key, folder in folders.items() for split in SPLITS if split == folder}


def _legend(source: Path, choice: Choice, found: Found, stored_as: StoredAs) -> Legend:
    """The classes that a class file names, else the 32 of CamVid."""
    there = [
        path for name in _CLASS_FILES for path in (source / name, *source.glob(f"*/{name}")) if path.exists()
    ]
    path = choice.labels or next(iter(there), None)
    if path is None:
        found.notes.append("no codes.txt or label_colors.txt: CamVid's 32 classes, by name")
        rows = tuple(NamedClass(n, name, colour) for n, (name, colour) in enumerate(COLOURS.items()))
    else:
        rows = tuple(
            NamedClass(row.value, row.name, row.colour or COLOURS.get(row.name))
            for row in fill_gaps(read_class_file(path))
        )
    return Legend(str(path or NAME), rows, stored_as=stored_as)


def _is_segnet(folder: Path, split: str) -> bool:
    return (folder / split).is_dir() and (folder / f"{split}{_ANNOTATED}").is_dir()


def _list_segnet(root: Path, source: Path, choice: Choice) -> LabelSource:
    """SegNet's copy: lists name both files of a pair, by paths of a machine that nobody has."""
    found = Found(source)
    for split in SPLITS:
        if not _is_segnet(root, split):
            continue
        images, masks = root / split, root / f"{split}{_ANNOTATED}"
        pictures = found.by_key(found.pictures_below(images), lambda path: path.stem)
        labels = found.by_key(found.pictures_below(masks), lambda path: path.stem)
        path = root / f"{split}.txt"
        if path.exists():
            listed = read_splits({path: split}, found, _stem)
            found.note_unlisted(pictures, listed, path.name)
            for key in listed.keys() - pictures.keys():
                fix = "add the picture, or remove it from the list"
                missing = AssetError(images / f"{key}.png", "", f"is listed in {path.name}, but missing", fix)
                found.problems.append(missing)
            pictures = {key: picture for key, picture in pictures.items() if key in listed}
            labels = {key: label for key, label in labels.items() if key in listed}
        found.add_pairs(pictures, labels, masks, dict.fromkeys(pictures, split).get)
    if choice.labels is None:
        rows = tuple(NamedClass(n, name, colour) for n, (name, colour) in enumerate(SEGNET_CLASSES))
    else:
        rows = fill_gaps(read_class_file(choice.labels), len(SEGNET_CLASSES))
    reader = legend_reader(Legend(str(choice.labels or NAME), rows, stored_as="numbers"), choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


def _stem(line: str) -> str:
    """The name of a list's first picture, without the folders of another machine, suffix and ending."""
    return PurePosixPath(line.split()[0].replace("\\", "/")).stem
