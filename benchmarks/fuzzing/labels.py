"""Labelled data sets of every format, with damaged, missing, doubled and odd files."""

import base64
import contextlib
import json
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuzzing.mutate import mutate_bytes, mutate_text, mutate_tree, with_checksums
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run
from generator.drawing.layouts import LAYOUTS
from generator.drawing.write_labelled import write_labelled_samples
from generator.encode import encode_png

_SIZE = (48, 32)
_COUNT = 3
_CORNERS = ((6, 4), (24, 4), (24, 28), (6, 28))
_FLAT = [side for corner in _CORNERS for side in corner]
_PICTURES = frozenset({".png", ".jpg"})


_NAMES = [f"p{number}.png" for number in range(_COUNT)]
_HEAD = {"width": _SIZE[0], "height": _SIZE[1]}
_MASK = encode_png(np.ones((3, 5), np.uint8))


def _coco() -> dict[str, str]:
    numbers = range(_COUNT)
    runs = {"size": [_SIZE[1], _SIZE[0]], "counts": [100, 500, _SIZE[0] * _SIZE[1] - 600]}
    crowd = {"id": 8, "image_id": 0, "category_id": 7, "iscrowd": 1, "segmentation": runs}
    boxed = {"id": 9, "image_id": 1, "category_id": 7, "segmentation": [], "bbox": [1, 2, 3, 4]}
    drawn = [{"id": n, "image_id": n, "category_id": 3, "segmentation": [_FLAT]} for n in numbers]
    file = {
        "images": [{"id": n, "file_name": _NAMES[n], **_HEAD} for n in numbers],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [*drawn, crowd, boxed],
    }
    return {"annotations/instances_default.json": json.dumps(file)}


def _yolo() -> dict[str, str]:
    shares = " ".join(f"{x / _SIZE[0]:.4f} {y / _SIZE[1]:.4f}" for x, y in _CORNERS)
    files = {f"labels/p{number}.txt": f"0 {shares}\n1 {shares}\n" for number in range(_COUNT)}
    return {"data.yaml": "names: [cat, dog]\ntrain: images\n", **files}


def _labelme() -> dict[str, str]:
    mask = base64.b64encode(_MASK).decode()
    shapes = [
        {"label": "cat", "points": _CORNERS, "shape_type": "polygon", "group_id": 1},
        {"label": "dog", "points": [[1, 1], [9, 9]], "shape_type": "circle"},
        {"label": "dog", "points": [[2, 3], [6, 5]], "shape_type": "mask", "mask": mask},
    ]
    head = {"imageWidth": _SIZE[0], "imageHeight": _SIZE[1], "imageData": None, "shapes": shapes}
    return {f"{name[:-4]}.json": json.dumps({**head, "imagePath": name}) for name in _NAMES}


def _cvat() -> dict[str, str]:
    points = ";".join(f"{x},{y}" for x, y in _CORNERS)
    shapes = (
        f'<polygon label="cat" points="{points}" z_order="1"/>'
        '<box label="dog" xtl="1" ytl="1" xbr="9" ybr="9" rotation="20"/>'
        '<mask label="dog" rle="2, 10, 3" left="4" top="5" width="5" height="3"/>'
    )
    images = "".join(
        f'<image id="{number}" name="{name}" width="{_SIZE[0]}" height="{_SIZE[1]}">{shapes}</image>'
        for number, name in enumerate(_NAMES)
    )
    colour = "<color>#ff0000</color>"
    labels = "".join(f"<label><name>{name}</name>{colour}</label>" for name in ("cat", "dog"))
    meta = f"<meta><task><labels>{labels}</labels></task></meta>"
    return {"annotations.xml": f"<annotations>{meta}{images}</annotations>"}


def _label_studio() -> dict[str, str]:
    value = {"points": [[10, 10], [50, 10], [50, 90]], "polygonlabels": ["cat"]}
    region = {"id": "a", "type": "polygonlabels", "value": value}
    region |= {"original_width": _SIZE[0], "original_height": _SIZE[1]}
    tasks = [
        {"id": number, "data": {"image": f"/data/{name}"}, "annotations": [{"result": [region]}]}
        for number, name in enumerate(_NAMES)
    ]
    return {"export.json": json.dumps(tasks)}


