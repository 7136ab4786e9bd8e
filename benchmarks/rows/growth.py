"""The cost as work grows: time and memory for each sample, and for each picture."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rows.contest import Contest, Result, Row
from rows.setting import SIZE, Setting

PIXELS = 64
"""Side of rendered samples and of the many small pictures."""


@dataclass(frozen=True)
class Series:
    """Datasets of growing size.

    Attributes:
        name: in the table.
        sizes: numbers of samples, or of pictures of each kind.
        what: "samples" or "pictures".
        budget: seconds of all sizes together.
    """

    name: str
    sizes: Sequence[int]
    what: str
    budget: float


def run(setting: Setting) -> Iterator[Result]:
    some = setting.some
    for series in (
        Series("--no-render", some((1000, 10_000, 100_000, 400_000), (10,)), "samples", some(60, 600)),
        Series(f"rendered, {PIXELS} px", some((1000, 10_000), (10,)), "samples", some(45, 600)),
        Series(f"pictures of {PIXELS} px", some((100, 1000, 10_000), (4,)), "pictures", some(100, 600)),
    ):
        yield from grown(setting, series)
        if setting.quick:
            return


def grown(setting: Setting, series: Series) -> Iterator[Result]:
    """The results of a series: making, and reading."""
    began, rounds = time.monotonic(), setting.rounds
    if setting.clock.left < series.budget:
        contest = Contest(f"growth, {series.name}", "", "")
        yield Result(contest, (), note=f"skipped: {setting.clock.left:.0f} s left")
        return
    asked = {size: options(setting, series, size) for size in series.sizes}
    found: dict[int, list[dict[str, float]]] = {size: [] for size in series.sizes}
    spent: dict[int, float] = {}
    for number in range(rounds):
        for size, fields in asked.items():
            here = time.monotonic()
            if number and here - began + spent[size] > series.budget:
                continue
            with suppress(subprocess.TimeoutExpired):
                found[size].append(point(fields, series.budget))
            spent[size] = time.monotonic() - here
    seconds = time.monotonic() - began
    short = [f"{len(of)} for {size:,}" for size, of in found.items() if len(of) < rounds]
    note = f"of {rounds} rounds only {', '.join(short)} in {series.budget:.0f} s" if short else ""
    unit = "µs a sample" if series.what == "samples" else "ms a picture"
    work = "in a process of its own, one worker; memory is its peak without mapped files"
    for kind, key in (("generate", "make"), ("read", "read")):
        if (series.what, kind) == ("pictures", "read"):
            continue
        rows = [
            Row(
                f"{size:,} {series.what}",
                "fgbg",
                [each[key] for each in rounds_of],
                max((each["megabytes"] for each in rounds_of), default=None),
                missing="" if rounds_of else f"longer than {series.budget:.0f} s",
                x=size,
            )
            for size, rounds_of in found.items()
        ]
        yield Result(Contest(f"growth, {kind}, {series.name}", unit, work, True), rows, seconds, note)
        seconds = 0.0


def options(setting: Setting, series: Series, size: int) -> dict[str, Any]:
    """What the process of one point gets."""
    out = str(setting.place / "grown")
    if series.what == "pictures":
        fg, bg = small_pictures(setting.place / f"many-{size}", size)
        fields: dict[str, Any] = {"render": False, "positions": 1, "size": (PIXELS, PIXELS)}
        fields["samples"] = 10 * size
        return {"fg": str(fg), "bg": str(bg), "out": out, "pictures": 2 * size, **fields}
    fg, bg = setting.pictures
    render = series.name.startswith("rendered")
    side = PIXELS if render else SIZE
    return {
        **{"fg": str(fg), "bg": str(bg), "out": out, "size": (side, side)},
        **{"render": render, "samples": size, "split": None, "pictures": 0},
    }


def small_pictures(place: Path, count: int) -> tuple[Path, Path]:
    """Folders of as many cut-outs and backgrounds, all different."""
    import cv2

    rng, folders = np.random.default_rng(count), (place / "fg", place / "bg")
    for folder, channels in zip(folders, (4, 3), strict=True):
        folder.mkdir(parents=True)
        for number in range(count):
            coarse = rng.integers(0, 256, (5, 5, channels), np.uint8)
            pixels = cv2.resize(coarse, (PIXELS, PIXELS), interpolation=cv2.INTER_CUBIC)
            if channels == 4:
                pixels[..., 3] = 0
                pixels[8:-8, 8:-8, 3] = 255
            cv2.imwrite(str(folder / f"{number:05}.png"), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return folders


def point(fields: dict[str, Any], limit: float) -> dict[str, float]:
    """Make and read a dataset in a new process.

    Raises:
        TimeoutExpired: it takes longer than `limit` seconds.
        RuntimeError: it failed.
    """
    path = str(Path(__file__).parent.parent)
    code = f"import sys; sys.path.insert(0, {path!r}); from rows.growth import make; make()"
    done = subprocess.run(
        [sys.executable, "-c", f"if __name__ == '__main__':\n    {code}", json.dumps(fields)],
        capture_output=True,
        text=True,
        check=False,
        timeout=limit,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def make() -> None:
    """Runs in the process of a point: prints its figures."""
    from generator.config import GenerateConfig
    from generator.pipeline import generate
    from generator.reading.dataset import open_dataset

    fields = json.loads(sys.argv[1])
    pictures = fields.pop("pictures")
    memory = Memory()
    began = time.perf_counter()
    outcome = generate(GenerateConfig(workers=1, **fields), overwrite=True, progress=False)
    whole = time.perf_counter() - began
    made = (whole - outcome.seconds) / pictures * 1e3 if pictures else outcome.seconds / outcome.written * 1e6
    split = open_dataset(fields["out"])["train"]
    read = batches(lambda rows: split.read(rows), len(split))
    print(json.dumps({"make": made, "read": read, "megabytes": memory.peak()}))


def batches(read: Callable[[np.ndarray], object], count: int) -> float:
    """Microseconds for each sample of random batches of 32, for half a second after one to warm up."""
    rng, done = np.random.default_rng(0), 0
    for _ in range(20):
        read(rng.integers(0, count, 32))
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < 0.5:
        read(rng.integers(0, count, 32))
        done += 32
    return spent / done * 1e6


class Memory:
    """The peak of the memory that is not of files, in megabytes, looked at every 10 ms; Linux only."""

    def __init__(self) -> None:
        self._most, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        status = Path("/proc/self/status")
        while status.exists() and not self._ended.wait(0.01):
            line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
            self._most = max(self._most, int(line.split()[1]))

    def peak(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._most / 1000
