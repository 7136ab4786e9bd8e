"""A process of its own, for work that may never end or may take its process down."""

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from generator.errors import FgbgError, WorkerError, one_line
from generator.process.parent import deaf_to_ctrl_c, end_with_parent

_START_SECONDS = 120


class AsideError(Exception):
    """There is no answer: time was up, the process ended, or the work raised something unforeseen."""

    def __init__(self, found: str = "the end of its process, which crashed or was killed") -> None:
        super().__init__(found)


class Aside:
    """One process that answers one request at a time.

    It is started at once and never outlives this one. After Ctrl-C or any failure other than an error of the
    work itself, it is ended and cannot be asked again. A new process imports the script that called: its own
    work must come after `if __name__ == "__main__":`, as `multiprocessing` asks.

    Args:
        work: a function of a module, which answers a request; what it keeps between requests, it keeps in its
            module. Requests and answers are pickled.

    Raises:
        WorkerError: the process does not start.
    """

    def __init__(self, work: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(work, theirs), daemon=True)
        with deaf_to_ctrl_c():
            self._process.start()
        theirs.close()
        try:
            self._answer(_START_SECONDS)
        except AsideError as error:
            fix = "a script needs 'if __name__ == \"__main__\":' before its own work"
            raise WorkerError("a process for untrusted files", "its start", str(error), fix) from error

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._connection.closed and self._process.is_alive()

    def ask(self, request: Any, seconds: float) -> Any:
        """The work's answer to a request.

        Raises:
            FgbgError: as the work raised it.
            AsideError: there is no answer after so many seconds, the process has ended, or the work raised
                another error.
        """
        with self._lock:
            if self._connection.closed:
                raise AsideError
            try:
                self._connection.send(request)
            except OSError as error:
                self.end()
                raise AsideError from error
            return self._answer(seconds)

    def end(self) -> None:
        """End the process, whatever it does."""
        with contextlib.suppress(ValueError):  # it was closed before
            self._process.kill()
            self._process.join()
            self._process.close()
        self._connection.close()

    def _answer(self, seconds: float) -> Any:
        try:
            if not self._connection.poll(seconds):
                raise AsideError(f"none within {seconds:g} seconds")
            good, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise AsideError from error
        except BaseException:
            self.end()
            raise
        if good:
            return answer
        raise answer


class OnDemand:
    """An `Aside` that is started when it is first asked, and again after it has ended."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._aside: Aside | None = None

    def ask(self, request: Any, seconds: float) -> Any:
        """As `Aside.ask`."""
        with self._lock:
            if self._aside is None or not self._aside.alive:
                self._aside = Aside(self._work)
        return self._aside.ask(request, seconds)


def _serve(work: Callable[[Any], Any], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches every process of a terminal; the parent decides
    end_with_parent()
    connection.send((True, None))
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            answer = True, work(request)
        except FgbgError as error:
            answer = False, error
        except Exception as error:
            answer = False, AsideError(one_line(error))
        connection.send(answer)
