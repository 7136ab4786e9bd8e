"""Files that are either whole or not there, and the hash that tells them apart."""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from blake3 import blake3

from generator.errors import DiskSpaceError, ExistsError, UsageError

# Disk, quota and the largest file allowed, as errno and within the words of libhdf5, which has no errno.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_IN_WORDS = re.compile(r"errno = (\d+)")

# An interrupted write leaves one of these behind. The name is as long for every file, so that it can be
# written wherever the file itself can.
_TEMPORARY = re.compile(r"\.fgbg-[0-9a-f]{16}\.tmp")

_NOT_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_PIECE = 2**20


@contextmanager
def atomic_file(path: Path, size: int = 0, durable: bool = True) -> Iterator[Path]:
    """Give a temporary file beside `path`; on success rename it to `path`.

    When the block raises,
    the temporary file is removed and an earlier `path` stays as it was. A link at `path` is replaced, never
    followed. After a kill the temporary file is left: `remove_leftovers` clears it.

    Args:
        path: the file to be.
        size: how many bytes it will have, about; 0 where that is not known.
        durable: fsync the file and its folder, so that after the block it survives a power cut.

    Yields:
        An empty file of an unguessable name.

    Raises:
        DiskSpaceError: they do not fit.
    """
    with room_for(path, size):
        # libhdf5 has been seen to crash on a full disk: it is not let near one.
        if shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, "no room")
        temporary = _new_temporary(path.parent)
        try:
            yield temporary
            if durable:
                _fsync(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if durable:
        fsync_folder(path.parent)


def _new_temporary(folder: Path) -> Path:
    """Create an empty file that was not there, neither as a file nor as a link."""
    path = folder / f".fgbg-{secrets.token_hex(8)}.tmp"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666))
    return path


def is_temporary(name: str) -> bool:
    """Whether a file's name is one that `atomic_file` gives until the file is whole."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Remove what killed runs left in a folder; only where no other process writes, so under its lock."""
    for entry in list(os.scandir(folder)):
        if is_temporary(entry.name) and not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Replace `path` by `content`, wholly or not at all; see `atomic_file`."""
    with atomic_file(path, len(content), durable) as temporary:
        temporary.write_bytes(content)


def real_path(path: Path) -> Path:
    """The path with every link followed; unlike `Path.resolve`, links in a ring are no error."""
    return Path(os.path.realpath(path))


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, if it is a file: a named pipe would wait for ever, a device do anything.

    Raises:
        OSError: it is missing, or no file: `strerror` says what it is.
    """
    _require_regular(path, path.stat().st_mode)
    # Without waiting, for it may have become a pipe since.
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    )
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _require_regular(path, os.fstat(file.fileno()).st_mode)
    except BaseException:
        file.close()
        raise
    return file


def read_regular(path: Path, limit: int | None = None) -> bytes:
    """All bytes of a file.

    Args:
        path: of the file.
        limit: the most bytes it may have.

    Raises:
        OSError: as `open_regular`, or it is larger.
    """
    with open_regular(path) as file:
        if limit is None:
            return file.read()
        # Never the limit at once: Python sets that much memory aside before it reads.
        content = file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"more than {limit:,} bytes", str(path))
    return content


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _NOT_FILES.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"{kind}, not a file", str(path))


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


def refuse_existing(paths: Iterable[Path], overwrite: bool, elsewhere: str = "another `out`") -> None:
    """Make sure that writing files replaces nothing unasked: the one rule of all commands.

    A link counts as a file, wherever it leads.

    Args:
        paths: of the files to be written.
        overwrite: whether the user asked to replace them.
        elsewhere: what to use instead, for the message.

    Raises:
        ExistsError: one is there and not to be overwritten, or a folder.
    """
    there = [path for path in paths if os.path.lexists(path)]
    for path in there:
        if path.is_dir():
            raise ExistsError(path, f"use {elsewhere}", "a folder")
    if there and not overwrite:
        fix = f"use {elsewhere}, or `overwrite=True` to replace what is there"
        raise ExistsError(there[0], fix, more=len(there) - 1)


def require_writable(folder: Path, elsewhere: str = "another `out`") -> None:
    """Make sure that files can be written to a folder, which is made later where it is missing.

    Asked before the work whose results it is to hold; `elsewhere` is what to use instead, for the message.

    Raises:
        UsageError: they cannot.
    """
    above = next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), folder)
    if not above.is_dir():
        raise UsageError(folder, "", f"cannot be made, because {above} is not a folder", f"use {elsewhere}")
    if not os.access(above, os.W_OK | os.X_OK):
        problem = f"cannot hold results, because you may not write to {above}"
        raise UsageError(folder, "", problem, f"use {elsewhere}")


def write_again(path: Path, content: bytes, overwrite: bool, elsewhere: str = "another `out`") -> None:
    """Write a file that always has the same content, in a folder that is made where there is none.

    It is left alone where it is there already, so that a command can be called again.

    Raises:
        ExistsError: there is another file, and not to be overwritten.
    """
    if path.is_file():
        with suppress(OSError):
            if read_regular(path, len(content)) == content:
                return
    refuse_existing([path], overwrite, elsewhere)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def fsync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable (Windows does so by itself and cannot open folders)."""
    if os.name != "nt":
        _fsync(folder)


def hash_file(path: Path, threads: int = blake3.AUTO) -> str:
    """The file's BLAKE3 hash in hex, on all cores unless told.

    Several threads need it in a memory map; one reads it in pieces, so that it is no memory of a worker's.

    Raises:
        OSError: as `open_regular`.
    """
    if threads == 1:
        digest, buffer = blake3(), bytearray(_PIECE)
        with open_regular(path) as file:
            while size := file.readinto(buffer):
                digest.update(memoryview(buffer)[:size])
        return digest.hexdigest()
    _require_regular(path, path.stat().st_mode)
    return blake3(max_threads=threads).update_mmap(path).hexdigest()


def _fsync(path: Path) -> None:
    # Windows flushes only through a writable handle.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
