"""Kills, signals, full and read-only disks, and changed data against `train`.

    python benchmarks/training_faults.py [--kills 10] [--seed 0] [--only NAME]

Each fault hits a short run on drawn pictures at random instants (signals other than SIGKILL a third as
often). Resumed until it is finished, the run must have the same weights, averages, moments and losses, to
the bit, as an undisturbed one. Prints one line per fault; the exit code is 1 if one fails. Full and
read-only disks are a small tmpfs; mounting it needs root.
"""

import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import torch

from training.checkpoint import load_checkpoint

FGBG = [sys.executable, "-c", "from fgbg.cli import main; main()"]
RUN = [
    "--res",
    "32:2,48:1",
    "--epoch-samples",
    "1600",
    "--batch-size",
    "16",
    "--widths",
    "8,16",
    "--device",
    "cpu",
]
RUN += ["--save-every", "10", "--val-samples", "64"]


class Faults:
    """All faults: runs them one by one and prints their results."""

    def __init__(self, place: Path, seed: int) -> None:
        self._place, self._random = place, random.Random(seed)
        self._shards = place / "shards"
        fgbg("samples", str(place / "assets"), "--count", "24", "--size", "64")
        folders = ["--fg", str(place / "assets" / "fg"), "--bg", str(place / "assets" / "bg")]
        fgbg("generate", *folders, "--size", "64", "--positions", "2", "--out", str(self._shards))
        began = time.monotonic()
        fgbg(*self._command(place / "whole"))
        self._seconds = time.monotonic() - began
        self._whole = content(place / "whole")

    def _command(self, out: Path, shards: Path | None = None) -> list[str]:
        return ["train", "--data", str(shards or self._shards), "--out", str(out), "--resume", *RUN]

    def signalled(self, number: int, kills: int) -> str:
        """Signal a run at random instants, resume it each time, and compare at the end."""
        out, hits, told = self._place / f"struck-{number}", 0, ""
        while True:
            process = begin(*self._command(out))
            try:
                wait = self._random.uniform(4, max(5, 0.8 * self._seconds)) if hits < kills else 600
                _, said = process.communicate(timeout=wait)
                assert process.returncode == 0, said
                if hits >= kills:
                    break
                for name in ("last.pt", "best.pt"):  # finished too early: train again from the start
                    (out / name).unlink()
                assert not leftovers(out), leftovers(out)
                continue
            except subprocess.TimeoutExpired:
                hits += 1
                process.send_signal(number)
                _, told = process.communicate(timeout=60)
                assert process.returncode in (-number, 128 + number, 0), f"{process.returncode}: {told}"
                if (out / "last.pt").exists():
                    load_checkpoint(out / "last.pt")
        differing = [name for name, value in content(out).items() if value != self._whole[name]]
        assert not differing, f"other {', '.join(differing)}"
        last = told.strip().splitlines()[-1:] if number != signal.SIGKILL else []
        return f"{hits} instants: the same to the bit" + (f"; said: {last[0]}" if last else "")

    def full_disk(self) -> str:
        """Save to a full disk, then continue when there is space."""
        with small_disk(self._place / "disk", "2m") as disk:
            stuffing = disk / "stuffing"
            stuffing.write_bytes(bytes(1_900_000))
            told = failing(*self._command(disk / "run"))
            assert not leftovers(disk / "run"), leftovers(disk / "run")
            stuffing.unlink()
            fgbg(*self._command(disk / "run"))
            assert content(disk / "run") == self._whole, "other weights"
        return told

    def read_only(self) -> str:
        """Save to a read-only disk."""
        with small_disk(self._place / "locked", "8m") as disk:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            return failing(*self._command(disk / "run"))

    def changed(self, change: Callable[[Path], object]) -> str:
        """Change a file of the dataset during a run, then restore it and continue."""
        shards, out = self._place / "copy", self._place / "changed"
        subprocess.run(["cp", "-r", str(self._shards), str(shards)], check=True)
        subprocess.run(["rm", "-rf", str(out)], check=True)
        process = begin(*self._command(out, shards))
        while not (out / "last.pt").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        victim = shards / "train-00000.h5"
        change(victim)
        _, told = process.communicate(timeout=120)
        assert process.returncode == 1 and len(told.strip().splitlines()) == 1, (
            f"{process.returncode}: {told}"
        )
        assert str(victim) in told, told
        subprocess.run(["rm", "-rf", str(shards)], check=True)
        fgbg(*self._command(out))
        assert content(out) == self._whole, "other weights"
        return told.strip()


def fgbg(*arguments: str) -> None:
    done = subprocess.run([*FGBG, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def begin(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([*FGBG, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def failing(*arguments: str) -> str:
    """The error line of a run that must fail."""
    done = subprocess.run([*FGBG, *arguments], capture_output=True, text=True, timeout=300)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1 and len(lines) == 1, f"{done.returncode}: {done.stderr}"
    return lines[0]


def content(out: Path) -> dict[str, str]:
    """All results of a run except times, as exact text."""
    last = load_checkpoint(out / "last.pt")

    def bits(value: object) -> object:
        if isinstance(value, torch.Tensor):
            return value.dtype, tuple(value.shape), value.contiguous().view(-1).numpy().tobytes()
        if isinstance(value, dict):
            return [(key, bits(item)) for key, item in value.items()]
        return [bits(item) for item in value] if isinstance(value, list | tuple) else value

    found = {name: repr(bits(value)) for name, value in vars(last).items() if name != "config"}
    with (out / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = [{k: v for k, v in row.items() if "second" not in k} for row in csv.DictReader(file)]
    return found | {"metrics.csv": repr(rows)}


def leftovers(out: Path) -> list[str]:
    return [
        path.name
        for path in out.glob("*")
        if path.name not in (".lock", "last.pt", "best.pt", "config.json", "log")
    ]


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(bytes(1000))


@click.command()
@click.option("--kills", default=10)
@click.option("--seed", default=0)
@click.option("--only", default="")
def main(kills: int, seed: int, only: str) -> None:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        faults = Faults(Path(folder), seed)
        matrix: dict[str, Callable[[], str]] = {
            "SIGKILL": lambda: faults.signalled(signal.SIGKILL, kills),
            "SIGTERM": lambda: faults.signalled(signal.SIGTERM, kills // 3),
            "SIGINT": lambda: faults.signalled(signal.SIGINT, kills // 3),
            "full disk": faults.full_disk,
            "read-only folder": faults.read_only,
            "a shard overwritten under the run": lambda: faults.changed(overwritten),
            "a shard truncated under the run": lambda: faults.changed(lambda path: os.truncate(path, 4096)),
            "a shard removed under the run": lambda: faults.changed(Path.unlink),
        }
        for name, strike in matrix.items():
            if only in name:
                began = time.monotonic()
                try:
                    told = strike()
                except (AssertionError, subprocess.SubprocessError) as error:
                    failed += 1
                    told = f"FAILED: {error}"
                print(f"{name:36s} {time.monotonic() - began:6.1f} s  {told}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
