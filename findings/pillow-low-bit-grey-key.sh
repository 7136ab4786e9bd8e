#!/usr/bin/env bash
# Pillow 13.0.0 loses the transparency of a grey PNG of 2 or 4 bits in which one grey stands for transparent (tRNS):
# it scales the pixels to 8 bits, then compares them with the grey that was not scaled. OpenCV 5.0.0 omits the alpha.
# With 1 and 8 bits Pillow is correct.
#
# Expected: convert("RGBA") gives the alpha that the file declares, with any number of bits.
# Affected: everyone who reads grey cut-outs, icons or masks after a PNG optimiser, which uses as few bits as possible and
# a transparent grey: the cut-out becomes a full rectangle.
#
# Seen (48 of 64 pixels are transparent):
#   1 bits: Pillow 48 transparent, OpenCV without alpha
#   2 bits: Pillow 0 transparent, OpenCV without alpha
#   4 bits: Pillow 0 transparent, OpenCV without alpha
#   8 bits: Pillow 48 transparent, OpenCV without alpha
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pillow==13.0.0 opencv-python-headless==5.0.0.93 'numpy==2.4.*'
"$work/venv/bin/python" - <<'PYTHON'
import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

KEY = 1


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, bits: int) -> bytes:
    height, width = values.shape
    rows = b""
    for row in values.tolist():
        packed = 0
        for value in row:
            packed = packed << bits | value
        rows += b"\0" + packed.to_bytes(width * bits // 8, "big")
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = (b"IHDR", head), (b"tRNS", struct.pack(">H", KEY)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


values = np.full((8, 8), KEY)
values[2:6, 2:6] = 0
seen = {}
for bits in (1, 2, 4, 8):
    content = png(values, bits)
    alpha = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[..., 3]
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    seen[bits] = int((alpha == 0).sum()), by_opencv.ndim == 3 and by_opencv.shape[2] == 4
    print(f"{bits} bits: Pillow {seen[bits][0]} transparent, OpenCV {'with' if seen[bits][1] else 'without'} alpha")
raise SystemExit(seen != {1: (48, False), 2: (0, False), 4: (0, False), 8: (48, False)})
PYTHON