def _supervisely() -> dict[str, str]:
    classes = [{"title": "cat", "shape": "polygon", "color": "#ff0000"}, {"title": "dog", "shape": "bitmap"}]
    points = {"exterior": _CORNERS, "interior": []}
    bitmap = {"data": base64.b64encode(zlib.compress(_MASK)).decode(), "origin": [8, 9]}
    objects = [
        {"classTitle": "cat", "geometryType": "polygon", "points": points},
        {"classTitle": "dog", "geometryType": "bitmap", "bitmap": bitmap},
    ]
    annotation = json.dumps({"size": _HEAD, "objects": objects})
    files = {f"train/ann/{name}.json": annotation for name in _NAMES}
    return {"meta.json": json.dumps({"classes": classes}), **files}


def _folder() -> dict[str, str]:
    return {
        "pairs.csv": "picture,mask\n" + "".join(f"images/{name},masks/{name}\n" for name in _NAMES),
        "names.csv": "name,r,g,b\nsky,0,0,0\nroad,255,255,255\n",
    }


_OTHERS: dict[str, tuple[str, Callable[[], dict[str, str]]]] = {
    "coco": ("images", _coco),
    "cvat": ("images", _cvat),
    "folder": ("images", _folder),
    "label-studio": ("images", _label_studio),
    "labelme": (".", _labelme),
    "supervisely": ("train/img", _supervisely),
    "yolo": ("images", _yolo),
}
"""Of formats that are no known data sets: the folder of their pictures, and their other files by path."""


def prepare(seeds: Path) -> None:
    """Write a small data set of each format."""
    labels = seeds / "labels"
    for name in LAYOUTS:
        write_labelled_samples(labels / name, 2, name, _COUNT, _SIZE, 0, progress=False)
    colours = np.random.default_rng(0).integers(0, 256, (_COUNT, 4, 6, 3), np.uint8)
    for name, (folder, files) in _OTHERS.items():
        for path, text in files().items():
            _write(labels / name / path, text.encode())
        for picture, values in zip(_NAMES, colours.repeat(8, axis=1).repeat(8, axis=2), strict=True):
            _write(labels / name / folder / picture, encode_png(values))
            if name == "folder":
                _write(labels / name / "masks" / picture, encode_png(values[..., 0] // 128 * np.uint8(255)))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """Copy and change a data set; return a command that imports or reviews it."""
    name = rng.choice([*LAYOUTS, *_OTHERS])
    source = case / "data"
    shutil.copytree(seeds / "labels" / name, source)
    for _ in range(rng.choice((1, 1, 2, 3))):
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError):
            _change(rng, source)
    given = source / "pairs.csv" if name == "folder" and rng.random() < 0.3 else source
    options: list[object] = ["--split", rng.choice(("none", "auto", "50/50")), "--workers", "1"]
    if rng.random() < 0.3:
        options += ["--mask", rng.choice(("alpha", "classes"))]
    if name == "folder" and rng.random() < 0.5:
        options += ["--labels", source / "names.csv"]
    if rng.random() < 0.3:
        asked = ["--format", name] if rng.random() < 0.7 else []
        return lambda: run("review", given, *asked, *options, "--out", case / "tables")
    options += ["--size", rng.choice(("16", "40x24")), "--fit", rng.choice(("pad", "crop", "stretch"))]
    if rng.random() < 0.3:
        options += ["--strict"]
    return lambda: run("import", name, given, *options, "--out", case / "out")


def _change(rng: random.Random, source: Path) -> None:
    """Change, remove, replace or double a file; half of the time one that is no picture, if there is one."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink()]
    texts = [path for path in files if path.suffix not in _PICTURES]
    path = rng.choice(texts if texts and rng.random() < 0.5 else files)
    what = rng.random()
    if what < 0.1:
        path.unlink()
    elif what < 0.2:
        put_odd_file(rng, path)
    elif what < 0.3:
        shutil.copy(rng.choice(files), path)
    elif what < 0.35:
        shutil.copy(path, path.with_suffix(rng.choice((".jpg", ".bmp", ".json", ".txt", ""))))
    elif path.suffix in _PICTURES:
        changed = mutate_bytes(rng, path.read_bytes(), rng.choice(files).read_bytes())
        path.write_bytes(with_checksums(changed) if rng.random() < 0.6 else changed)
    elif path.suffix == ".json" and rng.random() < 0.8:
        tree = json.loads(path.read_text())
        for _ in range(rng.choice((1, 1, 3))):
            tree = mutate_tree(rng, tree)
        path.write_text(json.dumps(tree))
    elif rng.random() < 0.8:
        path.write_text(mutate_text(rng, path.read_text()), errors="surrogatepass")
    else:
        path.write_bytes(mutate_bytes(rng, path.read_bytes()))
