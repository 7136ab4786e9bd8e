"""Pictures, datasets and manifests that `scaling.py` makes up: large in one way, and cheap to make."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from generator.config import GenerateConfig

HASH = "0123456789abcdef" * 4

# A file system allows some 65,000 links to a file.
_MOST_LINKS = 50_000


def write_pictures(folder: Path, count: int) -> None:
    """Photos and cut-outs of 640 x 480 in the folders bg and fg."""
    import cv2

    noise = np.random.default_rng(0)
    for kind in ("fg", "bg"):
        (folder / kind).mkdir()
    alpha = cv2.circle(np.zeros((480, 640), np.uint8), (320, 240), 150, 255, -1)
    for number in range(count):
        small = noise.integers(0, 256, (16, 16, 3), np.uint8)
        photo = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "bg" / f"{number}.jpg"), photo)
        cv2.imwrite(str(folder / "fg" / f"{number}.png"), np.dstack([photo, alpha]))


def write_many_shards(folder: Path, shards: int) -> Path:
    """A dataset of many shards, which are links to a few files."""
    made = write_dataset(folder)
    entry = json.loads((made / "dataset.json").read_bytes())
    first = entry["splits"]["train"]["shards"][0]
    files = [f"train-{number:05d}.h5" for number in range(shards)]
    for number, name in enumerate(files):
        if number % _MOST_LINKS == 0:
            target = made / name
            if number:
                shutil.copyfile(made / files[0], target)
        else:
            os.link(target, made / name)
    entry["splits"]["train"]["shards"] = [first | {"file": name} for name in files]
    entry["splits"]["train"]["samples"] = shards * first["samples"]
    (made / "dataset.json").write_text(json.dumps(entry))
    return made


def write_dataset(folder: Path) -> Path:
    """A small dataset without pixels."""
    from generator.pipeline import generate

    generate(drawn_config(folder, positions=1, size=(64, 64)), progress=False)
    return folder / "out"


def drawn_config(folder: Path, **fields: Any) -> "GenerateConfig":
    """Draw a few pictures; the config of a dataset of them without pixels, made by one worker."""
    from generator.config import GenerateConfig
    from generator.drawing.write import write_samples

    drawn = write_samples(folder / "drawn", count=12, size=64, seed=0, progress=False)
    return GenerateConfig(fg=drawn.fg, bg=drawn.bg, out=folder / "out", render=False, workers=1, **fields)


def made_manifest(assets: int) -> bytes:
    """A manifest as if generated of many pictures."""
    from generator.config import GenerateConfig
    from generator.format.identity import dataset_id

    half = assets // 2
    listed = {
        kind: [
            {"name": f"some_folder/{number:08d}.jpg", "hash": HASH, "split": "train", "depth": source}
            for number in range(half)
        ]
        for kind, source in (("fg", None), ("bg", "plane"))
    }
    config = GenerateConfig().identity()
    hashes = {kind: {asset["name"]: asset["hash"] for asset in listed[kind]} for kind in listed}
    moments = {
        name: {"mean": [0.5] * n, "std": [0.5] * n}
        for name, n in (("bg", 3), ("fg_bg", 3), ("mask", 1), ("depth", 1))
    }
    return json.dumps(
        {
            "format": "fgbg-dataset",
            "version": 1,
            "id": dataset_id(config, hashes, {}),
            "storage": "unrendered",
            "size": [192, 192],
            "config": config,
            "libraries": {},
            "assets": listed,
            "bank": {"file": "bank.h5", "bytes": 1, "blake3": HASH},
            "splits": {name: {"samples": 0, "shards": []} for name in ("train", "val", "test")},
            "mask": {"kind": "alpha"},
            "depth": {"sources": ["plane"], "pseudo": True},
            "statistics": {"samples": 1, "fields": moments},
        },
        indent=1,
    ).encode()
