"""How long the page takes to answer an upload, and how much memory the server takes for many.

Starts `fgbg app` and opens its page in headless Chromium. The first upload loads the network and is reported
alone. Then single uploads follow, from the moment a file is chosen to the moment its overlay is drawn in the
browser; the server's CPU time is of the same span. At last many pages upload at once. Linux only.

    python benchmarks/app.py --checkpoint outputs/best.pt --side 1500 --uploads 10 --pages 50
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

_PATIENCE = 600_000
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument(
        "--side", type=int, default=1500, help="width of the pictures in pixels (default: 1500)"
    )
    parser.add_argument("--uploads", type=int, default=10, help="single uploads (default: 10)")
    parser.add_argument("--pages", type=int, default=50, help="pages that upload at once (default: 50)")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "fgbg", "app", "--checkpoint", str(options.checkpoint), "--port", port]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        address = server.stdout.readline().split()[4]
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        page = browser.new_page()
        print(f"started: {resident(server.pid):.0f} MB")
        page.goto(address)
        spans = [
            upload(page, picture(options.side, seed), seed, server.pid) for seed in range(options.uploads + 1)
        ]
        print(f"first upload: {spans[0][0]:.2f} s, {spans[0][1]:.2f} s of CPU")
        walls, cpus = zip(*spans[1:], strict=True)
        print(
            f"{len(walls)} more: median {statistics.median(walls):.2f} s, slowest {max(walls):.2f} s, "
            f"median CPU {statistics.median(cpus):.2f} s; {resident(server.pid):.0f} MB"
        )
        pages = [browser.new_page() for _ in range(options.pages)]
        for other in pages:
            other.goto(address)
        began = time.perf_counter()
        for seed, other in enumerate(pages):
            choose(other, picture(options.side, 1000 + seed), 1000 + seed)
        for other in pages:
            other.get_by_text("overlay", exact=True).wait_for(timeout=_PATIENCE)
        print(
            f"{len(pages)} at once: all answered after {time.perf_counter() - began:.1f} s, "
            f"most memory {most_resident(server.pid):.0f} MB"
        )
        server.send_signal(signal.SIGINT)


def picture(side: int, seed: int) -> bytes:
    """A JPEG with discs in noise, another one for each seed."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(60, 120, (side * 3 // 4, side, 3), np.uint8)
    cv2.circle(pixels, (side // 2, side // 3), side // 6, rng.integers(0, 255, 3).tolist(), -1)
    return bytes(cv2.imencode(".jpg", pixels)[1])


def choose(page: Page, content: bytes, seed: int) -> None:
    """Choose a file in the page."""
    file = {"name": f"picture-{seed}.jpg", "mimeType": "image/jpeg", "buffer": content}
    page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]


def upload(page: Page, content: bytes, seed: int, pid: int) -> tuple[float, float]:
    """Seconds and CPU seconds of the server until an upload is answered."""
    overlay = page.get_by_role("img", name="overlay", exact=True)
    before = overlay.get_attribute("src") if overlay.count() else None
    began, cpu = time.perf_counter(), cpu_seconds(pid)
    choose(page, content, seed)
    while not overlay.count() or overlay.get_attribute("src") == before:
        page.wait_for_timeout(10)
    overlay.evaluate("picture => picture.decode()")
    return time.perf_counter() - began, cpu_seconds(pid) - cpu


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(pid: int) -> float:
    return _status(pid, "VmRSS")


def most_resident(pid: int) -> float:
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    """Megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    main()
