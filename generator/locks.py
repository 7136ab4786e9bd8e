"""Locks, so that only one process at a time writes to a folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from generator.errors import ConfigError, UsageError
from generator.files import remove_leftovers, require_writable
from generator.places import Place
from generator.progress import Progress

LOCK_FILE = ".lock"


@contextmanager
def hold_folder(
    folder: Path,
    who: str,
    lock_file: str = LOCK_FILE,
    where: Place | None = None,
    elsewhere: str = "another `out`",
) -> Iterator[None]:
    """Lock a folder for the block, and remove the temporary files of killed runs.

    They are removed at the end too, because the workers of a killed run may live a moment longer and start a
    file.

    Args:
        folder: to lock; it is made if it is missing.
        who: the command that writes, as in "fgbg generate".
        lock_file: the path of the lock inside the folder.
        where: the place that the user named, for messages, if it is not the folder.
        elsewhere: what to use instead of the folder, for the message.

    Raises:
        ConfigError: another process has locked it.
        UsageError: the folder cannot be made or written to, or its file system does not support locks.
    """
    require_writable(folder, elsewhere)
    path = folder / lock_file
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        problem = f"is in use by another '{who}'"
        raise ConfigError(where or folder, "", problem, "wait until it ends") from error
    except PermissionError:
        raise
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            folder,
            f"a file system that can lock {lock_file}",
            reason,
            "use a folder on a local disk and copy the result afterwards",
        ) from error
    try:
        remove_leftovers(folder)
        yield
    finally:
        with suppress(OSError):  # an error of the block itself is more useful
            remove_leftovers(folder)
        lock.release()


@contextmanager
def wait_for_folder(folder: Path, label: str, lock_file: str = LOCK_FILE) -> Iterator[None]:
    """Lock a folder for the block; if another process has locked it, wait until that ends.

    Args:
        folder: to lock; it is made if it is missing.
        label: of the progress while waiting.
        lock_file: the name of the lock inside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / lock_file)
    with Progress(label, None, "seconds") as progress:
        while True:
            try:
                lock.acquire(timeout=1)
                break
            except Timeout:
                progress.advance(1)
    try:
        yield
    finally:
        lock.release()
