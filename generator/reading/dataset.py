"""Opening a dataset: its manifest, its bank and its splits."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import COPY_AGAIN, DatasetError, UsageError
from generator.format.bank import Bank
from generator.format.manifest import (
    MANIFEST_FILE,
    GeneratedManifest,
    LabelledManifest,
    Manifest,
    read_manifest,
)
from generator.numerals import shown
from generator.places import Place, Url, as_place
from generator.progress import show_progress
from generator.reading.cached_copy import CachedCopy
from generator.reading.generated_split import GeneratedSplit
from generator.reading.labelled_split import LabelledSplit
from generator.reading.split import Split
from generator.reading.verify import check_files, wrong_sizes
from generator.reading.watch import FileMark, file_mark
from generator.remote.folder import RemoteFolder
from generator.remote.manifest import read_remote_manifest
from generator.splits import SPLITS, SplitName


@dataclass(frozen=True)
class _Reference:
    """What a pickle of a dataset holds, for another process that opens it again.

    Attributes:
        place: of the dataset.
        id: of the dataset.
        hash_files: whether the hashes of its files were checked.
        marks: of its files, from when they were checked; none for a URL.
    """

    place: Place
    id: str
    hash_files: bool
    marks: tuple[FileMark | None, ...] = ()

    def open(self) -> "Dataset":
        """Open the dataset.

        Files that are the same as when the dataset was first opened are not hashed. Other files, as of a copy
        on another machine, are checked as by `open_dataset`.

        Raises:
            DatasetError: as `open_dataset`, or the folder holds another dataset now.
        """
        with show_progress(False):
            if isinstance(self.place, Url):
                copy = CachedCopy.of(self.place)
                self._require_same(copy.manifest)
                return _open_remote(copy, self.hash_files, progress=False)
            manifest = read_manifest(self.place)
            self._require_same(manifest)
            is_known = _marks(self.place, manifest) == self.marks
            return _open(self.place, manifest, self.hash_files, self.hash_files and not is_known)

    def open_split(self, name: SplitName) -> Split:
        """Open the dataset and take one split."""
        return self.open()[name]

    def _require_same(self, manifest: Manifest) -> None:
        if manifest.id != self.id:
            expected, found = f"the dataset with id {self.id[:16]}...", f"id {manifest.id[:16]}..."
            raise DatasetError(self.place, expected, found, "open it again with open_dataset")


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A finished dataset: `dataset["train"]`, `dataset["val"]`, `dataset["test"]`.

    Iterating gives the names of its splits.

    Attributes:
        folder: where it is: a folder, or a URL.
        manifest: all of `dataset.json`.
        bank: sprites and backgrounds of a generated dataset; None in a labelled one.
        splits: by name; `len` of one may be 0. Those of a URL are downloaded when they are first used.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> dataset["val"].name, dataset["val"].size
        ('val', (32, 24))
    """

    folder: Place
    manifest: Manifest
    bank: Bank | None
    splits: Mapping[SplitName, Split]
    _reference: _Reference

    def __getitem__(self, split: SplitName) -> Split:
        """The split of a name.

        Raises:
            UsageError: there is no such split.
        """
        if split not in self.splits:
            names = ", ".join(self.splits)
            raise UsageError(self.folder, f"a split among {names}", shown(split), "choose one of them")
        return self.splits[split]

    def __iter__(self) -> Iterator[SplitName]:
        return iter(self.splits)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {split.samples:,}" for name, split in self.manifest.splits.items())
        width, height = self.manifest.size
        return f"<Dataset {self.folder}: {width} x {height} pixels, {counts} samples>"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the dataset as a reference to its folder, as a split does."""
        return self._reference.open, ()


class _SplitsOnFirstUse(Mapping[SplitName, Split]):
    """Splits that are opened when they are first used.

    Args:
        opened: opens one.
    """

    def __init__(self, opened: Callable[[SplitName], Split]) -> None:
        self._open, self._opened = opened, dict[SplitName, Split]()
        self._lock = threading.Lock()

    def __getitem__(self, name: SplitName) -> Split:
        if name not in SPLITS:
            raise KeyError(name)
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open(name)
            return self._opened[name]

    def __contains__(self, name: object) -> bool:
        return name in SPLITS

    def __iter__(self) -> Iterator[SplitName]:
        return iter(SPLITS)

    def __len__(self) -> int:
        return len(SPLITS)


def open_dataset(folder: str | Path, hash_files: bool = True, progress: bool = True) -> Dataset:
    """Open a dataset for reading.

    The structure and size of every file are always checked. Hashes are checked once per copy of the dataset:
    `.verified.json` remembers the size and modification time of each file that is right, and only a file that
    changed since is hashed again.

    Of a dataset behind a URL, the files of a split are downloaded and checked when the split is first used.
    They stay in the cache.

    Args:
        folder: of the dataset, or its URL as text, such as "s3://bucket/data".
        hash_files: whether to check hashes at all; those of downloads always are.
        progress: whether to show progress on stderr while hashing and downloading.

    Raises:
        DatasetError: it is missing, unfinished or damaged; names the file.
        RemoteError: the other side does not answer, or denies access.
        DiskSpaceError: the cache has no room.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> batch = dataset["val"].read([0, 5, 9])
    """
    place = as_place(folder)
    with show_progress(progress):
        if isinstance(place, Url):
            return _open_remote(CachedCopy.of(place), hash_files, progress)
        return _open(place, read_manifest(place), hash_files, check_hashes=hash_files)


def find_manifest(place: Place) -> Manifest | None:
    """The manifest of a dataset; None where there is no finished one.

    Raises:
        DatasetError: it is damaged.
        RemoteError: the other side does not answer, or denies access.
    """
    if isinstance(place, Url):
        has_one = RemoteFolder(place).size(MANIFEST_FILE) is not None
        return read_remote_manifest(place)[0] if has_one else None
    return read_manifest(place) if (place / MANIFEST_FILE).exists() else None


def _open(folder: Path, manifest: Manifest, hash_files: bool, check_hashes: bool) -> Dataset:
    """Open a dataset of this machine.

    Args:
        folder: of the dataset.
        manifest: of the dataset.
        hash_files: whether hashes are checked, here or before.
        check_hashes: whether to check them here.
    """
    files = manifest.files()
    reference = _Reference(folder.absolute(), manifest.id, hash_files, _marks(folder, manifest))
    problems = check_files(folder, files) if check_hashes else wrong_sizes(folder, files)
    for problem in problems.values():
        raise problem
    bank = _open_bank(folder, manifest)
    splits = {name: _open_split(folder, name, manifest, bank, reference) for name in SPLITS}
    return Dataset(folder, manifest, bank, splits, reference)


def _open_remote(copy: CachedCopy, hash_files: bool, progress: bool) -> Dataset:
    """Open a dataset behind a URL: its bank now, each split when it is first used."""
    manifest, folder = copy.manifest, copy.folder
    reference = _Reference(copy.url, manifest.id, hash_files)
    if isinstance(manifest, GeneratedManifest):
        copy.bring([manifest.bank], hash_files)
    bank = _open_bank(folder, manifest)

    def open_split(name: SplitName) -> Split:
        with show_progress(progress):
            copy.bring(manifest.splits[name].shards, hash_files)
        return _open_split(folder, name, manifest, bank, reference)

    return Dataset(copy.url, manifest, bank, _SplitsOnFirstUse(open_split), reference)


def _open_bank(folder: Path, manifest: Manifest) -> Bank | None:
    if isinstance(manifest, LabelledManifest):
        return None
    bank = Bank.open(folder / manifest.bank.file)
    _check_bank(folder / manifest.bank.file, bank, manifest)
    return bank.with_backgrounds_in_memory() if manifest.storage == "unrendered" else bank


def _open_split(
    folder: Path, name: SplitName, manifest: Manifest, bank: Bank | None, reference: _Reference
) -> Split:
    if isinstance(manifest, LabelledManifest):
        return LabelledSplit(folder, name, manifest, reference.open_split)
    assert bank is not None
    return GeneratedSplit(folder, name, manifest, bank, reference.open_split)


def _marks(folder: Path, manifest: Manifest) -> tuple[FileMark | None, ...]:
    return tuple(file_mark(folder / entry.file) for entry in manifest.files())


def _check_bank(path: Path, bank: Bank, manifest: GeneratedManifest) -> None:
    """Make sure that the bank has as many pictures as the manifest, in the right size."""
    width, height = manifest.size
    fgs, bgs = len(manifest.assets["fg"]), len(manifest.assets["bg"])
    if bank.bg.shape[1:3] != (height, width):
        found = f"{bank.bg.shape[2]} x {bank.bg.shape[1]}"
        raise DatasetError(path, f"backgrounds of {width} x {height}", found, COPY_AGAIN)
    if len(bank.bg) != bgs:
        raise DatasetError(path, f"the {bgs} backgrounds of the manifest", str(len(bank.bg)), COPY_AGAIN)
    shown = int(bank.sprite_fg[: bank.objects].max())
    if shown >= fgs:
        raise DatasetError(path, f"sprites of {fgs} foregrounds", f"one of number {shown}", COPY_AGAIN)
