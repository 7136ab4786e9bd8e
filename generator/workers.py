"""Do many tasks in several worker processes, which never outlive this process."""

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

# Large and slow to import. Named, not imported, because this module comes before it in the order of imports.
_PRELOADED = ["generator.preload"]

# Windows cannot wait for more processes.
_MOST_WORKERS = 61

# The exit code of a worker that was started by a script without a main guard.
_SCRIPT_IMPORTED = 113

_job: Callable[[Any], Any]


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(
    job: Callable[[Task], Result], tasks: Sequence[Task], workers: int, finish: bool = True
) -> Generator[Result]:
    """Do every task and yield the results as they come, in any order.

    Args:
        job: does one task. It is pickled once for each worker, so it should open files when first called.
        tasks: the tasks.
        workers: number of processes; 1 does the work in this process. Each uses one OpenCV thread.
        finish: whether to finish running tasks when the work is stopped. False kills the workers at once, for
            jobs that leave no damage when they are killed.

    Raises:
        WorkerError: a worker ended without an answer. Errors of `job` are raised too. In both cases no other
            task is started.
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
            with _uninterrupted():  # Ctrl-C must not stop the pool while it starts a process
                pending.add(pool.submit(_do, task))
            if len(pending) < 2 * workers:
                continue
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        # The pool's own thread reads the exit codes too, and only one of two readers gets the right one.
        pool.shutdown(cancel_futures=True)
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
    """A context that starts the same processes, and the list that it adds each of them to."""
    processes: list[BaseProcess] = []

    def make(*args: Any, **options: Any) -> BaseProcess:
        process: BaseProcess = context.Process(*args, **options)  # type: ignore[attr-defined]
        processes.append(process)
        return process

    recorded = copy.copy(context)
    setattr(recorded, "Process", make)  # noqa: B010  an attribute of the type, for this copy alone
    return recorded, processes


def _dead_worker(workers: Iterable[BaseProcess]) -> WorkerError:
    """The error for a worker that ended without an answer."""
    if any(worker.exitcode == _SCRIPT_IMPORTED for worker in workers):
        problem = "ended, because your script starts its work when a new process imports it"
        fix = 'put the call under `if __name__ == "__main__":`, or use one worker'
        return WorkerError("a worker process", "", problem, fix)
    return WorkerError(
        "a worker process",
        "",
        "ended without an answer: it was killed, or out of memory",
        "run the same command again, which continues. Lower `workers` if memory is short",
    )


def process_context() -> BaseContext:
    """A context whose processes are not forks of this one, which could copy a lock that a thread holds.

    On Linux they are forks of a server that has only imported modules: they start fast and share these
    modules. On other systems they are new processes, because libraries of macOS do not survive a fork.
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
    """End this process if it is a new worker that is still importing the user's script.

    A worker gets here while it starts only where the script does its work without checking `__name__`. The
    process that started the worker then tells the user.
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
    # Ctrl-C reaches every process of a terminal; only the parent acts on it.
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
