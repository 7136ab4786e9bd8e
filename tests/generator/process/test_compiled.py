"""Compiled loops, cached on disk if a folder can be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.process.compiled import compiled

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import loop
assert loop.double(21) == 42
print(bool(loop.double._cache._impl) if hasattr(loop.double._cache, "_impl") else False)
"""


def test_a_compiled_function_does_the_same() -> None:
    @compiled
    def add(a: int, b: int) -> int:
        return a + b

    assert add(2, 3) == 5


@pytest.mark.parametrize("writable", [True, False])
def test_where_nothing_can_be_kept_it_is_compiled_again(writable: bool, tmp_path: Path) -> None:
    """Every folder that Numba tries is a file, so that nothing can be written there, not even by root."""
    module = tmp_path / "code" / "loop.py"
    module.parent.mkdir()
    module.write_text(
        "from generator.process.compiled import compiled\n@compiled\ndef double(n):\n    return n + n\n"
    )
    home = tmp_path / "home"
    if writable:
        home.mkdir()
    else:
        home.touch()
        (module.parent / "__pycache__").touch()
    places = {name: str(home) for name in ("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT.format(folder=str(module.parent))],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(writable) and done.stderr == ""
