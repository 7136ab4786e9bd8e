"""Files from their official addresses: downloads are resumed, repeated, and checked by their SHA-256."""

import hashlib
import http.client
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from generator.errors import AssetError, DiskSpaceError, one_line
from generator.files import open_regular, room_for
from generator.numerals import format_bytes
from generator.progress import Progress

_PART = ".part"
_PIECE = 2**18
_SECONDS_TO_ANSWER = 60.0
_TRIES = 6
_REPEAT = frozenset({408, 425, 429, 500, 502, 503, 504})
_YOURSELF = "download it yourself with a browser, and give your copy"


@dataclass(frozen=True)
class RemoteFile:
    """A file on the server of its authors.

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


def fetch(remote: RemoteFile, folder: Path, pause: Callable[[float], None] = time.sleep) -> Path:
    """Download a file, or the part of it that is missing, and check its content.

    Args:
        remote: to download.
        folder: for the file NAME, which is called NAME.part until it is whole and right.
        pause: waits for some seconds.

    Returns:
        The path of the file.

    Raises:
        AssetError: the server does not answer or does not have the file, or its content is not the expected
            one; or another file of this name is in the folder.
        DiskSpaceError: it does not fit.
    """
    path = folder / remote.name
    if path.exists():
        if (found := _sha256(path)) == remote.sha256:
            return path
        fix = "remove it, or give another folder"
        raise AssetError(path, f"SHA-256 {remote.sha256}, as {remote.url} has", found, fix)
    part = path.with_name(path.name + _PART)
    continued = part.exists()
    while True:
        _Transfer(remote, part, pause).complete()
        if (found := _sha256(part)) == remote.sha256:
            part.replace(path)
            return path
        part.unlink()
        if not continued:
            fix = "run it again; if that does not help, the server has another file: download it yourself"
            raise AssetError(remote.url, f"SHA-256 {remote.sha256}", found, fix)
        continued = False  # the part may have been of an older file


class _InterruptedError(Exception):
    """The connection broke. Trying again may help."""


@dataclass(frozen=True)
class _Transfer:
    """Brings a remote file into a local one, of which a part may be there."""

    remote: RemoteFile
    part: Path
    pause: Callable[[float], None]

    def complete(self) -> None:
        """Download what is missing, with a new connection whenever one breaks.

        Raises:
            AssetError: the server does not have it, or connections break without bringing anything.
            DiskSpaceError: it does not fit.
        """
        size = self.remote.bytes
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
                        raise AssetError(self.remote.url, "", f"cannot be read: {error}", fix) from error
                    self.pause(2.0**fruitless)

    @property
    def _label(self) -> str:
        return f"downloading {self.remote.name}"

    def _there(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _continue(self, there: int, progress: Progress) -> None:
        """Read from one connection until it ends; from the beginning if the server cannot continue."""
        headers = {"User-Agent": "fgbg", "Accept-Encoding": "identity"}
        if there:
            headers["Range"] = f"bytes={there}-"
        request = urllib.request.Request(self.remote.url, headers=headers)
        with _network_errors(self.remote.url):
            response = _OPENER.open(request, timeout=_SECONDS_TO_ANSWER)
        with closing(response):
            continues = response.status == 206 and response.headers.get("Content-Range", "").startswith(
                f"bytes {there}-"
            )
            if not continues:
                there = 0
                progress.resume_at(0)
            with self.part.open("ab" if continues else "wb") as file:
                for piece in _pieces(self.remote.url, response):
                    file.write(piece)
                    progress.advance(((there + len(piece)) >> 20) - (there >> 20))
                    there += len(piece)
                    if there > self.remote.bytes:
                        break
        if there > self.remote.bytes:
            self.part.unlink()
            expected = f"{self.remote.bytes:,} bytes"
            raise AssetError(self.remote.url, expected, "more", _YOURSELF)
        if there < self.remote.bytes:
            raise _InterruptedError(f"the connection ended after {there:,} of {self.remote.bytes:,} bytes")


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
        fix = _YOURSELF
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
            fix = _YOURSELF
            raise AssetError(req.full_url, f"an address of {req.type}", newurl, fix)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SameScheme)


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
