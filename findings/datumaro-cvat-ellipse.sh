#!/usr/bin/env bash
# Datumaro 1.13.12 drops the ellipses of a CVAT file ("CVAT for images 1.1") without an error or a warning. Polygons, boxes (turned
# ones too) and masks of the same picture arrive.
#
# Expected: an annotation for every shape, or an error that names the shape that cannot be read.
# Affected: whoever brings labels from CVAT to another format or to training by Datumaro: pictures with ellipses only look unlabelled.
# fgbg reads CVAT's file itself and draws ellipses (generator/label_formats/cvat.py).
#
# Seen:
#   in the file: box, ellipse, mask, polygon
#   read: mask, polygon, rotated_bbox
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'datumaro==1.13.12' 'numpy==2.4.*' 'pillow==12.*'
cat > "$work/try.py" <<'PYTHON'
import sys
from pathlib import Path

import datumaro
from PIL import Image

SHAPES = {
    "box": 'xtl="5" ytl="5" xbr="25" ybr="9" rotation="90"',
    "ellipse": 'cx="10" cy="10" rx="4" ry="2"',
    "mask": 'rle="2, 2, 2" left="4" top="3" width="3" height="2"',
    "polygon": 'points="1,1;5,1;5,5"',
}
folder = Path(sys.argv[1]) / "cvat"
(folder / "images").mkdir(parents=True)
Image.new("RGB", (30, 20)).save(folder / "images" / "a.png")
shapes = "".join(
    f'<{kind} label="cat" source="manual" occluded="0" z_order="0" {place}></{kind}>' for kind, place in SHAPES.items()
)
label = "<label><name>cat</name><attributes></attributes></label>"
task = f"<task><size>1</size><labels>{label}</labels></task>"
image = f'<image id="0" name="a.png" width="30" height="20">{shapes}</image>'
head = f"<version>1.1</version><meta>{task}</meta>"
(folder / "annotations.xml").write_text(f"<annotations>{head}{image}</annotations>")
print("in the file:", ", ".join(SHAPES))
[item] = datumaro.Dataset.import_from(str(folder), "cvat")
read = sorted(annotation.type.name for annotation in item.annotations)
print("read:", ", ".join(read))
raise SystemExit(read != ["mask", "polygon", "rotated_bbox"])
PYTHON
"$work/venv/bin/python" "$work/try.py" "$work"
