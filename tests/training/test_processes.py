"""Several processes that train together. (The tests of the plan check which samples each process gets.)"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.reading.dataset import Dataset
from training.checkpoint import load_checkpoint
from training.config import TrainConfig
from training.learner import Learner
from training.process.fabric import Fabric
from training.validation import validate

COMMAND = [str(Path(sys.executable).with_name("fgbg")), "train", "--device", "cpu"]
Run = Callable[..., Any]

SMALL = ["--widths", "4,8", "--epoch-samples", "48", "--val-samples", "12", "--precision", "32"]


def arguments(data: Path, out: Path, *more: str) -> list[str]:
    return [*COMMAND, "--data", str(data), "--out", str(out), *SMALL, *more]


def train(data: Path, out: Path, *more: str) -> list[str]:
    """Train to the end; return the printed lines."""
    done = subprocess.run(arguments(data, out, *more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_run_goes_on_with_more_and_fewer_processes(
    run: Run, data: Path, dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    run(out, "16:1", batch_size=8, epoch_samples=48)
    said = train(data, out, "--res", "16:2", "--batch-size", "4", "--devices", "2", "--resume")
    assert "on 2 x cpu" in said[1] and len(said) == 6, "one process speaks"
    two = load_checkpoint(out / "last.pt")
    assert (two.position.step, two.position.consumed, two.position.epoch) == (12, 96, 2)
    # Each process validated a part. A single process finds the same, except for pixels near the threshold.
    config = TrainConfig(**two.config).model_copy(update={"devices": 1, "out": out})
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    alone = validate(Learner(config, fabric, two, out), fabric, dataset["val"], config, 16, 4).metrics
    assert alone == pytest.approx({name: two.metrics[name] for name in alone}, rel=1e-3)
    run(out, "16:3", batch_size=8, devices=1, epoch_samples=48, resume=True)
    last = load_checkpoint(out / "last.pt")
    assert (last.position.step, last.position.consumed) == (18, 144)
    assert all(weight.isfinite().all() for weight in last.model.values())


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="process groups are of POSIX")
def test_when_one_is_killed_the_other_ends_with_an_error(data: Path, tmp_path: Path) -> None:
    victims = ("first", "second")
    runs = {victim: begin(data, tmp_path / victim) for victim in victims}  # in parallel: starting takes long
    try:
        seconds = [kill(runs[victim], tmp_path / victim, victim) for victim in victims]
        wait_until(lambda: all(first.poll() is not None for first in runs.values()), 120)
        wait_until(lambda: not any(map(is_running, seconds)), 120)
        for victim, first in runs.items():
            words = (tmp_path / victim / "words").read_text(encoding="utf-8")
            assert "lost one of its 2 processes" in words
            # Fabric kills all processes of a run when it finds, every 5 s, that one is gone.
            assert first.returncode in ((-signal.SIGKILL,) if victim == "first" else (1, -signal.SIGKILL))
            load_checkpoint(tmp_path / victim / "run" / "last.pt")
    finally:
        for first in runs.values():
            first.kill()  # then the second process ends, too
            first.wait()


def begin(data: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a long run of two processes; their output goes to FOLDER/words."""
    folder.mkdir()
    more = ("--res", "16:1000", "--batch-size", "4", "--devices", "2", "--save-every", "1")
    with (folder / "words").open("w") as file:
        return subprocess.Popen(
            arguments(data, folder / "run", *more), stderr=file, stdout=file, start_new_session=True
        )


def kill(first: "subprocess.Popen[bytes]", folder: Path, victim: str) -> int:
    """Kill one process of a run after it has saved; return the number of its second process."""
    wait_until(lambda: (folder / "run" / "last.pt").exists() or first.poll() is not None, 300)
    (second,) = children(first.pid)
    os.kill(first.pid if victim == "first" else second, signal.SIGKILL)
    return second


def wait_until(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def is_running(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()[:1] not in ("", "Z")
