#!/usr/bin/env bash
# Pillow 13.0.0 reads wrong pixels from an uncompressed 16-bit RGB TIFF with separate channels (PlanarConfiguration 2):
# it treats the 16-bit samples as 8-bit ones, without an error. From a compressed file it reads the right pixels.
#
# Expected: compression changes the size of a file, not its pixels.
# Affected: everyone who opens TIFFs that tifffile wrote from (3, H, W) arrays, GDAL and rasterio wrote with
# INTERLEAVE=BAND, or an editor saved "per channel".
#
# Seen:
#   zlib: first pixel (234, 0, 117), right: (234, 0, 117)
#   none: first pixel (96, 0, 48), right: (234, 0, 117)
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pillow==13.0.0 tifffile==2026.3.3 'numpy==2.4.*'
"$work/venv/bin/python" - <<'PYTHON'
import io

import numpy as np
import tifffile
from PIL import Image

planes = np.zeros((3, 8, 8), np.uint16)
planes[0], planes[1], planes[2] = 60000, np.arange(8) * 1000, 30000
right = tuple(int(value) for value in planes[:, 0, 0] >> 8)
first = {}
for name in ("zlib", "none"):
    file = io.BytesIO()
    tifffile.imwrite(
        file, planes, photometric="rgb", planarconfig="separate", compression=None if name == "none" else name
    )
    first[name] = Image.open(file).getpixel((0, 0))
    print(f"{name}: first pixel {first[name]}, right: {right}")
raise SystemExit(not (first["zlib"] == right and first["none"] == (96, 0, 48)))
PYTHON
