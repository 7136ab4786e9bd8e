"""Waiting for the other processes of a run: torch does it without a word, and deaf to Ctrl-C."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from generator.errors import one_line
from training.errors import RunError

WAIT_SECONDS = 10.0
"""Seconds before a wait for other machines is reported: machines do not start at the same time."""


@contextlib.contextmanager
def waiting_for_others(devices: int, nodes: int) -> Iterator[None]:
    """While entered, Ctrl-C ends the process at once, and stderr reports a long wait for other machines.

    Args:
        devices: processes on each machine.
        nodes: machines. For one machine nothing is reported; of several processes the first one reports.

    Raises:
        RunError: the others did not connect in time (torch waits for half an hour).
    """
    if devices * nodes == 1:
        yield
        return
    is_first_here = os.environ.get("LOCAL_RANK", "0") == "0"
    report = threading.Timer(WAIT_SECONDS, lambda: _say(awaited(nodes)))
    report.daemon = True
    if nodes > 1 and is_first_here:
        report.start()
    try:
        with _ended_by_ctrl_c():
            yield
    except RuntimeError as error:
        raise RunError(
            f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}",
            f"{devices * nodes} processes to connect",
            f"fewer ({one_line(error)})",
            "run the same command on every machine",
        ) from error
    finally:
        report.cancel()


def awaited(nodes: int) -> str:
    """What this process waits for, with the address that torch's exchange has put into the environment."""
    address, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT")
    number = os.environ.get("GROUP_RANK") or os.environ.get("NODE_RANK") or "0"
    if number != "0":
        return f"waiting for the first machine at {address}:{port} (MASTER_ADDR:MASTER_PORT)"
    others = "the other machine" if nodes == 2 else f"{nodes - 1} other machines"
    numbers = "1" if nodes == 2 else f"1 to {nodes - 1}"
    return (
        f"waiting for {others} to connect to {address}:{port}. Run the same command there with NODE_RANK"
        f" {numbers}. On every machine, this one too, set MASTER_ADDR to the address of this machine and"
        " MASTER_PORT to a free port of it"
    )


@contextlib.contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Let the system end the process on SIGINT: Python's handler would only run when the wait is over."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads stderr
        print(f"fgbg: {line}", file=sys.stderr, flush=True)
