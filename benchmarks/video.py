"""How fast videos are predicted, and how much memory they take. A few minutes on two cores.

    python benchmarks/video.py --checkpoint outputs/best.pt

Draws a clip of 640 x 360 with noise, and compares the network alone, on frames that are decoded and scaled
already, and `predict_many` on frames in memory with `predict_video`, which also decodes and encodes. Prints
wall time and CPU time, because wall time says little on a busy machine. Then the peak memory of a small clip
and of one ten times as long.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fgbg.predictor import Predictor
from fgbg.predictor.predict_many import MAX_BATCH
from fgbg.predictor.resize_input import prepare
from fgbg.video.predict_video import VideoRequest, predict_video
from generator.process.memory import keep_freed_memory
from generator.progress import show_progress

RATE = 25
BATCH = MAX_BATCH
"""Frames that the network sees at once."""


def drawn(number: int, size: tuple[int, int], noise: np.random.Generator) -> np.ndarray:
    """A grey disc that moves over a gradient, with the noise of a camera."""
    height, width = size
    down, along = np.mgrid[:height, :width]
    picture = np.stack([40 + 120 * along / width, 60 + 80 * down / height, 90 + 0 * down], axis=2)
    centre = width * (0.2 + 0.6 * (number % 200) / 200)
    picture[np.hypot(along - centre, down - height / 2) < height / 5] = 200, 190, 60
    return np.clip(picture + noise.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def write_clip(path: Path, frames: int, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as out:
        track = cast(VideoStream, out.add_stream("libx264", rate=RATE, options={"preset": "veryfast"}))
        track.height, track.width, track.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            frame = VideoFrame.from_ndarray(drawn(number, size, noise), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(track.encode(frame))
        out.mux(track.encode())


class Clock:
    """Wall and CPU seconds of a block."""

    def __enter__(self) -> "Clock":
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall = time.perf_counter() - self._began[0]
        self.cpu = time.process_time() - self._began[1]


def measure_rate(load: Any, folder: Path, frames: int, results: tuple[str, ...]) -> None:
    clip = folder / "rate.mp4"
    write_clip(clip, frames, (360, 640))
    predictor = load()
    noise = np.random.default_rng(0)
    pictures = [drawn(number, (360, 640), noise) for number in range(min(frames, 100))]
    scaled = np.stack([prepare(picture, None, predictor.res, align=False).fg_bg for picture in pictures])
    list(predictor.predict_many(pictures[:16]))
    with Clock() as bare:
        for start in range(0, len(scaled), BATCH):
            predictor.see(scaled[start : start + BATCH])
    bare_rate, bare_cpu = len(pictures) / bare.wall, len(pictures) / bare.cpu
    print(f"the network alone            : {bare_rate:6.1f} frames/s, {1000 / bare_cpu:5.1f} ms CPU each")
    with Clock() as clock:
        for _ in predictor.predict_many(pictures):
            pass
    rate, cpu = len(pictures) / clock.wall, len(pictures) / clock.cpu
    print(
        f"pictures in memory           : {rate:6.1f} frames/s, {1000 / cpu:5.1f} ms CPU each;"
        f" {rate / bare_rate:.2f} of the rate, {cpu / bare_cpu:.2f} by CPU time"
    )
    for kinds in (*((kind,) for kind in results), results):
        request = VideoRequest(results=kinds, overwrite=True)
        with Clock() as clock:
            done = predict_video(predictor, clip, folder / "rate", request)
        rate, cpu = done.frames / clock.wall, done.frames / clock.cpu
        print(
            f"video to {'+'.join(kinds):22}: {rate:6.1f} frames/s, {1000 / cpu:5.1f} ms CPU each;"
            f" {rate / bare_rate:.2f} of the rate, {cpu / bare_cpu:.2f} by CPU time"
        )


def peak_memory(checkpoint: str, clip: Path, out: Path) -> None:
    """In a process of its own, whose peak is of this clip alone."""
    predictor = Predictor.load(checkpoint, device="cpu", mirror=False)
    request = VideoRequest(results=("overlay",), bg="median", smooth=0.8)
    with show_progress(False):
        done = predict_video(predictor, clip, out, request)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{done.frames:5,} frames of 160 x 96: peak memory {peak:,.0f} MB")


def measure_memory(checkpoint: str, folder: Path, frames: int) -> None:
    for count in (frames, 10 * frames):
        clip = folder / f"{count}.mp4"
        write_clip(clip, count, (96, 160))
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=peak_memory, args=(checkpoint, clip, folder / f"{count}"))
        process.start()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--refine", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--results", default="mask,overlay")
    options = parser.parse_args()
    keep_freed_memory()  # as `fgbg predict` does

    def load() -> Predictor:
        return Predictor.load(options.checkpoint, device="cpu", refine=options.refine)

    with tempfile.TemporaryDirectory() as name, show_progress(False):
        folder = Path(name)
        measure_rate(load, folder, options.frames, tuple(options.results.split(",")))
        measure_memory(options.checkpoint, folder, options.frames)


if __name__ == "__main__":
    main()
