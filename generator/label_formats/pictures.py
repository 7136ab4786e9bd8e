"""Finding the pictures that label files name, and collecting them as items, each once."""

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from generator.assets.listing import check_names, list_folder
from generator.errors import AssetError, printable
from generator.label_formats.items import Item, LabelReader, LabelSource
from generator.label_formats.object_classes import ObjectClasses
from generator.splits import SplitName

_SPLIT_WORDS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_WORD = re.compile(r"[a-z]+")
_SOME = 3


def split_named(text: str) -> SplitName | None:
    """The split that the name of a file or folder says: `instances_val2017` is val; None if it says none."""
    found = {_SPLIT_WORDS[word] for word in _WORD.findall(text.lower()) if word in _SPLIT_WORDS}
    return found.pop() if len(found) == 1 else None


class PictureFinder:
    """The pictures in a folder and below, found by the names that label files have for them.

    Args:
        root: the folder.

    Attributes:
        root: the folder.
        problems: an error for each folder that cannot be read.
        moved: how many pictures were found in another folder than the label file says.

    Raises:
        AssetError: the folder is missing, or is a file.
    """

    def __init__(self, root: Path) -> None:
        listing = list_folder(root)
        self.root = root
        self.problems = listing.problems
        self.moved = 0
        self._folders: dict[Path, str] = {}
        self._by_path = {listing.name(path): path for path in listing.pictures}
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for inside in self._by_path:
            self._by_name[posixpath.basename(inside)].append(inside)

    @property
    def pictures(self) -> Sequence[Path]:
        """All pictures, sorted by their path."""
        return list(self._by_path.values())

    def find(self, where: Path, stored: str, near: Sequence[Path] = ()) -> Path:
        """The picture that a label file means.

        If it is not where the label file says, it is the picture of which one path ends with the other, as
        after folders were moved; or the only picture of its name.

        Args:
            where: the label file.
            stored: the path in it, with `/` or backslashes, relative or of another machine.
            near: folders in which the path is looked up first.

        Raises:
            AssetError: there is no such picture, or there are several.
        """
        named = stored.replace("\\", "/")
        for folder in near:
            inside = posixpath.normpath(posixpath.join(self._inside(folder), named))
            if inside in self._by_path:
                return self._by_path[inside]
        parts = [part for part in named.split("/") if part not in ("", ".", "..")]
        candidates = self._by_name.get(parts[-1], []) if parts else []
        ending = [inside for inside in candidates if _one_ends_with_the_other(inside.split("/"), parts)]
        if len(ending) == 1:
            return self._by_path[ending[0]]
        if len(candidates) == 1:
            self.moved += 1
            return self._by_path[candidates[0]]
        if candidates:
            found = f"is in {len(candidates)} folders: {candidates[0]}, {candidates[1]}"
            fix = "move pictures to the folders that the label file names"
            raise AssetError(f"{where}: {stored}", "", found, fix)
        raise AssetError(
            f"{where}: {stored}", "", f"is no picture below {self.root}", "put the picture there"
        )

    def beside(self, path: Path) -> Path | None:
        """The picture with the name of another file, but for its suffix; None if there is not just one."""
        stem = path.relative_to(self.root).with_suffix("").as_posix()
        found = [inside for inside in self._by_path if posixpath.splitext(inside)[0] == stem]
        return self._by_path[found[0]] if len(found) == 1 else None

    def without_label(self, used: Container[Path], fix: str) -> list[AssetError]:
        """An error for each picture that no label file names.

        Args:
            used: the pictures of all items.
            fix: what to do about it.
        """
        left = [path for path in self._by_path.values() if path not in used]
        return [AssetError(path, "", "has no label file", fix) for path in left]

    def _inside(self, folder: Path) -> str:
        """The path of a folder inside the root, which is looked up often; another path if it is outside."""
        if folder not in self._folders:
            self._folders[folder] = os.path.relpath(folder, self.root).replace(os.sep, "/")
        return self._folders[folder]

    def notes(self, used: Container[Path]) -> list[str]:
        """Lines for the user: pictures that were moved, and those that no label file names.

        Args:
            used: the pictures of all items.
        """
        root, lines = printable(self.root), []
        if self.moved:
            noun = (
                "1 picture is in another folder"
                if self.moved == 1
                else f"{self.moved:,} pictures are in other folders"
            )
            lines.append(f"{root}: {noun} than the label file says")
        if left := [inside for inside, path in self._by_path.items() if path not in used]:
            some = ", ".join(map(printable, left[:_SOME])) + (", ..." if len(left) > _SOME else "")
            noun = "1 picture is" if len(left) == 1 else f"{len(left):,} pictures are"
            lines.append(f"{root}: {noun} in no label file, left out: {some}")
        return lines


def _one_ends_with_the_other(parts: Sequence[str], others: Sequence[str]) -> bool:
    shared = min(len(parts), len(others))
    return list(parts[-shared:]) == list(others[-shared:])


class Gathered:
    """The items of a source, while its label files are read: each picture and each name once.

    Args:
        root: the folder from which names of items count.

    Attributes:
        items: by their pictures.
        problems: what cannot be used.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.items: dict[Path, Item] = {}
        self.problems: list[AssetError] = []
        self._names: dict[str, Path] = {}

    def add(
        self,
        where: str | Path,
        picture: Path,
        label: Path | None = None,
        content: Any = None,
        split: SplitName | None = None,
    ) -> None:
        """Add a labelled picture; one that is there already becomes a problem.

        Args:
            where: its label, for the error.
            picture: its file, below the root.
            label: as `Item`.
            content: as `Item`.
            split: as `Item`.
        """
        name = posixpath.splitext("/".join(picture.parts[len(self.root.parts) :]))[0]
        if picture in self.items:
            found, fix = f"labels {picture} again", "remove one of the two labels"
            self.problems.append(AssetError(where, "", found, fix))
        elif name in self._names:
            found = f"one that differs from {self._names[name].name} in its suffix only"
            self.problems.append(AssetError(picture, "a name of its own", found, "rename one of them"))
        else:
            self._names[name] = picture
            self.items[picture] = Item(name, picture, label, content, split)

    def source(
        self, classes: ObjectClasses, read_label: LabelReader, notes: Sequence[str] = ()
    ) -> LabelSource:
        """The source with all items.

        Args:
            classes: of the source.
            read_label: of the format, for labels on the upright picture.
            notes: for the user.
        """
        wrong = check_names(self.root, list(self.items))
        items = [item for picture, item in self.items.items() if picture not in wrong]
        return LabelSource(
            items=sorted(items, key=lambda item: item.name),
            mask=classes.mask,
            read_label=read_label,
            problems=[*self.problems, *wrong.values()],
            notes=list(notes),
            instances=True,
        )
