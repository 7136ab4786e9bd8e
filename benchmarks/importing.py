"""The speed and memory of `fgbg import`, compared with bare decoding of the same files by Pillow.

    python benchmarks/importing.py [--part pairs|large|many]

pairs: 1,000 JPEGs of 500 x 375 pixels with index masks, two workers, at two sizes, with and without looking
for near-duplicates; bare decoding to arrays in two processes, which start as the workers of an import do.
large: JPEGs of 6000 x 4000 pixels with masks, one worker. many: 5,000 and 20,000 quadruples (fg_bg, bg, mask,
depth) of small JPEGs, the time and the memory for each; then a second call, and one after the manifest and
half of the shards were removed. Everything together takes about five minutes on two idle cores.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import cv2
import numpy as np
from memory import peak_of
from PIL import Image

from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled
from generator.workers import run_tasks

PAIRS, LARGE, FEW, MANY = 1000, 4, 5000, 20000
ROUNDS = 5


def draw(rng: np.random.Generator, size: tuple[int, int], detail: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture with the grain of a photograph, and a mask of a few objects."""
    width, height = size
    coarse = rng.integers(0, 256, (detail, detail * width // height, 3), np.uint8)
    picture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 12, (min(height, 512), min(width, 512), 3), np.uint8)
    rows, columns = -(-height // len(grain)), -(-width // grain.shape[1])
    picture = cv2.add(picture, np.tile(grain, (rows, columns, 1))[:height, :width])
    mask = np.zeros((height, width), np.uint8)
    for _ in range(12):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        axes = int(rng.integers(height // 20, height // 4)), int(rng.integers(height // 20, height // 4))
        cv2.ellipse(mask, centre, axes, int(rng.integers(0, 180)), 0, 360, 255, -1)
    return picture, mask


def write_pairs(folder: Path, count: int, size: tuple[int, int], detail: int) -> None:
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        picture, mask = draw(rng, size, detail)
        cv2.imwrite(str(folder / "images" / f"{number:05d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        cv2.imwrite(str(folder / "masks" / f"{number:05d}.png"), mask)


def write_quadruples(folder: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    for name in ("images", "masks", "bg", "depth"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        picture, mask = draw(rng, (96, 96), 8)
        fields = {"images": picture, "masks": mask, "bg": picture // 2, "depth": picture[..., 0]}
        for name, pixels in fields.items():
            cv2.imwrite(str(folder / name / f"{number:06d}.jpg"), pixels)


def decode(paths: Sequence[tuple[Path, Path]]) -> int:
    """Decode pictures and masks to arrays, as a simple script does."""
    for picture, mask in paths:
        with Image.open(picture) as opened:
            np.asarray(opened.convert("RGB"))
        with Image.open(mask) as opened:
            np.asarray(opened)
    return len(paths)


def bare_rate(folder: Path, processes: int, count: int) -> float:
    pictures = sorted((folder / "images").iterdir())
    pairs = [(path, folder / "masks" / f"{path.stem}.png") for path in pictures]
    chunks = [pairs[start : start + 50] for start in range(0, count, 50)]
    began = time.perf_counter()
    done = sum(run_tasks(decode, chunks, processes))
    return done / (time.perf_counter() - began)


def import_rate(folder: Path, out: Path, workers: int, size: int, split: object) -> float:
    shutil.rmtree(out, ignore_errors=True)
    config = ImportConfig(
        format="folder",
        source=folder,
        out=out,
        size=(size, size),
        workers=workers,
        split=split,
    )
    outcome = import_labelled(config, progress=False)
    return outcome.written / outcome.seconds


def compare(bare: Callable[[], float], others: dict[str, Callable[[], float]]) -> None:
    """Measure in turns, and print medians and their ratio to bare decoding."""
    rates: dict[str, list[float]] = {"bare decoding": [], **{name: [] for name in others}}
    for _ in range(ROUNDS):
        for name, measure in {"bare decoding": bare, **others}.items():
            rates[name].append(measure())
    base = float(np.median(rates["bare decoding"]))
    for name, found in rates.items():
        print(
            f"{name:44s} {np.median(found):9,.1f} pictures/s  {np.median(found) / base:5.2f} x bare",
            flush=True,
        )


def measure_pairs(place: Path) -> None:
    write_pairs(place / "pairs", PAIRS, (500, 375), 40)
    source, out = place / "pairs", place / "out"
    compare(
        lambda: bare_rate(source, 2, PAIRS),
        {
            f"import, size {size}, {name}": lambda size=size, split=split: import_rate(
                source, out, 2, size, split
            )
            for size in (192, 256)
            for name, split in (("no splits to draw", None), ("splits by near-duplicates", "auto"))
        },
    )


def measure_large(place: Path) -> None:
    write_pairs(place / "large", LARGE, (6000, 4000), 400)
    source, out = place / "large", place / "out"
    compare(
        lambda: bare_rate(source, 1, LARGE),
        {"import, size 256": lambda: import_rate(source, out, 1, 256, None)},
    )


def measure_many(place: Path) -> None:
    write_quadruples(place / "many", MANY)
    few = place / "few"
    for name in ("images", "masks", "bg", "depth"):
        (few / name).mkdir(parents=True)
        for path in sorted((place / "many" / name).iterdir())[:FEW]:
            (few / name / path.name).hardlink_to(path)
    for count, source in ((FEW, few), (MANY, place / "many")):
        run_import(source, place / f"out-{count}", f"{count:,} quadruples")
    out = place / f"out-{MANY}"
    run_import(place / "many", out, "again, when it is complete")
    (out / "dataset.json").unlink()
    for path in sorted(out.glob("train-*.h5"))[::2]:
        path.unlink()
    run_import(place / "many", out, "again, when half of train is lost")


def run_import(source: Path, out: Path, label: str) -> None:
    """Import by the command, and print its time and the most memory of all its processes."""
    patterns = [
        f"--{role}={folder}/{{n}}.jpg"
        for role, folder in {"images": "images", "masks": "masks", "bg": "bg", "depth": "depth"}.items()
    ]
    command = [sys.executable, "-m", "fgbg", "import", "folder", str(source), "--out", str(out)]
    began = time.perf_counter()
    peak = peak_of([*command, *patterns, "--size", "96", "--workers", "2"])
    seconds = time.perf_counter() - began
    count = len(list((source / "images").iterdir()))
    print(f"{label:36s} {seconds:7.1f} s, {seconds / count * 1e3:6.2f} ms a sample, at most {peak:,.0f} MB")


PARTS = {"pairs": measure_pairs, "large": measure_large, "many": measure_many}


@click.command()
@click.option("--part", type=click.Choice(list(PARTS)), help="Measure this alone.")
def main(part: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="fgbg-import-") as folder:
        for name, measure in PARTS.items():
            if part in (None, name):
                print(f"{name}:")
                measure(Path(folder) / name)


if __name__ == "__main__":
    main()
