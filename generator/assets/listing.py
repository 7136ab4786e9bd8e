"""Which files of a folder are pictures, which are skipped, and whether a dataset can hold their names."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.assets.depth_names import depth_names
from generator.errors import AssetError, printable
from generator.own_results import maker_of

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
DEPTH_PICTURE_SUFFIX = ".depth.png"

PICTURES_ADVICE = "Put pictures there, or give another folder."
CUT_OUTS_ADVICE = "Put cut-outs there, or give another folder with `fg`, or run 'fgbg samples'."
PHOTOS_ADVICE = "Put photos there, or give another folder with `bg`, or run 'fgbg samples'."
"""What to do about a folder without pictures."""

# Written by operating systems for their own use.
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


@dataclass
class Listing:
    """The files in a folder and in the folders below it.

    Attributes:
        folder: the folder.
        pictures: all files with the suffix of a picture, sorted by their path inside the folder. Some may be
            no pictures, or links to files that do not exist.
        skipped: how many other files there are, by suffix in lower case.
        results: the pictures that `drop_results` removed.
        dead_links: links to files that do not exist, without the suffix of a picture, sorted.
        problems: an error for each folder that cannot be read.
    """

    folder: Path
    pictures: list[Path] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    results: list[Path] = field(default_factory=list)
    dead_links: list[Path] = field(default_factory=list)
    problems: list[AssetError] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """Path inside the folder, with slashes."""
        return _name(self.folder, path)

    def drop_results(self) -> None:
        """Remove the pictures that fgbg wrote for people to look at; a dataset is not made from them."""
        self.results = [path for path in self.pictures if maker_of(path) is not None]
        if self.results:
            dropped = set(self.results)
            self.pictures = [path for path in self.pictures if path not in dropped]

    def remarks(self) -> list[str]:
        """Lines about skipped files."""
        lines = [f"{printable(path)}: a broken link, skipped" for path in self.dead_links]
        if self.results:
            count, noun = len(self.results), "result" if len(self.results) == 1 else "results"
            lines.append(f"{printable(self.folder)}: {count:,} {noun} of fgbg skipped")
        if self.skipped:
            kinds = ", ".join(
                f"{printable(suffix) or 'without suffix'} ({number:,})"
                for suffix, number in sorted(self.skipped.items(), key=lambda kind: (-kind[1], kind[0]))
            )
            count = self.skipped.total()
            files = "file" if count == 1 else "files"
            lines.append(f"{printable(self.folder)}: {count:,} {files} skipped: {kinds}")
        return lines


def list_pictures(
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
    results: bool = True,
    advice: str = PICTURES_ADVICE,
) -> list[Path]:
    """All pictures in `folder` and below, sorted by their path inside it.

    Args:
        folder: to look through.
        say: gets a line about skipped files.
        results: include the pictures that fgbg wrote for people to look at.
        advice: what to do if there are no pictures, for the error.

    Raises:
        AssetError: the folder is missing, is a file, or holds no picture, or a folder below cannot be read.
    """
    listing = list_folder(folder, advice=advice)
    if not results:
        listing.drop_results()
    for line in listing.remarks():
        say(line)
    if listing.problems:
        raise listing.problems[0]
    return require_pictures(listing, advice)


def list_assets(
    folder: Path, say: Callable[[str], None] = lambda line: None, advice: str = PICTURES_ADVICE
) -> list[Path]:
    """As `list_pictures`, for pictures that become part of a dataset: without results of fgbg.

    Raises:
        AssetError: as `list_pictures`, or a dataset cannot hold the name of a picture.
    """
    pictures = list_pictures(folder, say, results=False, advice=advice)
    for problem in check_names(folder, pictures).values():
        fix = f"{problem.fix}; 'fgbg review' lists all such names"
        raise AssetError(problem.where, problem.expected, problem.found, fix)
    return pictures


def require_pictures(listing: Listing, advice: str = PICTURES_ADVICE) -> list[Path]:
    """The pictures of a listing.

    Raises:
        AssetError: there are none.
    """
    if not listing.pictures:
        others = f" among its {listing.skipped.total():,} files" if listing.skipped else ""
        found = f"holds no pictures{others} ({' '.join(sorted(PICTURE_SUFFIXES))})"
        raise AssetError(listing.folder, "", found, advice)
    return listing.pictures


def list_folder(folder: Path, without: Path | None = None, advice: str = PICTURES_ADVICE) -> Listing:
    """List the files in `folder` and below, through links to folders, each folder once.

    Hidden files and depth files (`generator.assets.depth_names`) are left out.

    Args:
        folder: to look through.
        without: a folder inside it that is left out.
        advice: what to do if the folder is missing, for the error.

    Raises:
        AssetError: the folder is missing, or is a file.
    """
    if not folder.is_dir():
        found = "is a file, not a folder" if folder.exists() else "does not exist"
        raise AssetError(folder, "", found, advice)
    listing = Listing(folder)
    pictures: list[tuple[str, Path]] = []
    for inside, names in walk(folder, listing.problems, without):
        below = "" if inside == folder else f"{_name(folder, inside)}/"
        for name in sorted(set(names) - depth_names(names)):
            path = inside / name
            suffix = path.suffix.lower()
            if suffix in PICTURE_SUFFIXES:
                pictures.append((f"{below}{name}", path))
            elif path.is_symlink() and not path.exists():
                listing.dead_links.append(path)
            elif name.lower() not in _SYSTEM_FILES:
                listing.skipped[suffix] += 1
    listing.pictures = [path for _, path in sorted(pictures)]
    listing.dead_links.sort(key=listing.name)
    return listing


def check_names(folder: Path, pictures: Sequence[Path]) -> dict[Path, AssetError]:
    """An error for each picture in a folder whose name a dataset cannot hold.

    A name must be UTF-8. No two names may be the same in different Unicode forms: they look alike, and some
    file systems cannot hold both.
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
    """Whether a name is valid UTF-8; Python keeps other bytes as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def walk(
    folder: Path, problems: list[AssetError], without: Path | None = None
) -> Iterator[tuple[Path, Sequence[str]]]:
    """`folder` and the folders below it, each once, with the sorted names of the files that are not hidden.

    Links to folders are followed, after real folders.

    Args:
        folder: to look through.
        problems: gets an error for each folder that cannot be read.
        without: a folder inside it that is left out.
    """
    real = os.path.realpath(folder)
    # A link to a folder above would include everything, this folder too.
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
            found, fix = f"cannot be read: {error.strerror or error}", "give access to it, or move it away"
            problems.append(AssetError(inside, "", found, fix))
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
