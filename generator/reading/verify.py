"""Check that the files of a dataset are as they were written: their sizes and BLAKE3 hashes."""

import contextlib
import json
import stat
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import hash_file, read_regular, write_atomically
from generator.format.manifest import read_manifest
from generator.format.records import BankEntry, ShardEntry
from generator.places import Url, as_place
from generator.progress import Progress, show_progress
from generator.remote.check import wrong_remote_files
from generator.workers import cores

VERIFIED_FILE = ".verified.json"

_MOST_BYTES = 2**28

Entry = BankEntry | ShardEntry
Mark = list[int | str]


def verify_dataset(folder: str | Path, quick: bool = False, progress: bool = True) -> list[DatasetError]:
    """Find every file of a dataset that is missing or has changed since it was written.

    Args:
        folder: of the dataset, or its URL, whose files are then read and hashed without keeping them.
        quick: compare only sizes; otherwise every file is hashed, whether it was found right before or not.
        progress: whether to show progress on stderr.

    Returns:
        One error for each wrong file; an empty list where all files are right.

    Raises:
        DatasetError: the folder holds no finished dataset, or its `dataset.json` is damaged.

    Example:
        >>> fgbg.verify_dataset("data/shards", progress=False)
        []
    """
    folder = as_place(folder)
    if isinstance(folder, Url):
        with show_progress(progress):
            return list(wrong_remote_files(folder, quick).values())
    entries = read_manifest(folder).files()
    if quick:
        return list(wrong_sizes(folder, entries).values())
    with show_progress(progress):
        return list(check_files(folder, entries, trust_memory=False).values())


def check_files(folder: Path, entries: Sequence[Entry], trust_memory: bool = True) -> dict[str, DatasetError]:
    """Find wrong files; a file that was right before and has not changed since is not hashed again.

    `.verified.json` remembers the size and modification time of each file that is right.

    Args:
        folder: of the dataset.
        entries: its files, or some of them, with their right sizes and hashes.
        trust_memory: use `.verified.json`; False hashes every file.

    Returns:
        The error of each wrong file, by the file's name.
    """
    remembered = _read_verified(folder)
    marks = {entry.file: _mark(folder, entry) for entry in entries}
    unknown = [
        entry
        for entry in entries
        if not trust_memory
        or remembered.get(entry.file) != marks[entry.file]
        or marks[entry.file][:1] != [entry.bytes]
    ]
    problems = wrong_files(folder, unknown)
    verified = {file: mark for file, mark in (remembered | marks).items() if file not in problems}
    if verified != remembered:
        _remember(folder, verified)
    return problems


def remember_right(folder: Path, entries: Sequence[Entry]) -> None:
    """Remember that these files are right, because someone has just hashed them."""
    _remember(folder, _read_verified(folder) | {entry.file: _mark(folder, entry) for entry in entries})


def _remember(folder: Path, verified: dict[str, Mark]) -> None:
    # A dataset on a read-only disk is hashed each time.
    with contextlib.suppress(OSError):
        write_atomically(folder / VERIFIED_FILE, json.dumps(verified).encode())


def wrong_sizes(folder: Path, entries: Iterable[Entry]) -> dict[str, DatasetError]:
    """Find files that are missing or of a wrong size: the error of each, by the file's name."""
    found = ((entry.file, _wrong_size(folder, entry)) for entry in entries)
    return {file: problem for file, problem in found if problem is not None}


def wrong_files(folder: Path, entries: Sequence[Entry], label: str = "verifying") -> dict[str, DatasetError]:
    """Hash files, several at a time, and find those that are wrong.

    Args:
        folder: of the dataset.
        entries: files with their right sizes and hashes.
        label: of the progress.

    Returns:
        The error of each wrong file, by the file's name.
    """
    problems = wrong_sizes(folder, entries)
    unknown = [entry for entry in entries if entry.file not in problems]
    with (
        Progress(label, sum(entry.bytes for entry in unknown) // 2**20 + 1, "MiB") as progress,
        ThreadPoolExecutor(cores()) as pool,
    ):
        answers = pool.map(lambda entry: _wrong_hash(folder, entry), unknown)
        for entry, problem in zip(unknown, answers, strict=True):
            if problem is not None:
                problems[entry.file] = problem
            progress.advance(entry.bytes // 2**20)
    return {entry.file: problems[entry.file] for entry in entries if entry.file in problems}


def _wrong_size(folder: Path, entry: Entry) -> DatasetError | None:
    path = folder / entry.file
    try:
        status = path.stat()
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        if isinstance(error, FileNotFoundError):
            problem = "is missing"
        return DatasetError(path, "", problem, COPY_AGAIN)
    if not stat.S_ISREG(status.st_mode):
        return DatasetError(path, "a file of the dataset", "a folder, a pipe or a device", COPY_AGAIN)
    if status.st_size != entry.bytes:
        return DatasetError(path, f"{entry.bytes:,} bytes", f"{status.st_size:,}", COPY_AGAIN)
    return None


def _wrong_hash(folder: Path, entry: Entry) -> DatasetError | None:
    path = folder / entry.file
    try:
        found = hash_file(path, threads=1)
    except OSError as error:
        return DatasetError(path, "a file that can be read", str(error.strerror or error), COPY_AGAIN)
    if found == entry.blake3:
        return None
    return DatasetError(path, f"BLAKE3 {entry.blake3[:16]}...", f"{found[:16]}...", COPY_AGAIN)


def _mark(folder: Path, entry: Entry) -> Mark:
    """What `.verified.json` remembers of a file; an empty list where the file is missing."""
    try:
        status = (folder / entry.file).stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, entry.blake3]


def _read_verified(folder: Path) -> dict[str, Mark]:
    try:
        remembered: dict[str, Mark] = json.loads(read_regular(folder / VERIFIED_FILE, _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return remembered if isinstance(remembered, dict) else {}
