"""Progress on a terminal, into a file, and where nobody listens."""

import io
import os
import struct
import sys

import pytest

from generator import progress
from generator.progress import Progress


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("part", "label", "shown"),
    [
        (False, "reading pictures", ["240k/264k pictures", "left"]),
        (True, "epoch 12/12 at 1024 px", ["samples/s, loss 0.1234, run 1:23:45 left"]),
    ],
)
def test_the_bar_goes_to_stderr_and_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch, part: bool, label: str, shown: list[str]
) -> None:
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress(label, 264_000, "samples" if part else "pictures", delay=0, part=part) as bar:
            assert bar._bar is not None
            bar._bar.mininterval = 0
            for _ in range(3):
                bar.advance(80_000, "loss 0.1234, run 1:23:45 left")
        drawn = [line for line in os.read(reader, 2**16).decode().split("\r") if line.strip()]
    os.close(reader)
    assert all(text in drawn[-1] for text in shown)
    assert max(map(len, drawn)) <= 80 and out.getvalue() == ""


def test_lines_go_to_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with Progress("generating", 20, "samples") as counted:
        counted.resume_at(10)
        counted.advance(5)
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("generating: 15/20 samples, ")


@pytest.mark.parametrize("terminal", [False, True])
def test_work_goes_on_when_nobody_reads(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    gone = Gone()
    if terminal:
        monkeypatch.setattr(gone, "isatty", lambda: True)
    for stream in (gone, None):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress("generating", 20, "samples", delay=1e-9) as counted:
            if counted._bar is not None:
                counted._bar.mininterval = 0
            for _ in range(3):
                counted.advance(5)
