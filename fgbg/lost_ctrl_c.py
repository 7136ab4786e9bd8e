"""A Ctrl-C that Python drops is sent again."""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 0.05


@contextmanager
def resent() -> Iterator[None]:
    """Within the block, no Ctrl-C is lost.

    Python raises KeyboardInterrupt wherever the main thread is. In a destructor, or in a callback of a weak
    reference (imports run many), it cannot be raised further: Python reports it to `sys.unraisablehook` and
    goes on.
    """
    before = sys.unraisablehook

    def send_again(unraisable: "sys.UnraisableHookArgs") -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            before(unraisable)
            return
        # A moment later, when the destructor has ended.
        timer = threading.Timer(_SECONDS, _interrupt)
        timer.daemon = True
        timer.start()

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt() -> None:
    """Interrupt the main thread, even where it waits for the system."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()
