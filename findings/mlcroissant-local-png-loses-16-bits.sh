#!/usr/bin/env bash
# mlcroissant 1.1.1 reads the pictures of a FileSet that is contained in nothing (files beside the JSON) as 8-bit RGB. The numbers of a
# 16-bit PNG are cut off at 255, without an error. The same FileSet, contained in a FileObject that names the folder, gives the 16 bits.
#
# Expected: the same picture from both, as the format of the files is the same.
# Affected: whoever describes depth maps, medical pictures or masks with palettes beside their Croissant file. fgbg names the folder
# (generator/export/croissant.py).
#
# Seen:
#   mlcroissant 1.1.1
#   beside: mode RGB, highest value 255
#   in a folder: mode I;16, highest value 60000
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mlcroissant==1.1.1' 'numpy==2.4.*' 'pillow==12.*'
cat > "$work/try.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version
from pathlib import Path

import mlcroissant as mlc
import numpy as np
from PIL import Image

folder = Path(sys.argv[1]) / "data"
(folder / "depth").mkdir(parents=True)
Image.fromarray(np.array([[0, 60000]], np.uint16)).save(folder / "depth" / "a.png")


def read(file_objects, **of_set):
    files = mlc.FileSet(id="pictures", name="pictures", encoding_formats=["image/png"], **of_set)
    content = mlc.Extract(file_property=mlc.FileProperty.content)
    image = mlc.Field(
        id="depth/image",
        name="image",
        data_types=mlc.DataType.IMAGE_OBJECT,
        source=mlc.Source(file_set="pictures", extract=content),
    )
    metadata = mlc.Metadata(
        name="depth",
        conforms_to=["http://mlcommons.org/croissant/1.0"],
        distribution=[*file_objects, files],
        record_sets=[mlc.RecordSet(id="depth", name="depth", fields=[image])],
    )
    path = folder / "croissant.json"
    path.write_text(json.dumps(metadata.to_json(), default=str))
    [record] = mlc.Dataset(str(path)).records("depth")
    return record["depth/image"]


named = mlc.FileObject(
    id="folder", name="folder", content_url="depth", encoding_formats=["inode/directory"], sha256="0" * 64
)
print("mlcroissant", version("mlcroissant"))
found = {
    "beside": read([], includes=["depth/*.png"]),
    "in a folder": read([named], includes=["*.png"], contained_in=["folder"]),
}
for place, picture in found.items():
    print(f"{place}: mode {picture.mode}, highest value {np.array(picture).max()}")
highest = [int(np.array(picture).max()) for picture in found.values()]
raise SystemExit(highest != [255, 60000])
PYTHON
"$work/venv/bin/python" "$work/try.py" "$work" 2> "$work/log" || { code=$?; cat "$work/log" >&2; exit $code; }
