"""A separate process for work that may never end, or may crash its process."""

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


class NoAnswerError(Exception):
    """There is no answer: time was up, the process ended, or the work raised an unexpected error."""

    def __init__(self, found: str = "the end of its process, which crashed or was killed") -> None:
        super().__init__(found)


class IsolatedProcess:
    """A process that answers one request at a time.

    It starts at once and never outlives this process. Ctrl-C, or any failure but an error that the work
    raises, ends it for good. The new process imports your script: put your own code under
    `if __name__ == "__main__":`, as `multiprocessing` requires.

    Args:
        work: a function at the top level of a module, which answers a request. State between requests lives
            in its module. Requests and answers are pickled.

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
        except NoAnswerError as error:
            fix = "a script needs 'if __name__ == \"__main__\":' before its own work"
            problem = f"could not start ({error})"
            raise WorkerError("a process for untrusted files", "", problem, fix) from error

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._connection.closed and self._process.is_alive()

    def ask(self, request: Any, seconds: float) -> Any:
        """The work's answer to a request.

        Raises:
            FgbgError: as the work raised it.
            NoAnswerError: there is no answer after `seconds`, the process has ended, or the work raised
                another error.
        """
        with self._lock:
            if self._connection.closed:
                raise NoAnswerError
            try:
                self._connection.send(request)
            except OSError as error:
                self.end()
                raise NoAnswerError from error
            return self._answer(seconds)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        with contextlib.suppress(ValueError):  # it was closed before
            self._process.kill()
            self._process.join()
            self._process.close()
        self._connection.close()

    def _answer(self, seconds: float) -> Any:
        try:
            if not self._connection.poll(seconds):
                raise NoAnswerError(f"none within {seconds:g} seconds")
            good, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise NoAnswerError from error
        except BaseException:
            self.end()
            raise
        if good:
            return answer
        raise answer


class OnDemandProcess:
    """An `IsolatedProcess` that starts with the first request, and again when it has ended."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._process: IsolatedProcess | None = None

    def ask(self, request: Any, seconds: float) -> Any:
        """As `IsolatedProcess.ask`."""
        with self._lock:
            if self._process is None or not self._process.alive:
                self._process = IsolatedProcess(self._work)
        return self._process.ask(request, seconds)


def _serve(work: Callable[[Any], Any], connection: Connection) -> None:
    # Ctrl-C reaches every process of a terminal; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
            answer = False, NoAnswerError(one_line(error))
        connection.send(answer)
