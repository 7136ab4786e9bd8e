"""Pictures and masks in folders with the usual names, paired by their own names."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePath

from generator.assets.listing import PICTURE_SUFFIXES, walk
from generator.assets.pairing import Pair, pair_by_name
from generator.errors import AssetError, UsageError
from generator.label_formats.items import Item
from generator.label_formats.pairs_csv import SPLIT_OF_WORD
from generator.label_formats.patterns import NOUNS, SUFFIXES_OF_DEPTH, Role

PICTURE_FOLDERS = ("images", "image", "imgs", "img", "pictures", "photos", "fg_bg", "jpegimages", "rgb")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentations", "alpha", "matte")
"""Names of folders, in lower case, that are tried if the user names none."""

_OTHER_FOLDERS: Mapping[Role, tuple[str, ...]] = {
    "bg": ("bg", "background", "backgrounds"),
    "depth": ("depth", "depths"),
}


def pair_folders(
    source: Path, folders: Mapping[Role, str], problems: list[AssetError], notes: list[str]
) -> list[Item]:
    """Pair the pictures of folders with their masks by name; see `pair_by_name`.

    Without given folders, these are the folders called `PICTURE_FOLDERS` and `MASK_FOLDERS` in the source, or
    in its folders of splits; else the source itself holds both.

    Args:
        source: that folders are in.
        folders: that the user gave.
        problems: gets pictures and masks without partner, and folders without pairs.
        notes: gets lines about files that are not used.

    Raises:
        UsageError: only one of images and masks is given.
    """
    if ("images" in folders) != ("masks" in folders):
        given, missing = ("images", "masks") if "images" in folders else ("masks", "images")
        raise UsageError(f"`{given}`", "", f"goes with `{missing}`", f"give the folder of `{missing}` too")
    if "images" in folders:
        places = [{role: source / text for role, text in folders.items()}]
    else:
        given_too: dict[Role, Path] = {role: source / text for role, text in folders.items()}
        places = [{**place, **given_too} for place in _usual_places(source)]
    report = _Report(source, set(folders), problems, notes)
    return [item for place in places for item in report.pair(place)]


def _usual_places(source: Path) -> list[dict[Role, Path]]:
    """Where pictures and masks usually are: in folders of the source, or of its folders of splits."""
    inside = _folders_in(source)
    splits = [path for name, path in sorted(inside.items()) if name in SPLIT_OF_WORD]
    for parents in ([source], splits):
        places = []
        for parent in parents:
            there = _folders_in(parent)
            images = [there[name] for name in PICTURE_FOLDERS if name in there]
            masks = [there[name] for name in MASK_FOLDERS if name in there]
            if images and masks:
                place: dict[Role, Path] = {"images": images[0], "masks": masks[0]}
                for role, names in _OTHER_FOLDERS.items():
                    place.update((role, there[name]) for name in names if name in there)
                places.append(place)
        if places:
            return places
    return [{"images": source, "masks": source}]


def _folders_in(folder: Path) -> dict[str, Path]:
    """The folders in a folder by their names in lower case."""
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}


@dataclass(frozen=True)
class _Report:
    """Pairs places, and collects what is wrong with them."""

    source: Path
    given: Set[str]
    problems: list[AssetError]
    notes: list[str]

    def pair(self, place: Mapping[Role, Path]) -> Iterator[Item]:
        """The pictures of a place with their masks and, if there are any, backgrounds and depth."""
        try:
            pairs, problems = pair_by_name(place["images"], place["masks"], self.notes.append)
        except AssetError as error:
            self.problems.append(error)
            return
        self.problems.extend(problems)
        files = {role: self._partners(pairs, place[role], role) for role in _OTHER_FOLDERS if role in place}
        files = {role: of_pair for role, of_pair in files.items() if of_pair}
        for number, pair in enumerate(pairs):
            own = {role: of_pair[number] for role, of_pair in files.items()}
            wrong = next((role for role, paths in own.items() if len(paths) != 1), None)
            if wrong is not None:
                self.problems.append(_not_one(pair.picture, NOUNS[wrong], own[wrong], place[wrong]))
                continue
            others = {role: paths[0] for role, paths in own.items()}
            name = name_below(self.source, pair.picture)
            yield Item(name, pair.picture, pair.mask, bg=others.get("bg"), depth=others.get("depth"))

    def _partners(self, pairs: Sequence[Pair], folder: Path, role: Role) -> list[list[Path]]:
        """The files of each pair in a folder of backgrounds or of depth: there should be one.

        None at all if one is missing that nobody asked for.
        """
        by_name = self._by_name(folder, role)
        found = [by_name.get(pair.name.as_posix(), []) for pair in pairs]
        lonely = sum(not paths for paths in found)
        if lonely and role not in self.given:
            self.notes.append(
                f"{folder} is not used: {lonely:,} of {len(pairs):,} pictures have no file of their name in"
                " it. Patterns match other names: `images` 'fg_bg/{bg}_{n}.jpg' goes with `bg` 'bg/{bg}.jpg'"
            )
            return []
        return found

    def _by_name(self, folder: Path, role: Role) -> dict[str, list[Path]]:
        """The files of a folder by the name of the picture that they may belong to."""
        kinds = SUFFIXES_OF_DEPTH if role == "depth" else PICTURE_SUFFIXES
        by_name: dict[str, list[Path]] = {}
        for inside, names in walk(folder, self.problems):
            for path in (inside / name for name in names if PurePath(name).suffix.lower() in kinds):
                name = name_below(folder, path)
                for ending in ("", *(f"{mark}{role}" for mark in "_-.")):
                    if name.endswith(ending):
                        by_name.setdefault(name.removesuffix(ending), []).append(path)
        return by_name


def _not_one(picture: Path, noun: str, found: Sequence[Path], folder: Path) -> AssetError:
    """The error for a picture that has no file of a kind, or several."""
    if found:
        several = " and ".join(map(str, found[:3]))
        return AssetError(picture, f"one {noun}", several, "keep one of them")
    return AssetError(picture, "", f"has no {noun} in {folder}", f"add the {noun}, or remove the picture")


def name_below(folder: Path, path: Path) -> str:
    """The path of a file below a folder without suffix; of a file elsewhere, its path without anchor."""
    # Text, not `Path.relative_to`, which takes half the time of listing a large folder.
    text, above = str(path), str(folder / "a")[:-1]
    inside = text[len(above) :] if text.startswith(above) else text[len(path.anchor) :]
    name = inside.replace(os.sep, "/")
    suffix = name.rfind(".")
    return name[:suffix] if suffix > name.rfind("/") + 1 else name
