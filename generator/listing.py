"""Which files of a folder are pictures, and which are passed over."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import AssetError

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".avif"}
)
DEPTH_PICTURE_SUFFIX = ".depth.png"


@dataclass
class Listing:
    """What is in a folder and below.

    Attributes:
        pictures: sorted by their path inside the folder.
        passed_over: how many files of other kinds there are, by suffix in small letters.
        dead_links: links that lead nowhere, sorted.
        special: named pipes, sockets and devices, sorted.
    """

    pictures: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    dead_links: list[Path] = field(default_factory=list)
    special: list[Path] = field(default_factory=list)


def list_pictures(folder: Path) -> list[Path]:
    """All pictures in `folder` and below, sorted by their path inside it.

    See `list_folder` for what counts.

    Raises:
        AssetError: the folder is missing, is a file, or holds no picture.
    """
    pictures = list_folder(folder).pictures
    if not pictures:
        kinds = " ".join(sorted(PICTURE_SUFFIXES))
        raise AssetError(folder, f"at least one picture ({kinds})", "none", "put pictures there")
    return pictures


def list_folder(folder: Path) -> Listing:
    """Look through `folder` and below, links to other folders included, each folder once.

    Hidden files and depth maps (`NAME.depth.png`) do not count at all.

    Raises:
        AssetError: the folder is missing, or is a file.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise AssetError(folder, "a folder of pictures", found, "name a folder that holds pictures")
    listing = Listing()
    for entry in _walk(folder):
        path = Path(entry.path)
        if is_depth_name(entry.name):
            continue
        if not entry.is_file():
            (listing.special if path.exists() else listing.dead_links).append(path)
        elif path.suffix.lower() in PICTURE_SUFFIXES:
            listing.pictures.append(path)
        else:
            listing.passed_over[path.suffix.lower()] += 1
    for paths in (listing.pictures, listing.dead_links, listing.special):
        paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    return listing


def is_depth_name(name: str) -> bool:
    """Whether a file of this name is the depth of a picture beside it."""
    return name.lower().endswith(DEPTH_PICTURE_SUFFIX)


def _walk(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """All entries that are neither hidden nor folders; real folders come before links to them."""
    seen: set[tuple[int, int]] = set()
    waiting, links = [folder], list[Path]()
    while waiting or links:
        inside = waiting.pop() if waiting else links.pop(0)
        status = inside.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(inside) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                yield entry
            elif entry.is_symlink():
                links.append(Path(entry.path))
            else:
                waiting.append(Path(entry.path))
