"""Pictures in every format that Pillow writes, as foregrounds, backgrounds, and for predict and cutout."""

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.mutate import mutate_bytes, with_checksums
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run
from generator.drawing.write import write_samples

_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "F")
_READ = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif")
_TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
_VARIANTS = {
    "JPEG": [{"progressive": True}, {"exif": _TURNED}],
    "PNG": [{"transparency": 3}, {"bits": 2}, {"dpi": (72, 72)}],
    "TIFF": [{"compression": name} for name in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits", "group4")],
    "WEBP": [{"lossless": True}],
    "GIF": [{"transparency": 0}],
}


def prepare(seeds: Path) -> None:
    """Write one picture of 24 x 20 in each format, mode and variant, and a few good pictures."""
    Image.init()
    folder = seeds / "pictures"
    folder.mkdir()
    for name, picture in _drawn():
        for kind in sorted(set(Image.SAVE) - {"PDF", "STUB"}):
            for number, options in enumerate([{}, *_VARIANTS.get(kind, [])]):
                path = folder / f"{name.replace(';', '-')}-{kind}-{number}"
                with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
                    picture.save(path, kind, **options)
                    continue
                path.unlink(missing_ok=True)
    frames = [Image.new("RGBA", (24, 20), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "TIFF", "PNG", "AVIF"):
        with contextlib.suppress(Exception):
            frames[0].save(folder / f"frames-{kind}-0", kind, save_all=True, append_images=frames[1:])
    write_samples(seeds / "assets", count=3, size=48, seed=1)


def _drawn() -> Iterator[tuple[str, Image.Image]]:
    rows, columns = np.mgrid[:20, :24].astype(np.uint8)
    alpha = np.where(np.hypot(rows - 10.0, columns - 12.0) < 8, 255, 0).astype(np.uint8)
    colour = Image.fromarray(np.dstack([rows * 9, columns * 8, rows + columns, alpha]))
    for mode in _MODES:
        if mode == "I;16":
            yield mode, Image.fromarray(rows.astype(np.uint16) * 2000 + columns)
        else:
            with contextlib.suppress(ValueError):
                yield mode, colour.convert(mode)


def mutated(rng: random.Random, folder: Path) -> tuple[str, bytes]:
    """A picture's kind and mutated bytes."""
    paths = sorted(folder.iterdir())
    if rng.random() < 0.75:
        paths = [path for path in paths if path.name.split("-")[-2] in _READ]
    path = rng.choice(paths)
    data = path.read_bytes()
    if rng.random() < 0.95:
        data = mutate_bytes(rng, data, rng.choice(paths).read_bytes())
    if rng.random() < 0.6:
        data = with_checksums(data)
    return path.name.split("-")[-2].lower(), data


def put(rng: random.Random, seeds: Path, path: Path) -> Path:
    """Write a mutated picture with its own or another suffix; rarely something that is not a file."""
    kind, data = mutated(rng, seeds / "pictures")
    own = {"jpeg": ".jpg", "jpeg2000": ".jp2"}.get(kind, f".{kind}")
    path = path.with_name(path.name + (own if rng.random() < 0.5 else rng.choice(_SUFFIXES)))
    if rng.random() < 0.03:
        put_odd_file(rng, path)
    else:
        path.write_bytes(data)
    return path


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """A mutated picture, alone or among good ones."""
    what = rng.choice(("review", "generate", "generate", "predict", "background", "cutout"))
    fg, bg = case / "fg", case / "bg"
    for folder in (fg, bg):
        folder.mkdir()
        for number in range(rng.randrange(3)):
            name = f"{'fg' if folder == fg else 'bg'}{number}.png"
            found = sorted((seeds / "assets" / folder.name).glob("*[0-9].png"))[number]
            (folder / name).write_bytes(found.read_bytes())
    odd = put(rng, seeds, rng.choice((fg, bg)) / "odd")
    assets = ("--fg", fg, "--bg", bg, "--size", "32")
    if what == "review":
        return lambda: run("review", *assets, "--csv", case / "review.csv")
    if what == "generate":
        storage = ("--no-render",) if rng.random() < 0.7 else ()
        more = ("--split", "none", "--positions", "1", "--workers", "1", "--rotate", rng.choice(("0", "9")))
        return lambda: run("generate", *assets, *more, *storage, "--out", case / "out")
    checkpoint = ("--checkpoint", seeds / "run" / "best.pt", "--out", case / "out")
    if what == "predict":
        return lambda: run("predict", odd, *checkpoint)
    if what == "background":
        picture = seeds / "assets" / "bg" / "bg000.png"
        return lambda: run("predict", picture, "--bg", odd, *checkpoint)
    return lambda: run("cutout", odd, "--box", "4,4,14,12", "--out", case / "out")
