"""Worker processes. The tasks are functions of the standard library, which every new process can import."""

import math
import operator
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import cv2
import pytest

from generator.errors import WorkerError
from generator.workers import cores, run_tasks

ENDLESS = """
import time
from generator.workers import run_tasks
if __name__ == "__main__":
    print("begun", flush=True)
    list(run_tasks(time.sleep, [0, 0, 60, 60], 2))
"""


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_task_is_done_once(workers: int) -> None:
    assert sorted(run_tasks(operator.neg, range(7), workers)) == list(range(-6, 1))


def test_no_tasks_give_no_results() -> None:
    assert list(run_tasks(operator.neg, [], 3)) == []


def test_one_worker_is_this_process_and_computes_in_one_opencv_thread() -> None:
    before = cv2.getNumThreads()

    def job(task: int) -> tuple[int, int]:
        return os.getpid(), cv2.getNumThreads()

    assert list(run_tasks(job, [1], 4)) == [(os.getpid(), 1)]
    assert cv2.getNumThreads() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_job_raises_comes_through(workers: int) -> None:
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        list(run_tasks(math.sqrt, [4, 9, -1, 16], workers))


def test_a_dead_worker_ends_the_run_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(WorkerError, match=r"a worker process ended without an answer: .*continues"):
        list(run_tasks(os._exit, [3, 3, 3, 3], 2))
    assert time.monotonic() - began < 20


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as POSIX does")
def test_who_does_not_wait_leaves_in_the_middle_of_a_task() -> None:
    with closing(run_tasks(time.sleep, [0, 30, 30, 30], 2, finish=False)) as results:
        next(results)
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_leaving_early_ends_the_workers() -> None:
    with closing(run_tasks(operator.neg, range(100), 2)) as results:
        next(results)
    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline() == b"begun\n"
    began = time.monotonic()
    while (
        len(_descendants(parent.pid)) < 4 and time.monotonic() - began < 30
    ):  # two workers, the fork server and the resource tracker
        time.sleep(0.05)
    children = _descendants(parent.pid)
    assert len(children) >= 4
    time.sleep(1)  # let the workers reach their tasks
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    began = time.monotonic()
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() - began < 10:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


@pytest.mark.parametrize("begin", ["list(run_tasks(abs, [1, 2, 3], 2))", "generate(CONFIG)"])
def test_a_script_without_a_main_guard_is_told_so(
    begin: str, request_fields: dict[str, object], tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    fields = request_fields | {"workers": 2, "out": tmp_path / "out"}
    script.write_text(
        "from pathlib import PosixPath, WindowsPath\n"
        "from generator.config import GenerateConfig\n"
        "from generator.pipeline import generate\n"
        "from generator.workers import run_tasks\n"
        f"CONFIG = GenerateConfig(**{fields!r})\n"
        f"{begin}\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 2  # one of the pool and one of fgbg, none of the workers
    last = done.stderr.splitlines()[-1]
    assert "a worker process ended, because your script starts its work when" in last


def test_cores() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [far for child in children for far in _descendants(child)]
