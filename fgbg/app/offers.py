"""What a user of the page can choose: the networks, datasets and runs in the places that the start names.

A link inside such a place is followed only if it leads to the same place. So the page never shows a file
that was not named when it was started.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from generator.errors import DatasetError, UsageError, printable
from generator.files import real_path
from generator.format.manifest import MANIFEST_FILE, read_manifest
from training.records.run_files import BEST, LAST
from training.records.run_folder import CSV_FILE, LOG_FOLDER

_EXPORTED = (".onnx", ".safetensors")
Offers = dict[str, Path]
"""Paths by the name that the page shows, in the order in which it shows them."""


def find_networks(places: Sequence[Path]) -> Offers:
    """Checkpoints, and networks that were exported.

    Args:
        places: files, folders of runs, or folders of such folders. Of a folder, best.pt, last.pt and all
            exported networks are offered.
    """
    files = [place for place in places if place.is_file()]
    return _named([*files, *_found(places, _networks)])


def find_runs(places: Sequence[Path]) -> Offers:
    """Folders of runs with a table of their epochs, among the places and their folders."""
    return _named(_found(places, lambda folder: [folder / LOG_FOLDER / CSV_FILE]), LOG_FOLDER, CSV_FILE)


def find_datasets(places: Sequence[Path]) -> Offers:
    """Folders of datasets, among the places and their folders."""
    return _named(_found(places, lambda folder: [folder / MANIFEST_FILE]), MANIFEST_FILE)


def require_inside(folder: Path) -> None:
    """Make sure that every file of a dataset is in its folder.

    Raises:
        DatasetError: a file is a link that leads out of the folder, or the dataset has no manifest.
    """
    for entry in read_manifest(folder).files():
        if not _leads_inside(folder, folder / entry.file):
            problem = "is a link that leads out of the dataset"
            raise DatasetError(folder / entry.file, "", problem, "put the file itself there")


def require_places(places: Sequence[Path]) -> None:
    """Make sure that places exist.

    Raises:
        UsageError: one does not.
    """
    for place in places:
        if not place.exists():
            raise UsageError(place, "", "does not exist", "check the path")


def require_something(checkpoints: Sequence[Path], data: Sequence[Path]) -> None:
    """Make sure that there is something to show.

    Raises:
        UsageError: there is neither a network nor a run nor a dataset.
    """
    if not (find_networks(checkpoints) or find_runs(checkpoints) or find_datasets(data)):
        where = ", ".join(str(place) for place in (*checkpoints, *data))
        fix = "train a network, or name other places with `checkpoint` and `data`"
        raise UsageError(where, "", "hold neither a network nor a dataset", fix)


def _networks(folder: Path) -> Iterator[Path]:
    yield from (folder / BEST, folder / LAST)
    yield from sorted(path for path in _entries(folder) if path.suffix.lower() in _EXPORTED)


def _found(places: Iterable[Path], wanted: Callable[[Path], Iterable[Path]]) -> Iterator[Path]:
    """The files that exist among those `wanted` in each place and in its folders."""
    for place in places:
        if not place.is_dir():
            continue
        inner = [path for path in _entries(place) if path.is_dir() and not path.is_symlink()]
        for folder in (place, *sorted(inner)):
            for path in wanted(folder):
                if path.is_file() and _leads_inside(place, path):
                    yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:
        return []


def _leads_inside(place: Path, path: Path) -> bool:
    return real_path(path).is_relative_to(real_path(place))


def _named(paths: Iterable[Path], *ending: str) -> Offers:
    """Paths without an ending, by their printable texts."""
    cut = [Path(*path.parts[: len(path.parts) - len(ending)]) for path in paths]
    return {printable(path.as_posix()): path for path in cut}
