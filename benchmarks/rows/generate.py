"""Making composites: fgbg, loops that people write, and the disk alone."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from generator.assets.listing import list_pictures
from generator.pipeline import Outcome, generate
from rows.contest import Contest, Contestant, Result, needing, rate
from rows.setting import SIZE, Setting

FG_SIZE = SIZE // 2
INPUTS = 20
"""Pictures of each kind that the loops use."""
QUALITY = 75
"""Of JPEGs: Pillow's default."""
BARE, BARE_TWO = "bare write + fsync", "bare write + fsync, two at once"
COPY, BARE_TABLES = "memory copy", "bare write + fsync, tables only"


def run(setting: Setting) -> Iterator[Result]:
    place = setting.place

    def make(render: bool, workers: int = 1) -> Outcome:
        return generate(
            setting.config(
                "generated" if render else "generated-tables",
                render=render,
                samples=setting.some(4096, 40) if render else None,
                split=None,
                workers=workers,
            ),
            overwrite=True,
            progress=False,
        )

    def generated(render: bool, workers: int = 1) -> float:
        """Samples per second from the finished bank to the manifest, with the start of the workers."""
        settle()
        outcome = make(render, workers)
        return outcome.written / outcome.seconds

    samples, records = make(True).written, make(False).written
    shards, tables = (
        {path.name: path.read_bytes() for path in sorted((place / name).glob("*-*.h5"))}
        for name in ("generated", "generated-tables")
    )
    seconds, count = setting.some(1.0, 0.02), setting.some(200, 2)
    fgs, bgs = ([*list_pictures(folder)[:INPUTS]] for folder in setting.pictures)
    jpegs = place / "loops"
    jpegs.mkdir()
    contest = Contest(
        "generate",
        "samples/s",
        f"composites of {SIZE} px and their masks (fgbg: depth, too) to disk, from pictures already decoded "
        "except in the first loop",
        budget=150,
    )
    yield setting.hold(
        contest,
        [
            Contestant(
                "Pillow loop, opens its inputs each time, JPEG",
                lambda: rate(lambda: pillow(jpegs, fgs, bgs, count, reopen=True), seconds),
            ),
            Contestant(
                "Pillow loop, JPEG",
                lambda: rate(lambda: pillow(jpegs, fgs, bgs, count, reopen=False), seconds),
            ),
            Contestant("OpenCV loop, JPEG", lambda: rate(lambda: opencv(jpegs, fgs, bgs, count), seconds)),
            needing(
                "albumentations",
                Contestant(
                    "albumentations OverlayElements, JPEG",
                    lambda: rate(lambda: overlay_elements(jpegs, fgs, bgs, count), seconds),
                ),
            ),
            Contestant(
                "fgbg generate, one worker",
                lambda: generated(True),
                "fgbg",
                BARE,
                "renders, hashes and syncs each shard; the limit only writes",
            ),
            Contestant(
                "fgbg generate, two workers",
                lambda: generated(True, 2),
                "fgbg",
                BARE_TWO,
                "its time includes the start of two processes, about 1 s",
            ),
            Contestant(
                "fgbg generate --no-render",
                lambda: generated(False),
                "fgbg",
                BARE_TABLES,
                "drawing the samples takes longer than writing 40 bytes of each",
            ),
            Contestant(BARE, lambda: samples / bare(place / "bare", shards, 1), "limit"),
            Contestant(BARE_TWO, lambda: samples / bare(place / "bare", shards, 2), "limit"),
            Contestant(BARE_TABLES, lambda: records / bare(place / "bare", tables, 1), "limit"),
            Contestant(COPY, memory_copy(shards, samples, seconds), "limit"),
        ],
    )


def settle() -> None:
    """Let the disk finish the work of whoever came before, so that nobody pays for another."""
    if hasattr(os, "sync"):
        os.sync()


