#!/usr/bin/env bash
# mlcroissant 1.1.1 reads a column of a CSV file that is declared as Text as numbers, if all of it looks like numbers: 0012 becomes 12, and
# NA becomes a missing value. The same values from a JSON file stay as they are.
#
# Expected: the text of the file, as the field is of the type Text.
# Affected: whoever joins records by names of digits. fgbg writes its table as JSON too (generator/export/croissant.py).
#
# Seen:
#   mlcroissant 1.1.1
#   csv: [b'12', b'13']
#   json: [b'0012', b'0013']
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mlcroissant==1.1.1'
cat > "$work/try.py" <<'PYTHON'
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import mlcroissant as mlc

folder = Path(sys.argv[1])
(folder / "table.csv").write_text("name\n0012\n0013\n")
(folder / "table.json").write_text('[{"name": "0012"}, {"name": "0013"}]')


def read(file, kind, **extract):
    sha256 = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    table = mlc.FileObject(id=file, name=file, content_url=file, encoding_formats=[kind], sha256=sha256)
    source = mlc.Source(file_object=file, extract=mlc.Extract(**extract))
    name = mlc.Field(id="rows/name", name="name", data_types=mlc.DataType.TEXT, source=source)
    metadata = mlc.Metadata(
        name="table",
        conforms_to=["http://mlcommons.org/croissant/1.0"],
        distribution=[table],
        record_sets=[mlc.RecordSet(id="rows", name="rows", fields=[name])],
    )
    path = folder / "croissant.json"
    path.write_text(json.dumps(metadata.to_json(), default=str))
    return [record["rows/name"] for record in mlc.Dataset(str(path)).records("rows")]


print("mlcroissant", version("mlcroissant"))
found = {
    "csv": read("table.csv", "text/csv", column="name"),
    "json": read("table.json", "application/json", json_path="$[*].name"),
}
for kind, names in found.items():
    print(f"{kind}: {names}")
raise SystemExit(list(found.values()) != [[b"12", b"13"], [b"0012", b"0013"]])
PYTHON
"$work/venv/bin/python" "$work/try.py" "$work" 2> "$work/log" || { code=$?; cat "$work/log" >&2; exit $code; }
