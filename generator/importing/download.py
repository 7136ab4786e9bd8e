"""Downloads of data sets from their official addresses: resumed, repeated, and checked by their SHA-256."""

import hashlib
import http.client
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from generator.errors import AssetError, DiskSpaceError, UsageError, one_line
from generator.files import open_regular, read_regular, room_for, write_atomically
from generator.importing.unpack import remove_unpacked_leftovers, unpacking
from generator.locks import hold_folder
from generator.numerals import format_bytes
from generator.progress import Progress

_DONE_FILE = ".fgbg-downloaded"
_LOCK = ".fgbg-download.lock"
_PART = ".part"
_PIECE = 2**18
_SECONDS_TO_ANSWER = 60.0
_TRIES = 6
_REPEAT = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Archive:
    """An archive of a data set on the server of its authors.

    Attributes:
        url: official address.
        bytes: its size.
        sha256: of its content, in hex.
    """

    url: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """Of the file."""
        return urlsplit(self.url).path.rpartition("/")[2]


DOWNLOADS: Mapping[str, tuple[Archive, ...]] = {
    "cub200": (
        Archive(
            "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            1_150_585_339,
            "0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
        ),
        Archive(
            "https://data.caltech.edu/records/w9d68-gec53/files/segmentations.tgz",
            39_272_883,
            "dc77f6cffea0cbe2e41d4201115c8f29a6320ecb04fffd2444f51b8066e4b84f",
        ),
    ),
    "oxford-pet": (
        Archive(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
            791_918_971,
            "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
        ),
        Archive(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
            19_173_078,
            "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
        ),
    ),
}
"""The archives of each data set that can be downloaded.

Source of sizes and checksums: TensorFlow Datasets 4.9, whose checksums are of the same files.
"""


def download(
    format_: str,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
    archives: tuple[Archive, ...] | None = None,
) -> None:
    """Download the archives of a data set into a folder and unpack them there; what is there already stays.

    Stop it at any time and call it again: it continues.

    Args:
        format_: of the data set.
        folder: for its files; it is made if it is missing.
        say: gets a line about each archive.
        archives: instead of the official ones.

    Raises:
        UsageError: this data set cannot be downloaded, or the folder cannot be written.
        AssetError: the server does not answer or does not have the file, or its content is not the expected
            one; or a file of the archive is in the folder already.
        ConfigError: another process downloads to the folder.
        DiskSpaceError: the archive or its files do not fit.
    """
    wanted = DOWNLOADS.get(format_) if archives is None else archives
    if wanted is None:
        fix = f"download it yourself and give its folder; only {' and '.join(DOWNLOADS)} are downloaded"
        raise UsageError("`download`", "", f"does not know an address of {format_}", fix)
    with hold_folder(folder, "fgbg import", _LOCK):
        remove_unpacked_leftovers(folder)
        done = _read_done(folder)
        for archive in wanted:
            if archive.sha256 in done:
                continue
            say(f"{archive.url} is downloaded to {folder} and unpacked there")
            path = fetch(archive, folder)
            with unpacking(path, folder) as temporary:
                _move_all(temporary, folder)
            done.append(archive.sha256)
            write_atomically(folder / _DONE_FILE, "".join(f"{line}\n" for line in done).encode())
            path.unlink()


def fetch(archive: Archive, folder: Path, pause: Callable[[float], None] = time.sleep) -> Path:
    """Download an archive, or the part of it that is missing, and check its content.

    Args:
        archive: to download.
        folder: for the file NAME, which is called NAME.part until it is whole and right.
        pause: waits for some seconds.

    Returns:
        The path of the file.

    Raises:
        AssetError: as `download`.
        DiskSpaceError: it does not fit.
    """
    path = folder / archive.name
    if path.exists():
        if (found := _sha256(path)) == archive.sha256:
            return path
        fix = "remove it, or give another folder"
        raise AssetError(path, f"SHA-256 {archive.sha256}, as {archive.url} has", found, fix)
    part = path.with_name(path.name + _PART)
    continued = part.exists()
    while True:
        _Transfer(archive, part, pause).complete()
        if (found := _sha256(part)) == archive.sha256:
            part.replace(path)
            return path
        part.unlink()
        if not continued:
            fix = "run it again; if that does not help, the server has another file: download it yourself"
            raise AssetError(archive.url, f"SHA-256 {archive.sha256}", found, fix)
        continued = False  # the part may have been of an older file


