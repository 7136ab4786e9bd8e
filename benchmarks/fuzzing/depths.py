"""Depth files next to backgrounds: NumPy, PNG, TIFF, PFM and EXR with odd shapes, types and numbers."""

import contextlib
import importlib
import io
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.mutate import mutate_bytes, with_checksums
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run

_TYPES = (
    "<f4",
    "<f8",
    "<f2",
    ">f4",
    "u1",
    "<u2",
    ">u2",
    "<i4",
    "<i8",
    "?",
    "<c8",
    "U3",
    "S2",
    "V4",
    "<M8[s]",
)
_NAMES = ("a.depth", "a.png.depth", "a_depth", "A.DEPTH")
_SUFFIXES = (".npy", ".npz", ".png", ".tif", ".tiff", ".pfm", ".exr", ".jpg", ".webp")


def prepare(seeds: Path) -> None:
    """Do nothing: depth is drawn for each input."""


def _values(rng: random.Random) -> np.ndarray:
    """An array of depth: sometimes realistic, sometimes odd."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    shape: tuple[int, ...] = rng.choice(
        ((48, 48),) * 6 + ((24, 24), (48, 24), (48, 48, 1), (1, 48, 48), (0, 48))
    )
    if rng.random() < 0.1:
        shape = rng.choice(((), (1,), (1, 1), (48, 48, 3), (2, 2, 2, 2), (0, 0), (1, 5000), (0,)))
    values = numbers.normal(5, 2, shape) * rng.choice((1.0, 1e-30, 1e30, 1e300, -1.0, 1000.0))
    if rng.random() < 0.3:
        share = rng.choice((0.01, 0.5, 1.0))
        odd = rng.choice((np.nan, np.inf, -np.inf, 0.0, 65535.0))
        values = np.where(numbers.random(shape) < share, odd, values)
    if rng.random() < 0.1:
        values = np.full(shape, rng.choice((0.0, 7.0, -1.0, 1e-45)))
    kind = rng.choice(_TYPES[:8]) if rng.random() < 0.85 else rng.choice(_TYPES)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        array: np.ndarray = np.asarray(values).astype("U3" if kind == "V4" else kind)
    return np.asfortranarray(array) if rng.random() < 0.1 else array


def _encoded(rng: random.Random, suffix: str, values: np.ndarray) -> bytes:
    """The values as the bytes of a file with this suffix; None if the format cannot hold them."""
    out = io.BytesIO()
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        if suffix == ".npy":
            np.save(out, values)
        elif suffix == ".npz":
            fields: dict[str, Any] = dict.fromkeys(rng.choice((("depth",), ("a", "b"), ())), values)
            rng.choice((np.savez, np.savez_compressed))(out, **fields)
        elif suffix == ".pfm":
            kind, scale = rng.choice(("Pf", "PF", "P5")), rng.choice(("-1", "1", "-1.0", "0", "nan", "1e999"))
            height, width = rng.choice((values.shape[:2], (-1, 5), (10**9, 10**9), (0, 0)))
            out.write(f"{kind}\n{width} {height}\n{scale}\n".encode() + values.astype("<f4").tobytes())
        elif suffix == ".exr":
            exr = importlib.import_module("OpenEXR")
            path = Path("made.exr")
            header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage}
            name = rng.choice(("Z", "Y", "depth", "R"))
            exr.File(header, {name: np.ascontiguousarray(values.astype(np.float32))}).write(str(path))
            out.write(path.read_bytes())
            path.unlink()
        else:
            kinds = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}
            cast = rng.choice(("u1", "<u2", "<f4", "<i4"))
            with np.errstate(all="ignore"):
                Image.fromarray(values.astype(cast)).save(out, kinds.get(suffix, "TIFF"))
    return out.getvalue()


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """A background with an odd depth file."""
    fg, bg = case / "fg", case / "bg"
    fg.mkdir()
    bg.mkdir()
    for path in sorted((seeds / "assets" / "fg").glob("*.png"))[:1]:
        shutil.copy(path, fg / "f.png")
    for path in sorted((seeds / "assets" / "bg").glob("*[0-9].png"))[:1]:
        shutil.copy(path, bg / "a.png")
    suffix = rng.choice((".npy", ".npy", ".npz", *_SUFFIXES))
    data = _encoded(rng, suffix, _values(rng))
    if rng.random() < 0.5:
        data = mutate_bytes(rng, data, data[::-1])
        data = with_checksums(data) if rng.random() < 0.7 else data
    if rng.random() < 0.05:
        suffix = rng.choice(_SUFFIXES)
    path = bg / f"{rng.choice(_NAMES)}{suffix.upper() if rng.random() < 0.1 else suffix}"
    if rng.random() < 0.03:
        put_odd_file(rng, path)
    else:
        path.write_bytes(data)
    assets = ("--fg", fg, "--bg", bg, "--size", "32")
    if rng.random() < 0.2:
        return lambda: run("review", *assets, "--csv", case / "review.csv")
    more = ["--split", "none", "--positions", "1", "--workers", "1", "--no-render", "--out", case / "out"]
    more += ["--depth", rng.choice(("auto", "files"))]
    more += ["--depth-convention", rng.choice(("inverse", "metric"))]
    return lambda: run("generate", *assets, *more)
