"""The memory of reading, reviewing and banking large pictures, in bytes per pixel.

    python benchmarks/picture_memory.py [--sizes 6000x4000,12000x9000] [--formats jpg,png,webp,tif,avif]

Each figure is the peak of a separate process, minus the peak with a small picture, divided by the pixels of
one large picture. Each folder has two large pictures; reading both at once would double the figure. Linux
only.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
from PIL import Image

READ = "from pathlib import Path; from generator.assets.images import read_{0}; read_{0}(Path({1!r}))"
REVIEW = "from generator.review.review import review; review(*{1!r}, progress=False)"
GENERATE = (
    "from generator.config import GenerateConfig; from generator.pipeline import generate; "
    "fg, bg, out = {1!r}; options = dict(split=None, positions=1, render=False, workers=1); "
    "generate(GenerateConfig(fg=fg, bg=bg, out=out, **options), overwrite=True)"
)


@click.command()
@click.option("--sizes", default="6000x4000,12000x9000")
@click.option("--formats", default="jpg,png,webp,tif,avif")
def main(sizes: str, formats: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        small = draw(place / "small", (64, 64), "png")
        for size in sizes.split(","):
            width, height = map(int, size.split("x"))
            for suffix in formats.split(","):
                large = draw(place / f"{size}-{suffix}", (width, height), suffix)
                figures = {name: peak(code(large)) - peak(code(small)) for name, code in RUNS.items()}
                print(
                    size,
                    suffix,
                    ", ".join(f"{n} {b / width / height:.1f}" for n, b in figures.items()),
                    flush=True,
                )


def draw(place: Path, size: tuple[int, int], suffix: str) -> Path:
    """Write two cut-outs and two photos that differ in one pixel each. For JPEG, cut-outs are PNG."""
    for kind in ("fg", "bg"):
        (place / kind).mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(0).integers(0, 256, (9, 9, 4), dtype=np.uint8)
    coarse[..., 3] = 0
    coarse[2:7, 2:7, 3] = 255
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    for number in range(2):
        picture.putpixel((0, 0), (number, 0, 0, 0))
        picture.save(place / f"fg/{number}.{'png' if suffix == 'jpg' else suffix}")
        picture.convert("RGB").save(place / f"bg/{number}.{suffix}")
    return place


def paths(place: Path) -> list[str]:
    return [str(place / name) for name in ("fg", "bg", "out")]


def first(place: Path, kind: str) -> str:
    return str(next((place / kind).iterdir()))


RUNS = {
    "read_rgb": lambda place: READ.format("rgb", first(place, "bg")),
    "read_rgba": lambda place: READ.format("rgba", first(place, "fg")),
    "review": lambda place: REVIEW.format("", paths(place)[:2]),
    "generate": lambda place: GENERATE.format("", paths(place)),
}


def peak(code: str) -> int:
    """Peak resident memory in bytes of a process that runs some code.

    The process reports it itself: the system's figure for children would include the memory of the parent.
    """
    said = "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    run = subprocess.run([sys.executable, "-c", code + said], capture_output=True, text=True, check=True)
    return int(run.stdout.split()[-1]) * 1024


if __name__ == "__main__":
    main()