def bare(folder: Path, contents: Mapping[str, bytes], writers: int) -> float:
    """Seconds to write and sync files from memory, after removing earlier ones as --overwrite does.

    Threads are enough: writing and syncing wait for the disk and hold no lock of Python.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    settle()

    def write(name: str) -> None:
        with (folder / name).open("wb") as file:
            file.write(contents[name])
            file.flush()
            os.fsync(file.fileno())

    with ThreadPoolExecutor(writers) as pool:
        began = time.perf_counter()
        list(pool.map(write, contents))
        return time.perf_counter() - began


def memory_copy(shards: Mapping[str, bytes], samples: int, seconds: float) -> Callable[[], float]:
    """A function that copies the bytes of one shard in memory."""
    source = np.frombuffer(next(iter(shards.values())), np.uint8)
    target, count = np.empty_like(source), samples / len(shards)

    def copied() -> Iterator[int]:
        np.copyto(target, source)
        yield 1

    return lambda: count * rate(copied, seconds)


def places(count: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Number, foreground, background, x and y of samples."""
    rng = np.random.default_rng(0)
    for number in range(count):
        x, y = (int(value) for value in rng.integers(0, SIZE - FG_SIZE, 2))
        yield number, number, number // INPUTS, x, y


def pillow(
    folder: Path, fg_paths: Sequence[Path], bg_paths: Sequence[Path], count: int, reopen: bool
) -> Iterator[int]:
    """What a simple script does: paste, and save composite and mask."""

    def load_fg(path: Path) -> Image.Image:
        picture = Image.open(path).convert("RGBA")
        return picture.resize((FG_SIZE, round(picture.height * FG_SIZE / picture.width)))

    def load_bg(path: Path) -> Image.Image:
        return Image.open(path).convert("RGB").resize((SIZE, SIZE))

    fgs, bgs = ([], []) if reopen else (list(map(load_fg, fg_paths)), list(map(load_bg, bg_paths)))
    for number, row, column, x, y in places(count):
        row, column = row % len(fg_paths), column % len(bg_paths)
        front = load_fg(fg_paths[row]) if reopen else fgs[row]
        back = load_bg(bg_paths[column]) if reopen else bgs[column].copy()
        mask = Image.new("L", back.size)
        back.paste(front, (x, y), front)
        mask.paste(front.getchannel("A"), (x, y))
        back.save(folder / f"{number}.jpg", quality=QUALITY)
        mask.save(folder / f"{number}.mask.jpg", quality=QUALITY)
        yield 1


def _decoded(paths: Sequence[Path], side: int) -> list[np.ndarray]:
    pictures = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]
    return [cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures]


def _write(folder: Path, number: int, fg_bg: np.ndarray, mask: np.ndarray) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    cv2.imwrite(str(folder / f"{number}.jpg"), fg_bg, quality)
    cv2.imwrite(str(folder / f"{number}.mask.jpg"), mask, quality)


def opencv(folder: Path, fg_paths: Sequence[Path], bg_paths: Sequence[Path], count: int) -> Iterator[int]:
    """The same with OpenCV and NumPy, inputs decoded."""
    fgs, bgs = _decoded(fg_paths, FG_SIZE), _decoded(bg_paths, SIZE)
    for number, row, column, x, y in places(count):
        front, fg_bg = fgs[row % len(fgs)], bgs[column % len(bgs)].copy()
        alpha = front[..., 3:].astype(np.uint16)
        part = fg_bg[y : y + FG_SIZE, x : x + FG_SIZE]
        part[...] = (front[..., :3] * alpha + part * (255 - alpha) + 127) // 255
        mask = np.zeros((SIZE, SIZE), np.uint8)
        mask[y : y + FG_SIZE, x : x + FG_SIZE] = front[..., 3]
        _write(folder, number, fg_bg, mask)
        yield 1


def overlay_elements(
    folder: Path, fg_paths: Sequence[Path], bg_paths: Sequence[Path], count: int
) -> Iterator[int]:
    """The same with albumentations' own transform, inputs decoded; its masks have hard edges."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations

    compose = albumentations.Compose([albumentations.OverlayElements(p=1)])
    fgs, bgs = _decoded(fg_paths, FG_SIZE), _decoded(bg_paths, SIZE)
    for number, row, column, x, y in places(count):
        front = fgs[row % len(fgs)]
        overlay = {
            "image": front[..., :3],
            "mask": (front[..., 3] >= 128).astype(np.uint8),
            "mask_id": 255,
            "bbox": [x / SIZE, y / SIZE, (x + FG_SIZE) / SIZE, (y + FG_SIZE) / SIZE],
        }
        found = compose(
            image=bgs[column % len(bgs)], mask=np.zeros((SIZE, SIZE), np.uint8), overlay_metadata=[overlay]
        )
        _write(folder, number, found["image"], found["mask"])
        yield 1
