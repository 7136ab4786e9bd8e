"""Work on many tasks in several processes, which never outlive this one and never keep it waiting in vain."""

import copy
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import cv2

from generator.errors import WorkerError
from generator.process.parent import deaf_to_ctrl_c, end_with_parent

Task = TypeVar("Task")
Result = TypeVar("Result")

# What is slow to import and large; by name, because it stands above this file.
_PRELOADED = ["generator.warm"]

# Windows cannot wait for more.
_MOST_WORKERS = 61

# The exit code of a worker that was started by a script without a main guard.
_SCRIPT_IMPORTED = 113

_job: Callable[[Any], Any]


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(
    job: Callable[[Task], Result], tasks: Sequence[Task], workers: int, finish: bool = True
) -> Generator[Result]:
    """Do every task and give the results as they come, in any order.

    Args:
        job: does one task; pickled once for each worker, so what it opens it should open when first called.
        tasks: what to do.
        workers: processes; with 1 the work is done in this one. Each computes in one OpenCV thread.
        finish: finish running tasks when the work is broken off; False ends the workers at once, for jobs
            that leave things whole whenever they are killed.

    Raises:
        WorkerError: a worker ended without an answer. What `job` raises comes through; in both cases no
            other task is begun.
    """
    end_if_script_is_imported()
    workers = min(workers, len(tasks), _MOST_WORKERS)
    if workers <= 1:
        for task in tasks:
            with _one_opencv_thread():
                result = job(task)
            yield result
        return
    context, processes = _recorded(process_context())
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (job,))
    try:
        waiting = iter(tasks)
        pending: set[Future[Result]] = set()
        for task in waiting:
            with _uninterrupted():  # what it may start would be lost half-way
                pending.add(pool.submit(_do, task))
            if len(pending) < 2 * workers:
                continue
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise _dead_worker(processes) from error
    except BaseException:  # Ctrl-C among others
        if not finish:
            for process in processes:
                if process.pid is not None:
                    process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _recorded(context: BaseContext) -> tuple[BaseContext, list[BaseProcess]]:
    """A context that makes the same processes, and the list in which each of them will be from its start."""
    processes: list[BaseProcess] = []

    def make(*args: Any, **options: Any) -> BaseProcess:
        process: BaseProcess = context.Process(*args, **options)  # type: ignore[attr-defined]
        processes.append(process)
        return process

    recorded = copy.copy(context)
    setattr(recorded, "Process", make)  # noqa: B010  an attribute of the type, for this copy alone
    return recorded, processes


def _dead_worker(workers: Iterable[BaseProcess]) -> WorkerError:
    """What to say of workers of which one ended without an answer."""
    if any(worker.exitcode == _SCRIPT_IMPORTED for worker in workers):
        return WorkerError(
            "a worker process",
            'a script that begins its work under `if __name__ == "__main__":`',
            "one that begins it when it is imported, as every new process does",
            "put the call under that line, or use one worker",
        )
    return WorkerError(
        "a worker process",
        "",
        "ended without an answer: it was killed, or out of memory",
        "run the same command again, which continues; lower `workers` if memory is short",
    )


def process_context() -> BaseContext:
    """Processes that copy no lock another thread holds, as forks of this one would.

    On Linux they are forks of a server that has done nothing but import: they begin faster, and share
    what was imported. Elsewhere they are started afresh; libraries of macOS do not survive a fork.
    """
    if sys.platform != "win32" and sys.platform != "darwin":
        from multiprocessing import forkserver

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        with deaf_to_ctrl_c():
            forkserver.ensure_running()
        return context
    else:
        return multiprocessing.get_context("spawn")


def end_if_script_is_imported() -> None:
    """End this process if it is a worker that is only now importing the script that called.

    A new process imports that script. Where the script begins its work without asking whether it is the main
    program, the worker gets here before it has begun; the process that started it tells the user.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(_SCRIPT_IMPORTED)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            signal.raise_signal(signal.SIGINT)


def _begin_worker(job: Callable[[Any], Any]) -> None:
    global _job
    _job = job
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process of a terminal; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _do(task: Any) -> Any:
    return _job(task)


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
