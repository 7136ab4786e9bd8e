"""The entries of zip and tar archives: safe names of ordinary files and folders, or an error."""

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from generator.errors import AssetError
from generator.files import open_regular

TRUST = "if you trust the archive, unpack it yourself and give the folder"

# By the first bytes of a file. Other programs' formats are recognised to name them in an error.
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED: dict[bytes, Callable[[BufferedReader], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_OTHERS = {b"(\xb5/\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR"}
_USTAR, _USTAR_PLACE = b"ustar", 257

_DRIVE = re.compile(r"[A-Za-z]:")
_BLOCK = 512
_LONGEST_HEADER = 2**24
_PIECE = 2**20
_LONGEST_REST = 2**30


@dataclass(frozen=True)
class Entry:
    """A file or folder of an archive.

    Attributes:
        parts: of its path inside the archive, none of which leads out of a folder.
        is_folder: whether it is a folder.
        size: in bytes, as the archive declares it.
        open: opens the file for reading; call it before the next entry is taken.
    """

    parts: tuple[str, ...]
    is_folder: bool
    size: int
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether a path is a file with the content of an archive, also of kinds that cannot be read."""
    if not path.is_file():
        return False
    with open_regular(path) as file:
        start = file.read(_BLOCK)
    return start.startswith((*_ZIPS, *_COMPRESSED, *_OTHERS)) or _is_tar(start)


def read_entries(archive: Path, file: BufferedReader) -> Iterator[Entry]:
    """The files and folders of an archive, in its order.

    The errors of `zipfile`, `tarfile` and the decompressors are not translated.

    Args:
        archive: for errors.
        file: the open archive, at its beginning.

    Raises:
        AssetError: an entry is a link or a device, has an absolute path, or a path that leads out of its
            folder; or the archive is encrypted, cut off, or of another kind.
    """
    start = file.read(_BLOCK)
    file.seek(0)
    for mark, kind in _OTHERS.items():
        if start.startswith(mark):
            raise AssetError(archive, "zip or tar", kind, "unpack it yourself and give the folder")
    if start.startswith(_ZIPS):
        return _zip_entries(archive, file)
    opener = next((opener for mark, opener in _COMPRESSED.items() if start.startswith(mark)), None)
    return _tar_entries(archive, file if opener is None else opener(file))


def _is_tar(start: bytes) -> bool:
    return start[_USTAR_PLACE:].startswith(_USTAR)


def _zip_entries(archive: Path, file: BufferedReader) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as opened:
        for info in opened.infolist():
            if info.flag_bits & 1:
                raise AssetError(archive, "", "is encrypted", "unpack it yourself and give the folder")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _unsafe(archive, info.filename, "link" if kind == stat.S_IFLNK else "special file")
            parts = _safe_parts(archive, info.filename)
            yield Entry(parts, info.is_dir(), info.file_size, partial(opened.open, info))


def _tar_entries(archive: Path, stream: Any) -> Iterator[Entry]:
    source = _Stream(stream)
    with tarfile.TarFile(fileobj=cast("IO[bytes]", source)) as opened:
        while member := opened.next():
            # Or the memory grows with every entry.
            opened.members.clear()  # type: ignore[attr-defined]
            if not member.isreg() and not member.isdir():
                raise _unsafe(archive, member.name, "link" if member.issym() or member.islnk() else "device")
            if member.issparse():
                raise _unsafe(archive, member.name, "sparse file")
            parts = _safe_parts(archive, member.name)
            yield Entry(parts, member.isdir(), member.size, partial(_opened_member, opened, member))
        _check_end(archive, source, opened.offset)


def _opened_member(opened: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = opened.extractfile(member)
    assert file is not None
    return file


class _Stream:
    """A tar file whose headers cannot fill the memory: `tarfile` reads each of them in one piece."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        content: bytes = self._file.read(size)
        return content


def _check_end(archive: Path, source: _Stream, end: int) -> None:
    """Make sure that an archive ends where `tarfile` stopped: it stops at a damaged header without an error.

    The rest is read too, because decompressors compare the checksum at the very end.
    """
    source.seek(end)
    if source.read(_BLOCK) != bytes(_BLOCK):
        raise AssetError(archive, "a whole archive", "a part of one", "download or copy it again")
    rest = 0
    while piece := source.read(_PIECE):
        rest += len(piece)
        if rest > _LONGEST_REST:
            raise AssetError(archive, "nothing after the last entry", "more than a gigabyte", TRUST)


def _safe_parts(archive: Path, name: str) -> tuple[str, ...]:
    """The parts of an entry's path; archives from Windows have backslashes between folders."""
    path = name.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or _DRIVE.match(path) or ".." in parts or "\0" in path:
        raise AssetError(archive, "entries inside its own folder", repr(name[:200]), TRUST)
    return parts


def _unsafe(archive: Path, name: str, kind: str) -> AssetError:
    return AssetError(archive, "files and folders only", f"the {kind} {name[:200]!r}", TRUST)
