"""Progress on a terminal, in a file, and on a closed stream."""

import contextlib
import io
import os
import struct
import sys

import pytest

from generator import progress
from generator.progress import Progress, show_progress


class Gone(io.StringIO):
    """A stream that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def read_all(terminal: int) -> bytes:
    """Read everything that was written to a terminal: it comes in pieces; the end is an error."""
    pieces = []
    with contextlib.suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as file:
        while piece := file.read(2**12):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("label", "unit", "time_left", "note", "shown"),
    [
        ("reading pictures", "pictures", None, "", ["240k/264k pictures", "left"]),
        (
            "1024 px, stage 3/3, epoch 12/12",
            "steps",
            "1:23:45",
            "loss 0.1234",
            ["epoch 12/12:  91%|", "| 240k/264k [1:23:45 left, loss 0.1234]"],
        ),
    ],
)
def test_the_bar_goes_to_stderr_and_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    unit: str,
    time_left: str | None,
    note: str,
    shown: list[str],
) -> None:
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    tell = None if time_left is None else lambda: str(time_left)
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress("at first", 264_000, unit, delay=0, time_left=tell) as bar:
            assert bar._bar is not None
            bar._bar.mininterval = 0
            bar.relabel(label)
            for _ in range(3):
                bar.advance(80_000, note)
    drawn = [line for line in read_all(reader).decode().split("\r") if line.strip()]
    assert all(text in drawn[-1] for text in shown)
    assert max(map(len, drawn)) <= 80 and out.getvalue() == ""


def test_lines_go_to_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with Progress("generating", 20, "samples") as counted:
        counted.resume_at(10)
        counted.advance(5)
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("generating: 15/20 samples, ")


def test_lines_tell_the_time_left_that_the_work_knows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with Progress("96 px", 561, "steps", time_left=lambda: "2:10") as counted:
        counted.relabel("192 px")
        counted.advance(312, "loss 0.1234")
    assert capsys.readouterr().err == "192 px: 312/561 steps, 2:10 left, loss 0.1234\n"


def test_hidden_progress_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)

    def work() -> str:
        with Progress("generating", 20, "samples") as counted:
            counted.advance(5)
        return capsys.readouterr().err

    with show_progress(False):
        assert work() == ""
        with show_progress(True):
            assert work() == "", "who asked for quiet gets it"
    assert work() != ""


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


def test_without_a_total_it_shows_how_much_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    with Progress("predicting", None, "frames") as lines:
        lines.advance(1200)
    assert err.getvalue().startswith("predicting: 1,200 frames, ") and err.getvalue().endswith(" frames/s\n")
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress("predicting", None, "frames", delay=0) as bar:
            bar.advance(7)
    assert b"predicting: 0 frames [" in read_all(reader)
