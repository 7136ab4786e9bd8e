"""Finding the pictures and labels of a data set: its folder, its lists, and which files belong together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.assets.listing import list_folder
from generator.errors import AssetError, one_line
from generator.files import read_regular
from generator.label_formats.items import Item
from generator.splits import SplitName

_LARGEST_LIST = 2**28
_DEPTH = 2


def find_root(source: Path, is_root: Callable[[Path], bool], name: str, layout: str) -> Path:
    """The folder of a data set: the source itself, or a folder at most two levels below it.

    Args:
        source: given by the user.
        is_root: whether a folder has the layout.
        name: of the data set, for errors.
        layout: what its folder holds, for errors.

    Raises:
        AssetError: there is none, or there are several, or the source is no folder.
    """
    require_folder(source, name)
    level = [source]
    for _ in range(_DEPTH + 1):
        found_here = [folder for folder in level if is_root(folder)]
        if len(found_here) > 1:
            several = f"{len(found_here)}, as {found_here[0]} and {found_here[1]}"
            raise AssetError(source, f"one {name} data set", several, "give the folder of one of them")
        if found_here:
            return found_here[0]
        level = [below for folder in level for below in _subfolders(folder)]
    raise AssetError(source, layout, "no such folders", f"give the folder of {name}")


def require_folder(source: Path, name: str) -> None:
    """Make sure that a source is a folder.

    Args:
        source: given by the user.
        name: of the data set, for the error.

    Raises:
        AssetError: it is not.
    """
    if not source.is_dir():
        found = "is a file, not a folder" if source.exists() else "does not exist"
        raise AssetError(source, "", found, f"give the folder of {name}")


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


@dataclass
class Found:
    """What was found of a data set so far, and what cannot be used.

    Attributes:
        source: given by the user; names of items are paths below it.
        items: not yet sorted.
        problems: see `LabelSource`.
        notes: see `LabelSource`.
    """

    source: Path
    items: list[Item] = field(default_factory=list)
    problems: list[AssetError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def pictures_below(self, folder: Path) -> list[Path]:
        """The pictures in a folder and below it, sorted; what cannot be read becomes a problem."""
        listing = list_folder(folder)
        self.problems += listing.problems
        self.problems += [
            AssetError(path, "", "is a broken link", "correct or remove it") for path in listing.dead_links
        ]
        return listing.pictures

    def by_key(self, paths: Iterable[Path], key_of: Callable[[Path], str | None]) -> dict[str, Path]:
        """Files by their key; a second file of one key becomes a problem.

        Args:
            paths: of the files.
            key_of: gives the key of a file; None leaves it out.
        """
        by_key: dict[str, Path] = {}
        for path in paths:
            key = key_of(path)
            if key is None:
                continue
            first = by_key.setdefault(key, path)
            if first != path:
                fix = "rename or remove one of them"
                self.problems.append(AssetError(path, f"one file for {key}", f"{first} too", fix))
        return by_key

    def add(
        self,
        picture: Path,
        label: Path,
        split: SplitName | None = None,
        depth: Path | None = None,
        objects: Path | None = None,
    ) -> None:
        """Add an item, whose fields are those of `Item`."""
        name = picture.relative_to(self.source).with_suffix("").as_posix()
        self.items.append(Item(name, picture, label, split=split, depth=depth, objects=objects))

    def add_pairs(
        self,
        pictures: Mapping[str, Path],
        labels: Mapping[str, Path],
        labels_folder: Path,
        split_of: Callable[[str], SplitName | None] = lambda key: None,
    ) -> None:
        """Add the pictures that have a label of the same key; the others become problems."""
        for key, picture in pictures.items():
            if key in labels:
                self.add(picture, labels[key], split_of(key))
            else:
                fix = "add the label, or remove the picture"
                self.problems.append(AssetError(picture, "", f"has no label in {labels_folder}", fix))
        self.report_labels_without_picture(pictures, labels)

    def report_labels_without_picture(self, pictures: Mapping[str, Path], labels: Mapping[str, Path]) -> None:
        """Make a problem of each label whose key no picture has."""
        for key, label in labels.items():
            if key not in pictures:
                fix = "add the picture, or remove the label"
                self.problems.append(AssetError(label, "", "has no picture", fix))

    def sorted_items(self) -> list[Item]:
        """The items by name.

        Raises:
            AssetError: there are none.
        """
        if not self.items:
            if self.problems:
                raise self.problems[0]
            raise AssetError(self.source, "", "holds no labelled pictures", "give another folder")
        return sorted(self.items, key=lambda item: item.name)

    def note_unlisted(self, present: Iterable[str], listed: Mapping[str, object], lists: str) -> None:
        """Note how many pictures of the folders stand in no list and are left out."""
        count = sum(key not in listed for key in present)
        if count:
            self.notes.append(f"{counted(count)} left out: in the folders, but not in {lists}")


def counted(pictures: int) -> str:
    """A number of pictures in words."""
    return "1 picture" if pictures == 1 else f"{pictures:,} pictures"


def read_list(path: Path) -> list[tuple[int, str]]:
    """The lines of a list, with their numbers from 1, without empty lines and comments (#).

    Raises:
        AssetError: it cannot be read.
    """
    try:
        text = read_regular(path, _LARGEST_LIST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AssetError(path, "a list of pictures", one_line(error), "save it as UTF-8 text") from error
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def read_splits(
    lists: Mapping[Path, SplitName], found: Found, key_of: Callable[[str], str] = lambda line: line.split()[0]
) -> dict[str, SplitName]:
    """The split of each picture that the lists of a data set name; a second mention becomes a problem.

    Args:
        lists: the files that are there, and their splits.
        found: gets the problems.
        key_of: gives the key of a line's picture.
    """
    splits: dict[str, SplitName] = {}
    for path, split in lists.items():
        for number, line in read_list(path):
            key = key_of(line)
            if key in splits:
                again = f"{key} again ({splits[key]} and {split})"
                where = f"{path} row {number}"
                found.problems.append(AssetError(where, "a picture once", again, "remove one of them"))
            splits.setdefault(key, split)
    return splits
