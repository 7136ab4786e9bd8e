"""The results of a command: writing them, and a mark in pictures that names the command that wrote them."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from generator.files import open_regular, write_atomically

PREDICTION = "predict"
"""The mark of masks, depth and overlays written by 'fgbg predict'."""

TO_LOOK_AT = (".overlay.png", ".cutout.png", ".side-by-side.png")
"""The endings of predictions that are neither a mask nor a depth."""

# The length of the signature and the header chunk, which text may follow (PNG specification, 11.3.3).
_HEAD = 33
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KIND, _TEXT = b"tEXt", b"Software\0fgbg "
_LONGEST = 32


def mark_png(png: bytes, command: str) -> bytes:
    """The same PNG with the text `Software: fgbg COMMAND`."""
    text = _TEXT + command.encode("ascii")
    chunk = struct.pack(">I", len(text)) + _KIND + text + struct.pack(">I", zlib.crc32(_KIND + text))
    whole = memoryview(png)
    return b"".join((whole[:_HEAD], chunk, whole[_HEAD:]))


def maker_of(path: Path) -> str | None:
    """The command that wrote a PNG; None if it was not fgbg, or the file cannot be read."""
    try:
        with open_regular(path) as file:
            start = file.read(_HEAD + len(_KIND) + 4 + len(_TEXT) + _LONGEST)
    except OSError:
        return None
    text = start[_HEAD + 4 :]
    if not start.startswith(_SIGNATURE) or not text.startswith(_KIND + _TEXT):
        return None
    length = int.from_bytes(start[_HEAD : _HEAD + 4], "big")
    return text[len(_KIND + _TEXT) : len(_KIND) + length].decode("ascii", "replace")


def is_marked(path: Path, command: str) -> bool:
    """Whether a file is a PNG that this command wrote."""
    return maker_of(path) == command


def write_results(folder: Path, results: Mapping[str, bytes | None], command: str) -> list[Path]:
    """Write the results of a command that may replace files of their names; make the folder.

    Args:
        folder: of the results.
        results: the content of each file by its name; None where this call has none. A picture of this name
            that an earlier call left is then removed, because it does not belong to these results; a picture
            that the command did not write stays.
        command: that writes them.

    Returns:
        The paths of the files, in the order of `results`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in results.items():
        if content is not None:
            write_atomically(folder / name, content)
        elif is_marked(folder / name, command):
            (folder / name).unlink()
    return [folder / name for name, content in results.items() if content is not None]
