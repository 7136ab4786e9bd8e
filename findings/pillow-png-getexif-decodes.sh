#!/usr/bin/env bash
# Pillow 13.0.0 decodes all pixels of a PNG to answer getexif(), if the file has no EXIF before its pixels. Of a JPEG or a
# TIFF it reads only the header.
#
# Expected: the documentation of Image.open says that pixels are not read until they are needed; getexif() needs only the
# chunks of the file, which can be skipped without decompression.
# Affected: everyone who asks for the orientation or the size of many PNG files before decoding them, or of large ones.
#
# Seen (4000 x 3000 pixels of noise):
#   JPEG: getexif() leaves the pixels alone
#   PNG: getexif() decodes the pixels
#   PNG with EXIF: getexif() leaves the pixels alone
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pillow==13.0.0
"$work/venv/bin/python" - <<'PYTHON'
import io
import random

from PIL import Image

noise = Image.frombytes("L", (4000, 3000), random.Random(0).randbytes(12_000_000))
exif = Image.Exif()
exif[0x0112] = 1
seen = {}
for name, kind, options in (("JPEG", "JPEG", {}), ("PNG", "PNG", {}), ("PNG with EXIF", "PNG", {"exif": exif})):
    file = io.BytesIO()
    noise.save(file, kind, compress_level=1, **options)
    opened = Image.open(file)
    opened.getexif()
    seen[name] = not opened.tile  # what is still to decode
    print(f"{name}: getexif() {'decodes the pixels' if seen[name] else 'leaves the pixels alone'}")
raise SystemExit(seen != {"JPEG": False, "PNG": True, "PNG with EXIF": False})
PYTHON