class _InterruptedError(Exception):
    """The connection broke. Trying again may help."""


@dataclass(frozen=True)
class _Transfer:
    """Brings an archive into a file, of which a part may be there."""

    archive: Archive
    part: Path
    pause: Callable[[float], None]

    def complete(self) -> None:
        """Download what is missing, with a new connection whenever one breaks.

        Raises:
            AssetError: the server does not have it, or connections break without bringing anything.
            DiskSpaceError: it does not fit.
        """
        size = self.archive.bytes
        if self._there() > size:
            self.part.unlink()  # of another file
        free = shutil.disk_usage(self.part.parent).free
        if free < size - self._there():
            found, fix = f"{format_bytes(free)} free", "make room, or use a folder on another disk"
            raise DiskSpaceError(self.part, f"room for {format_bytes(size)}", found, fix)
        with room_for(self.part, size), Progress(self._label, size >> 20, "MB") as progress:
            progress.resume_at(self._there() >> 20)
            fruitless = 0
            while (before := self._there()) != size:
                try:
                    self._continue(before, progress)
                except _InterruptedError as error:
                    fruitless = 0 if self._there() > before else fruitless + 1
                    if fruitless == _TRIES:
                        fix = "check the network and run it again, which continues"
                        raise AssetError(self.archive.url, "", f"cannot be read: {error}", fix) from error
                    self.pause(2.0**fruitless)

    @property
    def _label(self) -> str:
        return f"downloading {self.archive.name}"

    def _there(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _continue(self, there: int, progress: Progress) -> None:
        """Read from one connection until it ends; from the beginning if the server cannot continue."""
        headers = {"User-Agent": "fgbg", "Accept-Encoding": "identity"}
        if there:
            headers["Range"] = f"bytes={there}-"
        request = urllib.request.Request(self.archive.url, headers=headers)
        with _network_errors(self.archive.url):
            response = _OPENER.open(request, timeout=_SECONDS_TO_ANSWER)
        with closing(response):
            continues = response.status == 206 and response.headers.get("Content-Range", "").startswith(
                f"bytes {there}-"
            )
            if not continues:
                there = 0
                progress.resume_at(0)
            with self.part.open("ab" if continues else "wb") as file:
                for piece in _pieces(self.archive.url, response):
                    file.write(piece)
                    progress.advance(((there + len(piece)) >> 20) - (there >> 20))
                    there += len(piece)
                    if there > self.archive.bytes:
                        break
        if there > self.archive.bytes:
            self.part.unlink()
            expected = f"{self.archive.bytes:,} bytes"
            raise AssetError(self.archive.url, expected, "more", "download it yourself and give its folder")
        if there < self.archive.bytes:
            raise _InterruptedError(f"the connection ended after {there:,} of {self.archive.bytes:,} bytes")


def _pieces(url: str, response: IO[bytes]) -> Iterator[bytes]:
    while True:
        with _network_errors(url):
            piece = response.read(_PIECE)
        if not piece:
            return
        yield piece


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    """Tell failures that may pass from those that do not."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _REPEAT:
            raise _InterruptedError(f"HTTP {error.code} {error.reason}") from error
        fix = "download it yourself with a browser, unpack it, and give its folder"
        raise AssetError(url, "", f"is answered by HTTP {error.code} {error.reason}", fix) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            found = f"has no valid certificate: {one_line(error.reason)}"
            raise AssetError(url, "", found, "check the clock and the network") from error
        raise _InterruptedError(one_line(error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _InterruptedError(one_line(error)) from error


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows a server to another address, but not from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != req.type:
            fix = "download it yourself and give its folder"
            raise AssetError(req.full_url, f"an address of {req.type}", newurl, fix)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameScheme)


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_done(folder: Path) -> list[str]:
    """The checksums of the archives that are unpacked in a folder."""
    path = folder / _DONE_FILE
    return read_regular(path, 2**16).decode("ascii", "replace").split() if path.exists() else []


def _move_all(temporary: Path, folder: Path) -> None:
    """Move everything in a folder to another one, which has nothing of these names."""
    paths = sorted(temporary.iterdir())
    for path in paths:
        if os.path.lexists(folder / path.name):
            fix = "remove it and run it again, or leave `download` out if the data set is complete"
            raise AssetError(folder / path.name, "", "exists already, and is in the download too", fix)
    for path in paths:
        path.rename(folder / path.name)
