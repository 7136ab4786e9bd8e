"""The speed of reading uint8 batches, compared with a memory copy and with a DataLoader over JPEGs.

    python benchmarks/batches.py [--fg FOLDER --bg FOLDER] [--samples 8192] [--batch 32] [--rounds 5]
        [--seconds 2]

Each round times batches of 192 px in random order. On one core, into reused memory: `Split.read` of a
dataset with pixels in the page cache, `Split.read` of a dataset without pixels (every sprite used before),
and a NumPy copy of the same number of bytes from one large array. Then JPEGs (bg, fg_bg, mask, depth) in a
DataLoader with two workers. Without folders it first draws 100 + 100 pictures. Prints medians, ranges and
ratios.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
from jpegs import JpegFolder, loader_rate, write_jpegs
from torch.utils.data import DataLoader

from generator.config import GenerateConfig
from generator.drawing.write import write_samples
from generator.pipeline import generate
from generator.reading.batch import Batch
from generator.reading.dataset import open_dataset

SIZE = 192
BYTES = SIZE * SIZE * 9
LABELS = {
    "rendered": "Split.read, rendered, one core",
    "unrendered": "Split.read, unrendered, one core",
    "bare": "bare copy of the same bytes",
    "jpeg": "JPEG folder, two workers",
}
TARGETS = (("rendered", "jpeg", 40), ("rendered", "bare", 0.5), ("unrendered", "jpeg", 25))

Reader = Callable[[np.ndarray], object]


@click.command()
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--samples", default=8192)
@click.option("--batch", default=32)
@click.option("--rounds", default=5)
@click.option("--seconds", default=2.0)
def main(fg: Path | None, bg: Path | None, samples: int, batch: int, rounds: int, seconds: float) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        place = Path(folder)
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=SIZE, seed=0)
            fg, bg = drawn.fg, drawn.bg
        readers = {
            name: split_reader(fg, bg, place / name, limit, batch)
            for name, limit in (("rendered", samples), ("unrendered", None))
        }
        readers["bare"] = bare_copy(samples, batch)
        (place / "jpegs").mkdir()
        write_jpegs(open_dataset(place / "unrendered")["train"], place / "jpegs")
        loader = DataLoader(JpegFolder(place / "jpegs"), batch, shuffle=True, num_workers=2)
        for read in readers.values():
            for start in range(0, samples - batch + 1, batch):
                read(np.arange(start, start + batch))  # maps every page and prepares every sprite
        rates: dict[str, list[float]] = {name: [] for name in LABELS}
        for _ in range(rounds):
            for name, read in readers.items():
                rates[name].append(rate(read, samples, batch, seconds))
            rates["jpeg"].append(loader_rate(loader))
    for name, label in LABELS.items():
        found = rates[name]
        print(
            f"{label:34s} {statistics.median(found):8,.0f} samples/s ({min(found):,.0f} to {max(found):,.0f})"
        )
    for name, other, wanted in TARGETS:
        ratios = [a / b for a, b in zip(rates[name], rates[other], strict=True)]
        print(
            f"{name} / {other}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}),"
            f" wanted {wanted}"
        )
    print(f"batches of {batch}")


def split_reader(fg: Path, bg: Path, out: Path, samples: int | None, batch: int) -> Reader:
    """Return a function that reads from a new dataset: with pixels if `samples` is given, else without."""
    generate(GenerateConfig(fg=fg, bg=bg, out=out, split=None, render=samples is not None, samples=samples))
    split = open_dataset(out)["train"]
    memory = Batch.empty(batch, (SIZE, SIZE), instances=False)
    return lambda rows: split.read(rows, memory)


def bare_copy(samples: int, batch: int) -> Reader:
    """Return a function that copies the same number of bytes per sample from one array."""
    stored = np.random.default_rng(0).integers(0, 256, (samples, BYTES), np.uint8)
    memory = np.empty((batch, BYTES), np.uint8)
    return lambda rows: np.take(stored, rows, axis=0, out=memory, mode="clip")


def rate(read: Reader, samples: int, batch: int, seconds: float) -> float:
    """Samples per second, over random batches."""
    rng = np.random.default_rng()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        read(rng.integers(0, samples, batch))
        count += batch
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
