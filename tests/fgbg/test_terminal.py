import io
import re
import sys
from pathlib import Path

import pytest

from fgbg.terminal import say, warn


def test_lines_stay_lines_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nb", Path("c\x1b[2J\u202e.png"), "", "caf\u00e9")
    warn("d")
    said = capsys.readouterr()
    assert said.out.splitlines() == [r"a\nb", r"c\x1b[2J\u202e.png", "", "caf\u00e9"] and said.err == "d\n"


def test_what_the_encoding_does_not_have_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    say("caf\u00e9 \u732b")
    stream.flush()
    assert stream.buffer.getvalue() == rb"caf\xe9 \u732b" + b"\n"  # type: ignore[attr-defined]


def test_commands_print_by_these_alone() -> None:
    folder = Path(__file__).parents[2] / "fgbg"
    others = {
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"click\.s?echo\(|\bprint\(", path.read_text(encoding="utf-8"))
    }
    assert others == {"terminal.py"}
