"""Writing files atomically, reading only regular files, and hashing."""

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from blake3 import blake3

from generator.errors import DiskSpaceError, ExistsError, UsageError

# The errors for a full disk, a quota and the largest file allowed. libhdf5 gives the number only in its text.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_IN_WORDS = re.compile(r"errno = (\d+)")

# An interrupted write leaves such a file. The name has the same length for every file, so that a file with a
# very long name can be written too.
_TEMPORARY = re.compile(r"\.fgbg-[0-9a-f]{16}\.tmp")

_NOT_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_PIECE = 2**20
_SECONDS_TO_SEE = 10


@contextmanager
def atomic_file(path: Path, size: int = 0, durable: bool = True) -> Iterator[Path]:
    """Give a temporary file in the same folder, and rename it to `path` at the end of the block.

    If the block raises an error, the temporary file is removed and an earlier file at `path` stays as it was.
    A link at `path` is replaced, not followed. A killed process leaves its temporary file, which
    `remove_leftovers` removes.

    Args:
        path: of the file to write.
        size: its approximate size in bytes; 0 if unknown.
        durable: whether to fsync the file and its folder, so that it survives a power cut after the block.

    Yields:
        The path of an empty file, with a name that cannot be guessed.

    Raises:
        DiskSpaceError: the file does not fit on the disk.
    """
    with room_for(path, size):
        # libhdf5 can crash on a full disk, so it is not started there.
        if shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, "no room")
        temporary = new_temporary(path.parent)
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


def new_temporary(folder: Path) -> Path:
    """Create an empty file where there was neither a file nor a link."""
    path = folder / f".fgbg-{secrets.token_hex(8)}.tmp"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666))
    return path


def appears(path: Path) -> bool:
    """Wait for a file that another machine wrote; False if it does not appear.

    Network file systems show a new file to other machines a little later.
    """
    end = time.monotonic() + _SECONDS_TO_SEE
    while not path.exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def is_temporary(name: str) -> bool:
    """Whether a name is that of a temporary file of `atomic_file`."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed runs; call it only while holding the folder's lock."""
    for entry in list(os.scandir(folder)):
        if is_temporary(entry.name) and not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Replace the file at `path` by `content`, completely or not at all; see `atomic_file`."""
    with atomic_file(path, len(content), durable) as temporary:
        temporary.write_bytes(content)


def real_path(path: Path) -> Path:
    """The path with every link followed; unlike in `Path.resolve`, a circle of links is no error."""
    return Path(os.path.realpath(path))


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading. Anything else is refused, because a named pipe could block for ever.

    Raises:
        OSError: it is missing or not a regular file; `strerror` says what it is.
    """
    _require_regular(path, path.stat().st_mode)
    # Do not wait, because it may have become a named pipe in the meantime.
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
    """Read a whole file.

    Args:
        path: of the file.
        limit: its largest allowed size in bytes; None allows any.

    Raises:
        OSError: as `open_regular`, or it is larger than `limit`.
    """
    with open_regular(path) as file:
        if limit is None:
            return file.read()
        # Not the whole limit, because Python allocates that much memory before it reads.
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
    """Turn the system's error for a full disk into one that names the file and its size.

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
    """Make sure that writing files replaces none without `overwrite`: the same rule in all commands.

    A link counts as a file, wherever it leads.

    Args:
        paths: of the files to write.
        overwrite: whether the user allowed to replace them.
        elsewhere: what to use instead, for the message.

    Raises:
        ExistsError: a file exists and `overwrite` is False, or a path is a folder.
    """
    there = [path for path in paths if os.path.lexists(path)]
    for path in there:
        if path.is_dir():
            raise ExistsError(path, f"use {elsewhere}", "a folder")
    if there and not overwrite:
        fix = f"use {elsewhere}, or `overwrite=True` to replace what is there"
        raise ExistsError(there[0], fix, more=len(there) - 1)


def require_writable(folder: Path, elsewhere: str = "another `out`") -> None:
    """Make sure that files can be written to a folder, which may be made later, before long work starts.

    Args:
        folder: for results.
        elsewhere: what to use instead, for the message.

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
    """Write a file that always gets the same content, so that a command can be repeated; make its folder.

    A file that has this content already is not written again.

    Raises:
        ExistsError: a file with other content exists, and `overwrite` is False.
    """
    if path.is_file():
        with suppress(OSError):
            if read_regular(path, len(content)) == content:
                return
    refuse_existing([path], overwrite, elsewhere)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def fsync_folder(folder: Path) -> None:
    """Make renames in a folder durable. On Windows this does nothing: folders cannot be opened there."""
    if os.name != "nt":
        _fsync(folder)


def hash_file(path: Path, threads: int = blake3.AUTO) -> str:
    """The BLAKE3 hash of a file, in hex.

    Args:
        path: of the file.
        threads: by default all cores, which hash a memory map. One thread reads the file in small pieces, so
            that a worker needs little memory.

    Raises:
        OSError: as `open_regular`.
    """
    if threads == 1:
        digest = blake3()
        with open_regular(path) as file:
            buffer = bytearray(min(_PIECE, os.fstat(file.fileno()).st_size + 1))
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
