"""A text inside PNG files that names the command that wrote them, so that it may replace them."""

import struct
import zlib
from pathlib import Path

from generator.files import open_regular

PREDICTION = "predict"
"""The mark of masks, depth and overlays written by 'fgbg predict'."""

MASK_SUFFIX, DEPTH_SUFFIX, OVERLAY_SUFFIX = ".mask.png", ".depth.png", ".overlay.png"
"""The endings that follow a picture's name in the names of its predictions."""

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
