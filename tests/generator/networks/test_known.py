import functools
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generator.assets.salient import SalientNetwork
from generator.errors import AssetError
from generator.fetch import RemoteFile
from generator.networks import known


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(salient: Path) -> Iterator[str]:
    """Of a server for the network of the tests."""
    handler = functools.partial(Quiet, directory=str(salient.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/{salient.name}"
        http.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FGBG_CACHE", str(tmp_path))
    return tmp_path / "networks"


def test_a_network_is_downloaded_once(
    salient: Path, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = salient.read_bytes()
    remote = RemoteFile(address, len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(known.NETWORKS, "u2netp", remote)
    assert SalientNetwork.open("u2netp").path == cache / "salient.onnx"
    monkeypatch.setitem(known.NETWORKS, "u2netp", replace(remote, url="http://127.0.0.1:1/salient.onnx"))
    assert SalientNetwork.open("u2netp").res == 32


def test_a_file_of_the_same_name_is_taken(
    salient: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(salient.parent)
    Path("u2netp").write_bytes(salient.read_bytes())
    assert SalientNetwork.open("u2netp").path == Path("u2netp") and not cache.exists()
    Path("u2netp").unlink()


def test_another_file_at_the_address_is_refused(
    salient: Path, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(known.NETWORKS, "u2netp", RemoteFile(address, salient.stat().st_size, "0" * 64))
    with pytest.raises(AssetError, match="expected SHA-256 0000"):
        SalientNetwork.open("u2netp")
    assert not (cache / "salient.onnx").exists()
