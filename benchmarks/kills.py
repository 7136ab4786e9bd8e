"""Kills, signals, full disks and damage against `generate`.

    python benchmarks/faults.py kills [--fg FOLDER --bg FOLDER] [--kills 30] [--seed 0]

Each fault hits a run with two workers in its own process group. Then the same command runs again, and all
hashes must be equal to those of an undisturbed run with one worker. Prints one line per fault; the exit code
is 1 if one fails. The full disk is a small tmpfs; mounting it needs root.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from checks import Checks

from generator.drawing.write import write_samples
from generator.files import hash_file

FGBG = [sys.executable, "-c", "from fgbg.cli import main; main()"]


class Faults(Checks):
    """All faults: runs them one by one and prints their results."""

    def __init__(self, place: Path, fg: Path, bg: Path, kills: int, seed: int, only: str) -> None:
        super().__init__(only)
        self._place, self._kills, self._random = place, kills, random.Random(seed)
        self._assets = ["--fg", str(fg), "--bg", str(bg)]
        self._shared_memory = shared_memory()

    def command(self, out: Path, storage: str, workers: int) -> list[str]:
        size = ["--no-render", "--samples", "60000"] if storage == "unrendered" else ["--samples", "6000"]
        scenes = ["--objects", "1-3", "--scale", "0.5-1", "--variants", "2", "--shadow", "0.5"]
        plain = ["--shard-samples", "256", "--workers", str(workers), "--out", str(out)]
        return [*FGBG, "generate", *self._assets, *size, *scenes, *plain]

    def undisturbed(self, storage: str, workers: int) -> dict[str, str]:
        out = self._place / f"{storage}-{workers}"
        if not (out / "dataset.json").exists():
            subprocess.run(self.command(out, storage, workers), check=True, capture_output=True)
        return hashes(out)

    def same_bytes(self) -> str:
        for storage in ("rendered", "unrendered"):
            one = self.undisturbed(storage, 1)
            for workers in (2, 5):
                assert self.undisturbed(storage, workers) == one, (
                    f"{storage}, {workers} workers: other hashes"
                )
        return "workers 1, 2 and 5: the same hashes, rendered and unrendered"

    def signalled(self, storage: str, number: int) -> str:
        """Signal runs at random instants, continue each, and compare at the end."""
        whole, seconds = self.undisturbed(storage, 1), 0.0
        hit = rounds = 0
        told = ""
        while hit < self._kills:
            rounds += 1
            out = self._place / f"{storage}-hit-{rounds}"
            while hit < self._kills:
                process = self._begin(out, storage)
                wait = self._random.uniform(0, seconds or 8)
                began = time.monotonic()
                try:
                    process.wait(wait)
                    seconds = seconds or time.monotonic() - began
                    break
                except subprocess.TimeoutExpired:
                    hit += 1
                os.kill(process.pid, number)
                _, said = process.communicate(timeout=60)
                told = said.decode().strip().splitlines()[-1] if said.strip() else ""
                self._all_gone(process.pid)
                if process.returncode == 0:  # it had finished already
                    hit -= 1
                    break
                # While Python itself starts, the signal ends it without our message.
                starting = process.returncode == -number and b"commands" not in said
                if number == signal.SIGINT and not starting:
                    assert process.returncode == 130, f"exit code {process.returncode}: {said.decode()}"
                    assert "run the same command again" in told, told
            subprocess.run(self.command(out, storage, 2), check=True, capture_output=True)
            assert hashes(out) == whole, "other hashes"
            assert not leftovers(out), f"left behind: {leftovers(out)}"
            shutil.rmtree(out)
        return f"{hit} instants in {rounds} runs: same hashes, nothing left" + (
            f"; said: {told}" if told else ""
        )

    def full_disk(self, storage: str) -> str:
        out = self._place / f"{storage}-full"
        out.mkdir()
        # There is enough space at the start; then another file takes it.
        size, chunk = ("40m", 2**18) if storage == "unrendered" else ("2g", 2**24)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(out)]
        mounted = subprocess.run(mount, capture_output=True)
        assert mounted.returncode == 0, "cannot mount a tmpfs: run as root"
        try:
            process = self._begin(out, storage)
            while not (out / "journal.jsonl").exists() and process.poll() is None:
                time.sleep(0.005)
            with (out / "other").open("wb", buffering=0) as other, contextlib.suppress(OSError):
                while process.poll() is None:
                    other.write(bytes(chunk))
            _, said = process.communicate()
            told = said.decode().strip().splitlines()[-1]
            finished = len((out / "journal.jsonl").read_bytes().splitlines())
            assert process.returncode == 1, f"exit code {process.returncode}: {told}"
            assert str(out) in told and ("bytes" in told or "free" in told), told
            (out / "other").unlink()
            subprocess.run(["mount", "-o", "remount,size=4g", str(out)], check=True)
            subprocess.run(self.command(out, storage, 2), check=True, capture_output=True)
            assert hashes(out) == self.undisturbed(storage, 1), "other hashes"
            return f"{finished} shards kept; said: {told.replace(str(self._place), '')}"
        finally:
            subprocess.run(["umount", str(out)], check=True)

    def two_generators(self) -> str:
        out = self._place / "two"
        first = self._begin(out, "rendered")
        while not (out / ".lock").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        began = time.monotonic()
        second = subprocess.run(self.command(out, "rendered", 2), capture_output=True, text=True)
        seconds = time.monotonic() - began
        first.communicate()
        assert second.returncode == 2 and "in use by another 'fgbg generate'" in second.stderr, second.stderr
        assert hashes(out) == self.undisturbed("rendered", 1), "the first one was disturbed"
        return f"the second refuses after {seconds:.1f} s"

    def damage(self) -> str:
        self.undisturbed("unrendered", 1)
        told = []
        for name, harm in (
            ("flipped byte", flip_byte),
            ("truncated shard", truncate),
            ("swapped shards", swap),
            ("missing bank", lambda folder: (folder / "bank.h5").unlink()),
        ):
            folder = self._place / "damaged"
            shutil.copytree(self._place / "unrendered-1", folder)
            harm(folder)
            verify = subprocess.run([*FGBG, "verify", str(folder)], capture_output=True, text=True)
            assert verify.returncode == 1 and "h5" in verify.stderr, f"{name}: {verify.stderr}"
            train = [*FGBG, "train", "--data", str(folder), "--out", str(self._place / "run")]
            trained = subprocess.run(train, capture_output=True, text=True)
            assert trained.returncode == 1 and "h5" in trained.stderr, f"{name}: {trained.stderr}"
            told.append(name)
            shutil.rmtree(folder)
        return f"verify names it and train refuses: {', '.join(told)}"

    def _begin(self, out: Path, storage: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(out, storage, 2),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _all_gone(self, group: int) -> None:
        """Check that children ended with their parent, and that shared memory is as before."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if not members(group) and shared_memory() <= self._shared_memory:
                return
            time.sleep(0.05)
        raise AssertionError(f"left: processes {members(group)}, {shared_memory()}")


