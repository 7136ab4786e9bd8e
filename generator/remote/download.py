"""Downloading files of a dataset: several at a time, resumed, and checked by their BLAKE3 hashes."""

import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from generator.errors import DatasetError, DiskSpaceError
from generator.files import hash_file, room_for
from generator.format.records import BankEntry, ShardEntry
from generator.numerals import format_bytes
from generator.progress import Progress
from generator.remote.folder import RemoteFolder

_PART = ".part"
_PIECE = 2**23
_AT_ONCE = 4
_MIB = 2**20

CHANGED = "if someone makes this dataset again, wait until it is finished, then run the same command again"
"""What to do about a remote file that is not as its manifest says."""

_ROOM = "make room, or set FGBG_CACHE to a folder on a larger disk, and run the same command again"


def download(remote: RemoteFolder, entries: Sequence[BankEntry | ShardEntry], folder: Path) -> None:
    """Download files; each gets its name when all of it is there and right.

    What is there of a file already, as NAME.part, is not downloaded again. Existing files are replaced.

    Args:
        remote: where they are.
        entries: their names, sizes and hashes; at least one.
        folder: to download to. Only one process at a time may do this.

    Raises:
        DatasetError: a file is missing, or is not as its entry says.
        DiskSpaceError: they do not fit on the disk.
        RemoteError: the other side does not answer, or denies access.
    """
    there = {entry.file: _size(_part(folder, entry.file)) for entry in entries}
    needed = sum(max(0, entry.bytes - there[entry.file]) for entry in entries)
    if (free := shutil.disk_usage(folder).free) < needed:
        raise DiskSpaceError(
            folder, f"room for {needed:,} bytes ({format_bytes(needed)})", f"{free:,} free", _ROOM
        )
    total = sum(entry.bytes for entry in entries)
    with Progress("downloading", total // _MIB + 1, "MiB") as progress:
        download = _Download(remote, folder, progress)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for future in as_completed([pool.submit(download.bring, entry) for entry in entries]):
                    future.result()
            except BaseException:  # Ctrl-C among others
                download.stop.set()
                pool.shutdown(cancel_futures=True)
                raise


class _Download:
    """One download of several files, whose methods several threads call."""

    def __init__(self, remote: RemoteFolder, folder: Path, progress: Progress) -> None:
        self.stop = threading.Event()
        self._remote, self._folder, self._progress = remote, folder, progress
        self._lock = threading.Lock()
        self._done = 0

    def bring(self, entry: BankEntry | ShardEntry) -> None:
        """Download one file."""
        where, part = self._remote.url / entry.file, _part(self._folder, entry.file)
        found = self._remote.size(entry.file)
        if found is None:
            raise DatasetError(where, "", "is missing", CHANGED)
        if found != entry.bytes:
            raise DatasetError(where, f"{entry.bytes:,} bytes", f"{found:,}", CHANGED)
        if _size(part) > entry.bytes:
            part.unlink()
        while True:
            resumed = _size(part) > 0
            self._complete(entry, part)
            if self.stop.is_set():
                return
            if (hash_ := hash_file(part, threads=1)) == entry.blake3:
                part.replace(self._folder / entry.file)
                return
            part.unlink()
            if not resumed:  # otherwise the part may have been of an older file
                raise DatasetError(where, f"BLAKE3 {entry.blake3[:16]}...", f"{hash_[:16]}...", CHANGED)

    def _complete(self, entry: BankEntry | ShardEntry, part: Path) -> None:
        """Append to a part what is missing of it; the whole of it is on the disk afterwards."""
        there = _size(part)
        self._count(there)
        with room_for(part, entry.bytes), part.open("ab") as file:
            while there < entry.bytes and not self.stop.is_set():
                try:
                    piece = self._remote.read_range(entry.file, there, min(there + _PIECE, entry.bytes))
                except FileNotFoundError as error:
                    raise DatasetError(self._remote.url / entry.file, "", "is missing", CHANGED) from error
                file.write(piece)
                there += len(piece)
                self._count(len(piece))
            file.flush()
            os.fsync(file.fileno())

    def _count(self, size: int) -> None:
        with self._lock:
            before, self._done = self._done, self._done + size
            self._progress.advance(self._done // _MIB - before // _MIB)


def _part(folder: Path, file: str) -> Path:
    return folder / (file + _PART)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
