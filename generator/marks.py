"""A word inside PNG files that says which command wrote them, so that it knows its own again."""

import struct
import zlib
from pathlib import Path

from generator.files import open_regular

PREDICTION = "predict"
"""The mark of masks, depth and overlays that 'fgbg predict' wrote."""

MASK_SUFFIX, DEPTH_SUFFIX, OVERLAY_SUFFIX = ".mask.png", ".depth.png", ".overlay.png"
"""What stands behind a picture's name in the names of its predictions."""

# The signature and the header chunk; after them may stand text (PNG specification, 11.3.3).
_HEAD = 33
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mark_png(png: bytes, command: str) -> bytes:
    """The same picture with the text `Software: fgbg COMMAND`."""
    chunk = _chunk(command)
    whole = memoryview(png)
    return b"".join((whole[:_HEAD], chunk, whole[_HEAD:]))


def is_marked(path: Path, command: str) -> bool:
    """Whether a file is a PNG that a command wrote; False too where it cannot be read."""
    chunk = _chunk(command)
    try:
        with open_regular(path) as file:
            start = file.read(_HEAD + len(chunk))
    except OSError:
        return False
    return start.startswith(_SIGNATURE) and start[_HEAD:] == chunk


def _chunk(command: str) -> bytes:
    kind, text = b"tEXt", b"Software\0fgbg " + command.encode("ascii")
    return struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))