def hashes(folder: Path) -> dict[str, str]:
    """Hashes of all files of the dataset; the order of the journal's lines does not count."""
    return {path.name: hash_file(path) for path in folder.iterdir() if path.suffix in (".h5", ".json")}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]


def members(group: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, _, of_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            if int(of_group) == group and state != "Z":
                found.append(int(entry.name))
    return found


def shared_memory() -> set[str]:
    """The files in /dev/shm."""
    return {path.name for path in Path("/dev/shm").iterdir()}


def flip_byte(folder: Path) -> None:
    shard = folder / "train-00001.h5"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)


def truncate(folder: Path) -> None:
    os.truncate(folder / "train-00001.h5", 3000)


def swap(folder: Path) -> None:
    (folder / "train-00000.h5").rename(folder / "between")
    (folder / "train-00001.h5").rename(folder / "train-00000.h5")
    (folder / "between").rename(folder / "train-00001.h5")


@click.command("kills")
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--kills", default=30)
@click.option("--seed", default=0)
@click.option("--only", default="", help="Faults with this in their name.")
def command(fg: Path | None, bg: Path | None, kills: int, seed: int, only: str) -> None:
    """Kill, interrupt and starve `generate` at random instants, and continue it."""
    # In the background of a script, this process and its children would ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        place = Path(folder).resolve()
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=192, seed=0)
            fg, bg = drawn.fg, drawn.bg
        faults = Faults(place, fg.resolve(), bg.resolve(), kills, seed, only)
        faults.check("number of workers", faults.same_bytes)
        for storage in ("unrendered", "rendered"):
            for name, number in (("SIGKILL", signal.SIGKILL), ("SIGINT", signal.SIGINT)):
                faults.check(f"{name}, {storage}", lambda s=storage, n=number: faults.signalled(s, n))
            faults.check(f"full disk, {storage}", lambda s=storage: faults.full_disk(s))
        faults.check("two generators on one folder", faults.two_generators)
        faults.check("damage", faults.damage)
    sys.exit(1 if faults.failed else 0)
