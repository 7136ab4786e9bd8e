"""The page as users see it: with its own server, in a headless Chromium."""

import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.fgbg.app.conftest import STORED, png

CHROMIUM = shutil.which("chromium")
_PATIENCE = 120_000
"""Milliseconds to wait on a busy machine."""


@pytest.fixture(scope="module")
def address(unrendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server. At the end, Ctrl-C stops it."""
    run = shutil.copytree(STORED / "run-1", tmp_path_factory.mktemp("place") / "outputs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "fgbg", "app", "--checkpoint", str(run), "--data", str(unrendered)]
    command += ["--port", port, "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line == f"The page is at http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        yield line.split()[4]
        server.send_signal(signal.SIGINT)
        said, problems = server.communicate(timeout=60)
        assert (said, problems, server.returncode) == ("The page has ended\n", "", 0)


def fetched(address: str, path: str) -> str:
    try:
        with urllib.request.urlopen(address + path, timeout=30) as answer:
            return str(answer.read(4096).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return str(error.code)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/media/../../../etc/passwd",
        "/media/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/app/static/page.py",
        "/component/x/../../page.py",
        "//etc/passwd",
    ],
)
def test_no_file_is_served_by_its_path(address: str, path: str) -> None:
    answer = fetched(address, path)
    assert answer in ("400", "403", "404") or "<title>Streamlit</title>" in answer, answer


def test_an_upload_without_a_page_is_refused(address: str) -> None:
    request = urllib.request.Request(f"{address}/_stcore/upload_file/nobody/1", png(), method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert answer.code in (400, 403)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_picture_is_uploaded_and_its_mask_and_depth_are_seen(address: str, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    picture.write_bytes(png(96, 64))
    no_picture = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(_PATIENCE)
        page.goto(address)
        page.locator("input[type=file]").first.set_input_files(picture)
        for title in ("mask", "depth", "cut-out", "overlay"):
            _see(page, title, width=384)
        page.screenshot(path=tmp_path / "page.png")
        with page.expect_download() as download:
            page.get_by_role("button", name="Depth, 16 bits").click()
        download.value.save_as(tmp_path / "depth.png")
        page.locator("input[type=file]").first.set_input_files(
            {"name": "page.png", "mimeType": "image/png", "buffer": no_picture}
        )
        expect(page.get_by_role("alert")).to_contain_text("page.png: expected a picture", timeout=_PATIENCE)
        browser.close()
    shot = cv2.imread(str(tmp_path / "page.png"))
    assert shot is not None and shot.shape == (1000, 1280, 3) and shot.std() > 10
    depth = cv2.imread(str(tmp_path / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth is not None and depth.dtype == "uint16" and depth.shape == (64, 96)


def _see(page: Page, title: str, width: int) -> None:
    """Wait for a picture until the browser has decoded it."""
    shown = page.get_by_role("img", name=title, exact=True)
    expect(shown).to_be_visible(timeout=_PATIENCE)
    assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == width
