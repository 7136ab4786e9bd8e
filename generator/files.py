"""Files that are either whole or not there, and the hash that tells them apart."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3

from generator.errors import DiskSpaceError, UsageError

# Disk, quota and the largest file allowed, as errno and within the words of libhdf5, which has no errno.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_IN_WORDS = re.compile(r"errno = (\d+)")

_PIECE = 2**20


@contextmanager
def atomic_file(path: Path, size: int = 0) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success fsync it and rename it to `path`.

    The folder is fsynced too, so after the block the file survives a power cut. When the block raises,
    the temporary file is removed and an earlier `path` stays as it was. After a kill at most
    `temporary_name(path)` is left, which the next writer of the same file overwrites.

    Args:
        path: the file to be.
        size: how many bytes it will have, about; 0 where that is not known.

    Raises:
        DiskSpaceError: they do not fit.
    """
    temporary = temporary_name(path)
    try:
        with room_for(path, size):
            # libhdf5 has been seen to crash on a full disk: it is not let near one.
            if shutil.disk_usage(path.parent).free < size:
                raise OSError(errno.ENOSPC, "no room")
            yield temporary
            _fsync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def temporary_name(path: Path) -> Path:
    """Where `atomic_file(path)` writes: `.NAME.tmp` in the same folder."""
    return path.with_name(f".{path.name}.tmp")


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Replace `path` by `content`, wholly or not at all."""
    with atomic_file(path, len(content)) as temporary:
        temporary.write_bytes(content)


@contextmanager
def room_for(path: Path, size: int) -> Iterator[None]:
    """Turn the system's word that there is no more room into an error that names the file and its bytes.

    Raises:
        DiskSpaceError: the `size` bytes of `path` do not fit.
    """
    try:
        yield
    except OSError as error:
        said = _FULL_IN_WORDS.search(str(error))
        if error.errno not in _FULL and not (said and int(said[1]) in _FULL):
            raise
        free = shutil.disk_usage(path.parent).free
        raise DiskSpaceError(
            path,
            f"room for its {size:,} bytes" if size else "room for it",
            f"{free:,} free, or a limit on files",
            "make room and run the same command again, which continues",
        ) from error


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Make sure that writing `path` replaces nothing unasked.

    Raises:
        UsageError: it is there and not to be overwritten, or a folder.
    """
    if path.is_dir():
        raise UsageError(path, "the name of a file", "a folder", "use another --out")
    if path.exists() and not overwrite:
        raise UsageError(path, "no such file yet", "one", "use another --out, or --overwrite to replace it")


def fsync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable (Windows does so by itself and cannot open folders)."""
    if os.name != "nt":
        _fsync(folder)


def hash_file(path: Path, threads: int = blake3.AUTO) -> str:
    """The file's BLAKE3 hash in hex, on all cores unless told.

    Several threads need it in a memory map; one reads it in pieces, so that it is no memory of a worker's.
    """
    if threads == 1:
        digest, buffer = blake3(), bytearray(_PIECE)
        with path.open("rb", buffering=0) as file:
            while size := file.readinto(buffer):
                digest.update(memoryview(buffer)[:size])
        return digest.hexdigest()
    return blake3(max_threads=threads).update_mmap(path).hexdigest()


def _fsync(path: Path) -> None:
    # Windows flushes only through a writable handle.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
