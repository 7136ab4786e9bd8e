"""Whether the files of a dataset are as they were written: sizes and BLAKE3 hashes."""

import contextlib
import json
import stat
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import hash_file, read_regular, write_atomically
from generator.format.manifest import BankEntry, Manifest, ShardEntry
from generator.progress import Progress
from generator.workers import cores

VERIFIED_FILE = ".verified.json"

_MOST_BYTES = 2**28

Entry = BankEntry | ShardEntry
Mark = list[int | str]


def verify_dataset(folder: str | Path, quick: bool = False) -> list[DatasetError]:
    """Name every file that is missing or not as it was written.

    Args:
        folder: of the dataset.
        quick: compare sizes alone; otherwise every file is hashed, always.

    Raises:
        DatasetError: there is no manifest to compare with.
    """
    folder = Path(folder)
    entries = Manifest.read(folder).files()
    if quick:
        return list(wrong_sizes(folder, entries).values())
    return list(check_files(folder, entries, trust_memory=False).values())


def check_files(folder: Path, entries: Sequence[Entry], trust_memory: bool = True) -> dict[str, DatasetError]:
    """What is wrong with files, by their names; a file that was found right before is not hashed again.

    What was found right is remembered, with size and modification time, in `.verified.json`.

    Args:
        folder: of the dataset.
        entries: all of its files, and what they should be.
        trust_memory: hash all of them where False.
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
    verified = {file: mark for file, mark in marks.items() if file not in problems}
    if verified != remembered:
        # A dataset on a read-only disk is verified each time.
        with contextlib.suppress(OSError):
            write_atomically(folder / VERIFIED_FILE, json.dumps(verified).encode())
    return problems


def wrong_sizes(folder: Path, entries: Iterable[Entry]) -> dict[str, DatasetError]:
    """What is wrong with files at first sight, by their names."""
    found = ((entry.file, _wrong_size(folder, entry)) for entry in entries)
    return {file: problem for file, problem in found if problem is not None}


def wrong_files(folder: Path, entries: Sequence[Entry], label: str = "verifying") -> dict[str, DatasetError]:
    """What is wrong with files, by their names; hashes them several at a time.

    Args:
        folder: of the dataset.
        entries: files and what they should be.
        label: of the progress.
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
        missing = isinstance(error, FileNotFoundError)
        found = "nothing" if missing else str(error.strerror or error)
        return DatasetError(path, "a file of the dataset", found, COPY_AGAIN)
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
    """What tells that a file has not changed since its hash was found right; nothing where there is none."""
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
