"""Which files of a folder are pictures, which are passed over, and whether their names will do."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.assets.depth_names import depth_names
from generator.errors import AssetError, printable
from generator.marks import maker_of

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
DEPTH_PICTURE_SUFFIX = ".depth.png"

# Made by a system for itself.
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


@dataclass
class Listing:
    """What is in a folder and below.

    Attributes:
        folder: that was looked through.
        pictures: whatever is named like a picture, sorted by its path inside the folder; opening one tells
            whether it is a picture, or a link to nowhere.
        passed_over: how many files of other kinds there are, by suffix in small letters.
        results: of the pictures those that `drop_results` took out.
        dead_links: links to nowhere that are not named like pictures, sorted.
        problems: an error for each folder that cannot be read.
    """

    folder: Path
    pictures: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    results: list[Path] = field(default_factory=list)
    dead_links: list[Path] = field(default_factory=list)
    problems: list[AssetError] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """Path inside the folder, with slashes."""
        return _name(self.folder, path)

    def drop_results(self) -> None:
        """Take out what fgbg itself wrote to look at: it is no source of anything new."""
        self.results = [path for path in self.pictures if maker_of(path) is not None]
        if self.results:
            dropped = set(self.results)
            self.pictures = [path for path in self.pictures if path not in dropped]

    def remarks(self) -> list[str]:
        """Lines on what was passed over."""
        lines = [f"{printable(path)}: a link to nowhere, passed over" for path in self.dead_links]
        if self.results:
            count, noun = len(self.results), "result" if len(self.results) == 1 else "results"
            lines.append(f"{printable(self.folder)}: {count:,} {noun} of fgbg passed over")
        if self.passed_over:
            kinds = ", ".join(
                f"{printable(suffix) or 'without suffix'} ({number:,})"
                for suffix, number in sorted(self.passed_over.items(), key=lambda kind: (-kind[1], kind[0]))
            )
            count = self.passed_over.total()
            files = "file" if count == 1 else "files"
            lines.append(f"{printable(self.folder)}: {count:,} {files} passed over: {kinds}")
        return lines


def list_pictures(
    folder: Path, say: Callable[[str], None] = lambda line: None, results: bool = True
) -> list[Path]:
    """All pictures in `folder` and below, sorted by their path inside it.

    Args:
        folder: to look through.
        say: gets a line on whatever is passed over.
        results: whether to take what fgbg itself wrote to look at.

    Raises:
        AssetError: as `list_folder`, or a folder below cannot be read, or there is no picture.
    """
    listing = list_folder(folder)
    if not results:
        listing.drop_results()
    for line in listing.remarks():
        say(line)
    if listing.problems:
        raise listing.problems[0]
    return require_pictures(listing)


def list_assets(folder: Path, say: Callable[[str], None] = lambda line: None) -> list[Path]:
    """The same of pictures that become part of a dataset: no results of ours, and with names for a manifest.

    Raises:
        AssetError: as `list_pictures`, or a name cannot stand in a dataset.
    """
    pictures = list_pictures(folder, say, results=False)
    for problem in check_names(folder, pictures).values():
        fix = f"{problem.fix}; 'fgbg review' lists all such names"
        raise AssetError(problem.where, problem.expected, problem.found, fix)
    return pictures


def require_pictures(listing: Listing) -> list[Path]:
    """The pictures of a listing.

    Raises:
        AssetError: there are none.
    """
    if not listing.pictures:
        kinds = " ".join(sorted(PICTURE_SUFFIXES))
        found = "none" if not listing.passed_over else f"none among {listing.passed_over.total():,} files"
        raise AssetError(listing.folder, f"at least one picture ({kinds})", found, "put pictures there")
    return listing.pictures


def list_folder(folder: Path, without: Path | None = None) -> Listing:
    """Look through `folder` and below, links to other folders included, each folder once.

    Hidden files and depth (`generator.assets.depth_names`) do not count at all.

    Args:
        folder: to look through.
        without: a folder inside it that is left out.

    Raises:
        AssetError: the folder is missing, or is a file.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise AssetError(folder, "a folder of pictures", found, "name a folder that holds pictures")
    listing = Listing(folder)
    for inside, names in _walk(folder, without, listing.problems):
        for name in sorted(set(names) - depth_names(names)):
            path = inside / name
            suffix = path.suffix.lower()
            if suffix in PICTURE_SUFFIXES:
                listing.pictures.append(path)
            elif path.is_symlink() and not path.exists():
                listing.dead_links.append(path)
            elif name.lower() not in _SYSTEM_FILES:
                listing.passed_over[suffix] += 1
    listing.pictures.sort(key=listing.name)
    listing.dead_links.sort(key=listing.name)
    return listing


def check_names(folder: Path, pictures: Sequence[Path]) -> dict[Path, AssetError]:
    """An error for each picture in a folder whose name cannot stand in a dataset.

    A name must be UTF-8, and no other name may be the same in another Unicode form: the two look alike, and
    some file systems cannot hold both.
    """
    problems = {}
    seen: dict[str, Path] = {}
    for path in pictures:
        name = _name(folder, path)
        if not is_utf8(name):
            problems[path] = AssetError(path, "a name in UTF-8", "other bytes", "rename it")
            continue
        first = seen.setdefault(unicodedata.normalize("NFC", name), path)
        if first is not path:
            found = f"{name!a}, which is {_name(folder, first)!a} in another Unicode form"
            problems[path] = AssetError(path, "a name of its own", found, "rename or remove one of them")
    return problems


def is_utf8(name: str) -> bool:
    """Whether a name can be written as text; Python keeps other bytes as halves of characters."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _walk(
    folder: Path, without: Path | None, problems: list[AssetError]
) -> Iterator[tuple[Path, Sequence[str]]]:
    """Each folder with its names that are neither hidden nor folders; real folders come before links."""
    real = os.path.realpath(folder)
    # A link to a folder above would bring in everything, this folder too.
    seen = {str(above) for above in Path(real).parents}
    if without is not None and (left_out := os.path.realpath(without)) != real:
        seen.add(left_out)
    waiting, links = [folder], list[Path]()
    while waiting or links:
        inside = waiting.pop() if waiting else links.pop(0)
        names = []
        if (real := os.path.realpath(inside)) in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(inside) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found, fix = error.strerror or str(error), "give access to it, or move it away"
            problems.append(AssetError(inside, "a folder that can be read", found, fix))
            continue
        for entry in ordered:
            if entry.name.startswith("."):
                continue
            if entry.is_symlink() and Path(entry.path).is_dir():
                links.append(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                names.append(entry.name)
        yield inside, names
