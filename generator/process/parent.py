"""How processes end together with the one that started them, and ignore Ctrl-C, on every system."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 1.0


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started inside the block ignore Ctrl-C, which reaches every process of a terminal.

    On Windows this does nothing.
    """
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    else:
        yield


def end_with_parent(grace: float = 0) -> None:
    """From now on, end this process when the one that started it ends for any reason.

    Args:
        grace: seconds to wait first, so that this process may end by itself with a better error.
    """
    waiting = threading.Thread(
        target=_wait_and_end, args=(os.getppid(), grace), name="end-with-parent", daemon=True
    )
    waiting.start()


def _wait_and_end(parent: int, grace: float) -> None:
    started = multiprocessing.parent_process()
    if started is not None:
        started.join()
    elif sys.platform == "win32":
        _wait_for_process(parent)
    else:
        while os.getppid() == parent:
            time.sleep(_SECONDS)
    time.sleep(grace)
    os._exit(1)


if sys.platform == "win32":
    # On Windows a process keeps the number of its parent after the parent has ended.
    _SYNCHRONIZE = 0x00100000
    _FOR_EVER = 0xFFFFFFFF

    def _wait_for_process(number: int) -> None:
        """Wait until another process has ended."""
        from ctypes import WinDLL, wintypes

        kernel = WinDLL("kernel32")
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
        process = kernel.OpenProcess(_SYNCHRONIZE, False, number)
        if process:
            kernel.WaitForSingleObject(process, _FOR_EVER)
