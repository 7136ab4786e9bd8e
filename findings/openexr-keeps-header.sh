#!/usr/bin/env bash
# OpenEXR 3.5.3 (Python) writes the size of the first picture into the header that the caller gave. A second picture of another
# size with the same header is then refused.
#
# Expected: OpenEXR.File(header, channels) does not change the header of the caller; the window follows from the pixels each time.
# Affected: programs that make one header and write several pictures with it.
#
# Seen:
#   the dict has the new keys dataWindow and displayWindow
#   ValueError: dataWindow size (3 x 2) does not match pixel array size (5 x 4)
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'openexr==3.5.3' 'numpy==2.3.*'
cat > "$work/try.py" <<'PYTHON'
import sys

import numpy as np
import OpenEXR

header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
OpenEXR.File(header, {"Y": np.zeros((2, 3), np.float32)}).write(f"{sys.argv[1]}/a.exr")
print(sorted(header))
try:
    OpenEXR.File(header, {"Y": np.zeros((4, 5), np.float32)}).write(f"{sys.argv[1]}/b.exr")
except ValueError as error:
    print(error)
    raise SystemExit("dataWindow" not in header)
raise SystemExit(1)
PYTHON
"$work/venv/bin/python" "$work/try.py" "$work"
