"""Caltech-UCSD Birds 200 of 2011: masks in the grey of five annotators' votes, splits joined by number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import AssetError, ImageError
from generator.label_formats.binary import BinaryLevels, binary_reader
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.find_pairs import Found, find_root, read_list
from generator.label_formats.items import Choice, Item, LabelSource
from generator.label_formats.legend import read_exact_labels
from generator.splits import SplitName

NAME = "cub200"
_LAYOUT = "folders images and segmentations (a separate archive; beside or inside CUB_200_2011)"
_OLDER_FIX = "use CUB-200-2011, whose masks are pictures"
_SPLITS: dict[str, SplitName] = {"1": "train", "0": "test"}


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List CUB-200-2011; see `LabelFormat`.

    The grey of a mask, 0 to 255, says how many of five annotators saw the bird. It is the alpha. As a class,
    a pixel is bird where at least three of five saw it.
    """
    refuse_other_choices(NAME, choice)
    _refuse_2010(source)
    root = find_root(source, lambda folder: _masks_of(folder) is not None, NAME, _LAYOUT)
    masks = _masks_of(root)
    assert masks is not None
    found = Found(source if masks.is_relative_to(source) else root)
    images = root / "images"
    pictures = found.by_key(found.pictures_below(images), lambda path: _key(images, path))
    labels = found.by_key(found.pictures_below(masks), lambda path: _key(masks, path))
    if (root / "images.txt").exists():
        splits = _listed(root, found)
        found.note_unlisted(pictures, splits, "images.txt")
        for key in splits.keys() - pictures.keys():
            fix = "add the picture, or remove it from the list"
            found.problems.append(AssetError(images / key, "", "is listed in images.txt, but missing", fix))
        listed = {key: picture for key, picture in pictures.items() if key in splits}
        labels = {key: label for key, label in labels.items() if key in splits or key not in pictures}
        found.add_pairs(listed, labels, masks, splits.get)
    else:
        found.notes.append("no images.txt: the data set's own split is not known")
        found.add_pairs(pictures, labels, masks)
    reader = binary_reader(_Votes(), ("background", "bird"), choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


@dataclass(frozen=True)
class _Votes:
    """Reads the grey of votes as alpha."""

    def __call__(self, item: Item, size: tuple[int, int], /) -> BinaryLevels:
        labels = read_exact_labels(item, size)
        if labels.values.ndim == 3 or labels.palette is not None or labels.values.dtype != np.uint8:
            found = "colours" if labels.values.dtype == np.uint8 else "16 bits"
            fix = "use the masks of CUB-200-2011"
            raise ImageError(item.label or "", "8-bit grey: how many annotators agree", found, fix)
        return labels.values, None


def _key(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _masks_of(root: Path) -> Path | None:
    """The folder of masks that belongs to a folder with images."""
    if not (root / "images").is_dir():
        return None
    beside = (root / "segmentations", root.parent / "segmentations")
    return next((folder for folder in beside if folder.is_dir()), None)


def _refuse_2010(source: Path) -> None:
    for folder in (source, source / "annotations-mat", source / "annotations"):
        if folder.is_dir() and (folder / "lists" / "train.txt").exists():
            raise AssetError(folder, "CUB-200-2011", "CUB-200-2010 (lists/train.txt)", _OLDER_FIX)
        if folder.name == "annotations-mat" and folder.is_dir():
            raise AssetError(folder, "CUB-200-2011", "masks in .mat files, as in 2010", _OLDER_FIX)


def _listed(root: Path, found: Found) -> dict[str, SplitName | None]:
    """The split of each picture in images.txt, joined by number, by its path without suffix."""
    names = _by_number(root / "images.txt", found)
    split_file = root / "train_test_split.txt"
    splits = _by_number(split_file, found) if split_file.exists() else {}
    if not splits:
        found.notes.append(f"no {split_file.name}: the data set's own split is not known")
    listed: dict[str, SplitName | None] = {}
    for number, name in names.items():
        if splits and splits.get(number) not in _SPLITS:
            expected, given = f"1 (train) or 0 (test) for picture {number}", splits.get(number, "no row")
            found.problems.append(AssetError(split_file, expected, given, "correct the list"))
            continue
        split = _SPLITS.get(splits.get(number, ""))
        key = Path(name).with_suffix("").as_posix()
        if key in listed:
            where = f"{root / 'images.txt'} number {number}"
            found.problems.append(AssetError(where, "a picture once", f"{name} again", "remove one of them"))
        listed.setdefault(key, split)
    return listed


def _by_number(path: Path, found: Found) -> dict[str, str]:
    """The rows "number value" of a file; other rows become problems."""
    rows: dict[str, str] = {}
    for line, text in read_list(path):
        number, _, value = text.partition(" ")
        if not number.isdecimal() or not value or number in rows:
            given = f"{number} again" if number in rows else repr(text[:40])
            where = f"{path} row {line}"
            found.problems.append(AssetError(where, "a new number and a value", given, "correct the list"))
            continue
        rows[number] = value.strip()
    return rows
