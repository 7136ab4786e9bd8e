"""The speed of `generate`, compared with the disk and with a simple Pillow loop.

    python benchmarks/writing.py [--fg FOLDER --bg FOLDER] [--samples 8192] [--rounds 5]

Each round times: writing and syncing the bytes of the shards from memory, file by file, with one and with
two processes; `generate` with pixels, with one and with two workers; `generate --no-render` of all samples
without splits, likewise; a Pillow loop that pastes and saves fg_bg and mask as JPEG, with its inputs in
memory; the same loop, opening its inputs for every sample. `generate` is timed from the finished bank to the
manifest, including the start of its workers. Without folders it first draws 100 + 100 pictures. Prints
medians and ratios.
"""

import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import click
import numpy as np
from PIL import Image

from generator.assets.listing import list_pictures
from generator.config import GenerateConfig
from generator.drawing.write import write_samples
from generator.pipeline import generate

BARE = "bare write + fsync of the same bytes"
SIZE, FG_SIZE = 192, 96
PILLOW_SAMPLES = 1000


@click.command()
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--samples", default=8192)
@click.option("--rounds", default=5)
def main(fg: Path | None, bg: Path | None, samples: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        place = Path(folder)
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=SIZE, seed=0)
            fg, bg = drawn.fg, drawn.bg

        def generated(render: bool, workers: int) -> float:
            limit = samples if render else None
            out = place / ("rendered" if render else "unrendered")
            split = (80.0, 10.0, 10.0) if render else None
            config = GenerateConfig(
                fg=fg, bg=bg, out=out, render=render, samples=limit, split=split, workers=workers
            )
            outcome = generate(config, overwrite=True)
            return outcome.written / outcome.seconds

        generated(True, 1)
        shards = sorted((place / "rendered").glob("*-*.h5"))
        measures: dict[str, Callable[[], float]] = {
            BARE: lambda: samples / bare(place / "bare", shards, processes=1),
            "the same by two processes": lambda: samples / bare(place / "bare", shards, processes=2),
            "generate, rendered, one worker": lambda: generated(True, 1),
            "generate, rendered, two workers": lambda: generated(True, 2),
            "generate --no-render, all, one worker": lambda: generated(False, 1),
            "generate --no-render, all, two workers": lambda: generated(False, 2),
            "Pillow loop, JPEG, inputs in memory": lambda: pillow(place / "jpeg", fg, bg, reopen=False),
            "Pillow loop, JPEG, inputs reopened": lambda: pillow(place / "jpeg", fg, bg, reopen=True),
        }
        rates: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(rounds):
            for name, measure in measures.items():
                rates[name].append(measure())
    bare_rates = rates[BARE]
    for name, found in rates.items():
        ratio = statistics.median(rate / base for rate, base in zip(found, bare_rates, strict=True))
        print(
            f"{name:40s} {statistics.median(found):10,.0f} samples/s"
            f"  ({min(found):,.0f} to {max(found):,.0f}), {ratio:6.2f} x bare"
        )


def bare(folder: Path, shards: Sequence[Path], processes: int) -> float:
    """Seconds to write and sync the bytes of the shards, after removing earlier ones as --overwrite does.

    Every process has its part in memory before the clock starts.
    """
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    writers = [
        context.Process(target=write_bare, args=(folder, shards[number::processes], ready))
        for number in range(processes)
    ]
    for writer in writers:
        writer.start()
    ready.wait()  # everything is in memory
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    ready.wait()
    began = time.perf_counter()
    for writer in writers:
        writer.join()
    return time.perf_counter() - began


def write_bare(folder: Path, shards: Sequence[Path], ready: Barrier) -> None:
    contents = [path.read_bytes() for path in shards]
    ready.wait()
    ready.wait()
    for path, content in zip(shards, contents, strict=True):
        with (folder / path.name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def pillow(folder: Path, fg: Path, bg: Path, reopen: bool) -> float:
    """Pairs of fg_bg and mask per second that a simple script makes."""
    folder.mkdir(exist_ok=True)
    fg_paths, bg_paths = list_pictures(fg)[:20], list_pictures(bg)[:20]

    def load_fg(path: Path) -> Image.Image:
        picture = Image.open(path).convert("RGBA")
        return picture.resize((FG_SIZE, round(picture.height * FG_SIZE / picture.width)))

    def load_bg(path: Path) -> Image.Image:
        return Image.open(path).convert("RGB").resize((SIZE, SIZE))

    fgs, bgs = [load_fg(path) for path in fg_paths], [load_bg(path) for path in bg_paths]
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    for number in range(PILLOW_SAMPLES):
        row, column = number % len(fgs), number // len(fgs) % len(bgs)
        front = load_fg(fg_paths[row]) if reopen else fgs[row]
        back = load_bg(bg_paths[column]) if reopen else bgs[column]
        x, y = (int(value) for value in rng.integers(0, SIZE - FG_SIZE, 2))
        picture, mask = back.copy(), Image.new("L", back.size)
        picture.paste(front, (x, y), front)
        mask.paste(front.getchannel("A"), (x, y))
        picture.save(folder / f"{number}.jpg")
        mask.save(folder / f"{number}.mask.jpg")
    return PILLOW_SAMPLES / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
