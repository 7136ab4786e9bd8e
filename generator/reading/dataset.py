"""Opening a dataset: its manifest, its bank and its splits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import COPY_AGAIN, DatasetError, UsageError
from generator.format.bank import Bank
from generator.format.manifest import GeneratedManifest, LabelledManifest, Manifest, read_manifest
from generator.numerals import shown
from generator.progress import show_progress
from generator.reading.generated_split import GeneratedSplit
from generator.reading.labelled_split import LabelledSplit
from generator.reading.split import Split
from generator.reading.verify import check_files, wrong_sizes
from generator.reading.watch import FileMark, file_mark
from generator.splits import SPLITS, SplitName


@dataclass(frozen=True)
class _Reference:
    """What a pickle of a dataset holds, for another process that opens it again.

    Attributes:
        folder: of the dataset.
        id: of the dataset.
        hash_files: whether the hashes of its files were checked.
        marks: of its files, from when they were checked.
    """

    folder: Path
    id: str
    hash_files: bool
    marks: tuple[FileMark | None, ...]

    def open(self) -> "Dataset":
        """Open the dataset.

        Files that are the same as when the dataset was first opened are not hashed. Other files, as of a copy
        on another machine, are checked as by `open_dataset`.

        Raises:
            DatasetError: as `open_dataset`, or the folder holds another dataset now.
        """
        manifest = read_manifest(self.folder)
        if manifest.id != self.id:
            expected, found = f"the dataset with id {self.id[:16]}...", f"id {manifest.id[:16]}..."
            raise DatasetError(self.folder, expected, found, "open it again with open_dataset")
        is_known = _marks(self.folder, manifest) == self.marks
        check_hashes = self.hash_files and not is_known
        with show_progress(False):
            return _open(self.folder, manifest, self.hash_files, check_hashes)

    def open_split(self, name: SplitName) -> Split:
        """Open the dataset and take one split."""
        return self.open()[name]


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A finished dataset: `dataset["train"]`, `dataset["val"]`, `dataset["test"]`.

    Iterating gives the names of its splits.

    Attributes:
        folder: where it is.
        manifest: all of `dataset.json`.
        bank: sprites and backgrounds of a generated dataset; None in a labelled one.
        splits: by name; `len` of one may be 0.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> dataset["val"].name, dataset["val"].size
        ('val', (32, 24))
    """

    folder: Path
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
        counts = ", ".join(f"{name} {len(split):,}" for name, split in self.splits.items())
        width, height = self.manifest.size
        return f"<Dataset {self.folder}: {width} x {height} pixels, {counts} samples>"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the dataset as a reference to its folder, as a split does."""
        return self._reference.open, ()


def open_dataset(folder: str | Path, hash_files: bool = True, progress: bool = True) -> Dataset:
    """Open a dataset for reading.

    The structure and size of every file are always checked. Hashes are checked once per copy of the dataset:
    `.verified.json` remembers the size and modification time of each file that is right, and only a file that
    changed since is hashed again.

    Args:
        folder: of the dataset.
        hash_files: whether to check hashes at all.
        progress: whether to show progress on stderr while hashing.

    Raises:
        DatasetError: it is missing, unfinished or damaged; names the file.

    Example:
        >>> dataset = fgbg.open_dataset("data/shards")
        >>> batch = dataset["val"].read([0, 5, 9])
    """
    folder = Path(folder)
    with show_progress(progress):
        return _open(folder, read_manifest(folder), hash_files, check_hashes=hash_files)


def _open(folder: Path, manifest: Manifest, hash_files: bool, check_hashes: bool) -> Dataset:
    """Open a dataset.

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
    splits: dict[SplitName, Split] = {}
    if isinstance(manifest, LabelledManifest):
        for name in SPLITS:
            splits[name] = LabelledSplit(folder, name, manifest, reference.open_split)
        return Dataset(folder, manifest, None, splits, reference)
    bank = Bank.open(folder / manifest.bank.file)
    _check_bank(folder / manifest.bank.file, bank, manifest)
    if manifest.storage == "unrendered":
        bank = bank.with_backgrounds_in_memory()
    for name in SPLITS:
        splits[name] = GeneratedSplit(folder, name, manifest, bank, reference.open_split)
    return Dataset(folder, manifest, bank, splits, reference)


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
