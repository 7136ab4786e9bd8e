"""Files that are either whole or not there, and the hash that tells them apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success fsync it and rename it to `path`.

    The folder is fsynced too, so after the block the file survives a power cut. When the block raises,
    the temporary file is removed and an earlier `path` stays as it was. After a kill at most
    `temporary_name(path)` is left, which the next writer of the same file overwrites.
    """
    temporary = temporary_name(path)
    try:
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


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, wholly or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def fsync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable (Windows does so by itself and cannot open folders)."""
    if os.name != "nt":
        _fsync(folder)


def hash_file(path: Path, threads: int = blake3.AUTO) -> str:
    """The file's BLAKE3 hash in hex, read through a memory map, on all cores unless told."""
    return blake3(max_threads=threads).update_mmap(path).hexdigest()


def _fsync(path: Path) -> None:
    # Windows flushes only through a writable handle.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
