"""A folder behind a URL: listing, reading and writing its files, with errors that a user understands."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import fsspec
from fsspec.registry import known_implementations

from generator.errors import ConfigError, FgbgError, RemoteError, one_line
from generator.numerals import shown
from generator.places import Url

# What failed is tried again after each of these pauses, in seconds. File systems try again by themselves too.
PAUSES = (1.0, 4.0)

# What took longer than this, in seconds, is not tried again: a file system has tried it often by itself.
_PATIENCE = 60.0

_EXTRAS = {"s3": "s3", "s3a": "s3"}
_PROBE = ".fgbg-probe"
_CREDENTIALS = "check your permissions and credentials (see docs/remote.md)"
_AGAIN = "check the address, the network and the credentials, and run the same command again, which continues"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class RemoteFolder:
    """A folder behind a URL.

    Every method raises:
        ConfigError: fsspec does not know the protocol, or its package is missing.
        RemoteError: access is denied, or the other side does not answer.

    Attributes:
        url: of the folder.
    """

    url: Url

    def __reduce__(self) -> tuple[object, ...]:
        return RemoteFolder, (self.url,)  # connections stay in their process

    def sizes(self) -> dict[str, int]:
        """The size in bytes of each file, by name; empty where there is no such folder."""

        def listed() -> dict[str, int]:
            self._files.invalidate_cache()
            found = self._files.ls(self._root, detail=True)
            return {
                entry["name"].rpartition("/")[2]: int(entry["size"] or 0)
                for entry in found
                if entry["type"] == "file"
            }

        with suppress(FileNotFoundError):
            return _tried(self.url, "read", listed)
        return {}

    def size(self, name: str) -> int | None:
        """The size of a file in bytes; None where there is no such file."""
        with suppress(FileNotFoundError):
            return _tried(self.url / name, "read", lambda: self._size(name))
        return None

    def read(self, name: str) -> bytes | None:
        """The content of a small file; None where there is no such file."""

        def content() -> bytes:
            found: bytes = self._files.cat_file(self._path(name))
            return found

        with suppress(FileNotFoundError):
            return _tried(self.url / name, "read", content)
        return None

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Bytes of a file.

        Returns:
            From 1 to `stop` - `start` of them, beginning at `start`.

        Raises:
            FileNotFoundError: there is no such file.
        """

        def piece() -> bytes:
            found: bytes = self._files.cat_file(self._path(name), start=start, end=stop)
            if len(found) > stop - start:
                problem = "has a server that cannot send a part of a file (HTTP range requests)"
                raise RemoteError(self.url / name, "", problem, "use another server")
            if not found:
                raise OSError(f"the connection ended at byte {start:,}")
            return found

        return _tried(self.url / name, "read", piece)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all, where the file system is able to."""
        _tried(self.url / name, "written", lambda: self._files.pipe_file(self._path(name), content))

    def upload(self, path: Path, name: str) -> None:
        """Copy a file of this machine, and make sure that all of it arrived.

        Raises:
            OSError: the file of this machine cannot be read.
        """
        size = path.stat().st_size

        def send() -> None:
            self._files.put_file(str(path), self._path(name))
            if (arrived := self._size(name)) != size:
                raise OSError(f"{arrived:,} of {size:,} bytes arrived")

        _tried(self.url / name, "written", send)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            _tried(self.url / name, "removed", lambda: self._files.rm_file(self._path(name)))

    def require_writable(self) -> None:
        """Make sure that files can be written, before long work starts; make the folder.

        Raises:
            RemoteError: they cannot.
        """
        try:
            self.write(_PROBE, b"")
        except FileNotFoundError as error:
            self._make(error)
        with suppress(RemoteError):  # who may not remove files may still write them
            self.remove(_PROBE)

    def _make(self, error: FileNotFoundError) -> None:
        """Make the folder, but never a bucket, whose name may be a mistake."""
        top = self._root.partition("/")[0]
        if top and not _tried(self.url, "read", lambda: self._files.exists(top)):
            fix = "check its name, or make it first"
            raise RemoteError(self.url, "", f"is in {top}, which does not exist", fix) from error
        _tried(self.url, "written", lambda: self._files.makedirs(self._root, exist_ok=True))
        self.write(_PROBE, b"")

    def _size(self, name: str) -> int:
        self._files.invalidate_cache()
        size = self._files.info(self._path(name))["size"]
        if size is None:
            raise RemoteError(
                self.url / name, "", "has a server that does not tell sizes", "use another server"
            )
        return int(size)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system of fsspec, and the path of the folder in it."""
        protocol = self.url.partition("://")[0].rpartition("::")[2].lower()
        try:
            files, root = fsspec.url_to_fs(str(self.url))
        except ImportError as error:
            raise _missing_package(self.url, protocol) from error
        except ValueError as error:
            if protocol not in known_implementations:
                expected = "a folder, or a URL that fsspec can open, like s3://bucket/data"
                raise ConfigError(
                    self.url, expected, f"the protocol {shown(protocol)}", "correct it"
                ) from error
            raise RemoteError(self.url, "", f"cannot be opened: {one_line(error)}", _AGAIN) from error
        return files, root.rstrip("/")


def _missing_package(url: Url, protocol: str) -> ConfigError:
    package = known_implementations.get(protocol, {}).get("class", "").partition(".")[0]
    if extra := _EXTRAS.get(protocol):
        return ConfigError(
            url, "", f"needs {package}, which is not installed", f"run: pip install 'fgbg[{extra}]'"
        )
    if package in ("", "fsspec"):
        needed = known_implementations.get(protocol, {}).get("err", "another package")
        return ConfigError(url, "", f"needs a package that is not installed: {needed}", "install it")
    return ConfigError(url, "", f"needs {package}, which is not installed", f"run: pip install {package}")


def _tried(where: Url, done: str, action: Callable[[], Answer]) -> Answer:
    """Do something, up to three times, unless it takes long to fail.

    Args:
        where: the file or folder.
        done: what was to be done with it, for the message.
        action: to do.

    Raises:
        FileNotFoundError: of `action`.
        FgbgError: any other error.
    """
    for pause in PAUSES:
        began = time.monotonic()
        try:
            with _explained(where, done):
                return action()
        except _MayPassError:
            if time.monotonic() - began > _PATIENCE:
                raise
        time.sleep(pause)
    with _explained(where, done):
        return action()


class _MayPassError(RemoteError):
    """A failure that trying again may cure."""


@contextmanager
def _explained(where: Url, done: str) -> Iterator[None]:
    """Turn errors of a file system into ours. They may be of any class: each has its own libraries."""
    try:
        yield
    except (FgbgError, FileNotFoundError, MemoryError):
        raise
    except PermissionError as error:
        found = f"cannot be {done}: access is denied ({one_line(error)})"
        raise RemoteError(where, "", found, _CREDENTIALS) from error
    except NotImplementedError as error:
        raise RemoteError(
            where, "", f"cannot be {done}: its file system is unable to", "use another one"
        ) from error
    except Exception as error:
        raise _MayPassError(where, "", f"cannot be {done}: {one_line(error)}", _AGAIN) from error
