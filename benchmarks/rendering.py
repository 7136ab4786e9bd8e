"""How fast samples are read from an unrendered dataset, beside a folder of JPEGs behind a DataLoader.

    python benchmarks/rendering.py [--fg FOLDER --bg FOLDER] [--batch 32] [--rounds 5]

Each round times, one after the other, uint8 batches of 192 px, in random order: `Split.read` on one core,
into the same arrays again and again; a torch Dataset over a folder of JPEGs (bg, fg_bg, mask, depth) in a
DataLoader with two worker processes. Without folders it draws 100 + 100 samples first.
"""

import statistics
import tempfile
import time
from pathlib import Path

import click
import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from generator.config import GenerateConfig
from generator.dataset import Batch, Split, open_dataset
from generator.pipeline import generate
from generator.samples import write_samples

SIZE = 192
JPEGS = 2000
FIELDS = ("bg", "fg_bg", "mask", "depth")


class JpegFolder(torch.utils.data.Dataset[dict[str, np.ndarray]]):
    """Samples as four JPEGs each, opened by Pillow when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return JPEGS

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        return {field: np.array(Image.open(self._folder / f"{number}.{field}.jpg")) for field in FIELDS}


@click.command()
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--batch", default=32)
@click.option("--rounds", default=5)
def main(fg: Path | None, bg: Path | None, batch: int, rounds: int) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        place = Path(folder)
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=SIZE, seed=0)
            fg, bg = drawn.fg, drawn.bg
        generate(GenerateConfig(fg=fg, bg=bg, out=place / "shards", split=None, render=False))
        split = open_dataset(place / "shards")["train"]
        (place / "jpegs").mkdir()
        write_jpegs(split, place / "jpegs")
        loader = DataLoader(JpegFolder(place / "jpegs"), batch, shuffle=True, num_workers=2)
        rates: dict[str, list[float]] = {"unrendered": [], "jpeg": []}
        for number in range(rounds):
            rates["unrendered"].append(read_rate(split, batch, seed=number))
            rates["jpeg"].append(loader_rate(loader))
    ratio = statistics.median(a / b for a, b in zip(rates["unrendered"], rates["jpeg"], strict=True))
    for name, label in (
        ("unrendered", "Split.read, unrendered, one core"),
        ("jpeg", "JPEG folder, two workers"),
    ):
        found = rates[name]
        print(
            f"{label:34s} {statistics.median(found):8,.0f} samples/s ({min(found):,.0f} to {max(found):,.0f})"
        )
    print(f"ratio {ratio:.1f}, batches of {batch}")


def write_jpegs(split: Split, folder: Path) -> None:
    """The first samples as the original project kept them: four JPEGs each, depth in 8 bits."""
    for number in range(JPEGS):
        sample = split.read([number])
        pictures = (sample.bg[0], sample.fg_bg[0], sample.mask[0], (sample.depth[0] >> 8).astype(np.uint8))
        for field, picture in zip(FIELDS, pictures, strict=True):
            Image.fromarray(picture).save(folder / f"{number}.{field}.jpg")


def read_rate(split: Split, size: int, seed: int) -> float:
    """Samples a second over two seconds of random batches, each sprite met before."""
    rng = np.random.default_rng(seed)
    batches = [rng.integers(0, len(split), size) for _ in range(200)]
    batch: Batch = split.read(batches[0])
    for rows in batches:
        split.read(rows, batch)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 2:
        split.read(batches[count % len(batches)], batch)
        count += 1
    return count * size / (time.perf_counter() - began)


def loader_rate(loader: DataLoader[dict[str, np.ndarray]]) -> float:
    """Samples a second once the workers have begun."""
    seen, began = 0, 0.0
    for number, batch in enumerate(loader):
        if number == 4:
            began = time.perf_counter()
        elif number > 4:
            seen += len(batch["mask"])
    return seen / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
