import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from generator.errors import AssetError, ConfigError, DiskSpaceError, UsageError
from generator.fetch import RemoteFile, fetch
from generator.importing.download import DOWNLOADS, download
from generator.locks import hold_folder


@dataclass
class Server:
    """A web server of this machine, which fails as it is told.

    Attributes:
        address: of its files.
        files: the content of each file by its name.
        cuts: after so many bytes the next answers end; each is used once.
        codes: the codes of the next answers; each is used once.
        ranges: whether it can continue a download.
        location: where it says that all files are.
        asked: the range that each request asked for.
    """

    address: str
    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    ranges: bool = True
    location: str = ""
    asked: list[str | None] = field(default_factory=list)

    def archive(self, name: str) -> RemoteFile:
        content = self.files[name]
        return RemoteFile(f"{self.address}/{name}", len(content), hashlib.sha256(content).hexdigest())


def tar(names: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as opened:
        for name, content in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return file.getvalue()


NOISE = np.random.default_rng(0).bytes(1_000_000)
PICTURES = tar({"images/a.jpg": NOISE})
MASKS = tar({"annotations/a.png": b"mask", "readme": b"text"})


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            told.asked.append(asked)
            content = told.files.get(self.path.strip("/"))
            code = told.codes.pop(0) if told.codes else 200 if content is not None else 404
            if told.location:
                self.send_response(302)
                self.send_header("Location", told.location)
                self.end_headers()
                return
            if code != 200 or content is None:
                self.send_error(code)
                return
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and told.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + told.cuts.pop(0) if told.cuts else None
            self.wfile.write(content[start:end])
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told = Server(
            f"http://127.0.0.1:{http.server_port}", {"images.tar.gz": PICTURES, "annotations.tgz": MASKS}
        )
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        http.shutdown()
        thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time."""
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


def get(server: Server, folder: Path, pauses: list[float], name: str = "images.tar.gz") -> Path:
    return fetch(server.archive(name), folder, pauses.append)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_everything_is_downloaded_and_unpacked_once(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    archives = (server.archive("images.tar.gz"), server.archive("annotations.tgz"))
    lines: list[str] = []
    download("oxford-pet", folder, lines.append, archives)
    assert visible(folder) == ["annotations", "images", "readme"]
    assert (folder / "images" / "a.jpg").read_bytes() == NOISE
    assert lines == [f"{archive.url} is downloaded to {folder} and unpacked there" for archive in archives]
    download("oxford-pet", folder, lines.append, archives)
    assert len(lines) == len(server.asked) == 2


def test_a_broken_connection_is_continued(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    server.cuts = [300_000, 1, 250_000]
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked == [None, "bytes=300000-", "bytes=300001-", "bytes=550001-"]
    assert visible(tmp_path) == ["images.tar.gz"]


def test_a_later_call_continues(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    (tmp_path / "images.tar.gz.part").write_bytes(PICTURES[:400_000])
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked == ["bytes=400000-"]
    assert get(server, tmp_path, pauses) == tmp_path / "images.tar.gz"
    assert len(server.asked) == 1, "a whole file is not downloaded again"


def test_a_whole_part_needs_no_server(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    (tmp_path / "images.tar.gz.part").write_bytes(PICTURES)
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked == []


def test_a_server_that_cannot_continue_begins_again(
    server: Server, tmp_path: Path, pauses: list[float]
) -> None:
    server.ranges, server.cuts = False, [300_000]
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked == [None, "bytes=300000-"]


def test_a_part_of_another_file_is_downloaded_again_from_the_beginning(
    server: Server, tmp_path: Path, pauses: list[float]
) -> None:
    (tmp_path / "images.tar.gz.part").write_bytes(b"older" * 1000)
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked == ["bytes=5000-", None]
    (tmp_path / "images.tar.gz").unlink()
    (tmp_path / "images.tar.gz.part").write_bytes(bytes(2_000_000))
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert server.asked[2:] == [None]


def test_a_wrong_content_is_never_unpacked(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    archive = replace(server.archive("images.tar.gz"), sha256="0" * 64)
    with pytest.raises(AssetError) as caught:
        download("oxford-pet", tmp_path, archives=(archive,))
    assert str(caught.value) == (
        f"{archive.url}: expected SHA-256 {'0' * 64}, found {hashlib.sha256(PICTURES).hexdigest()}; run it"
        " again; if that does not help, the server has another file: download it yourself"
    )
    assert visible(tmp_path) == []
    with pytest.raises(AssetError, match=r"expected 1,000 bytes, found more; download it yourself"):
        fetch(replace(archive, bytes=1000), tmp_path)
    assert visible(tmp_path) == []


def test_a_file_that_is_gone(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    archive = replace(server.archive("images.tar.gz"), url=f"{server.address}/gone.tgz")
    with pytest.raises(
        AssetError, match=r"gone\.tgz is answered by HTTP 404 Not Found\. Download it yourself"
    ):
        fetch(archive, tmp_path, pauses.append)
    assert (len(server.asked), pauses) == (1, [])


def test_a_busy_server_is_asked_again_later_and_later(
    server: Server, tmp_path: Path, pauses: list[float]
) -> None:
    server.codes = [503, 429, 500]
    assert get(server, tmp_path, pauses).read_bytes() == PICTURES
    assert pauses == [2, 4, 8]
    (tmp_path / "images.tar.gz").unlink()
    server.codes = [503] * 6
    with pytest.raises(AssetError, match=r"cannot be read: HTTP 503 .* Check the network and run it again"):
        get(server, tmp_path, pauses)


def test_a_server_that_does_not_answer(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    archive = replace(server.archive("images.tar.gz"), url="http://127.0.0.1:9/images.tar.gz")
    with pytest.raises(AssetError, match=r"images\.tar\.gz cannot be read: .*refused.* which continues\.$"):
        fetch(archive, tmp_path, pauses.append)
    assert len(pauses) == 5


def test_another_kind_of_address_is_not_followed(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    server.location = "ftp://127.0.0.1/images.tar.gz"
    with pytest.raises(AssetError, match=r"expected an address of http, found ftp://127\.0\.0\.1/"):
        get(server, tmp_path, pauses)


def test_files_that_are_there_are_never_replaced(server: Server, tmp_path: Path, pauses: list[float]) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(
        AssetError, match=r"images exists already, and is in the download too\. Remove it and run"
    ):
        download("oxford-pet", tmp_path, archives=(server.archive("images.tar.gz"),))
    assert list((tmp_path / "images").iterdir()) == []
    (tmp_path / "annotations.tgz").write_bytes(b"mine")
    with pytest.raises(
        AssetError, match=r"annotations\.tgz: expected SHA-256 .*; remove it, or give another"
    ):
        get(server, tmp_path, pauses, "annotations.tgz")
    assert (tmp_path / "annotations.tgz").read_bytes() == b"mine"


def test_a_small_disk(server: Server, tmp_path: Path) -> None:
    archive = replace(server.archive("images.tar.gz"), bytes=2**62)
    with pytest.raises(
        DiskSpaceError, match=r"images\.tar\.gz\.part: expected room for .* TB, found .* free"
    ):
        fetch(archive, tmp_path)


def test_one_download_at_a_time(server: Server, tmp_path: Path) -> None:
    with (
        hold_folder(tmp_path, "fgbg import", ".fgbg-download.lock"),
        pytest.raises(ConfigError, match="is in use by another 'fgbg import'"),
    ):
        download("oxford-pet", tmp_path, archives=(server.archive("images.tar.gz"),))


def test_only_known_data_sets_are_downloaded(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"does not know an address of voc\. .*only cub200 and oxford-pet are"
    ):
        download("voc", tmp_path)
    assert all(
        archive.url.startswith(("https://data.caltech.edu/", "https://www.robots.ox.ac.uk/"))
        and len(bytes.fromhex(archive.sha256)) == 32
        for archives in DOWNLOADS.values()
        for archive in archives
    )
