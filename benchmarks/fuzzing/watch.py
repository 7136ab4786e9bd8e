"""Observes one input: how it ended, which files and programs it touched, and how much memory it took."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from fgbg.cli import main
from generator.errors import FgbgError

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PLACES = {
    "open": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
}
_FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "socket.connect", "socket.getaddrinfo")
_FREE = ("/dev/null", "/proc/", "/dev/shm/")


@dataclass
class Ended:
    """How an input ended.

    Attributes:
        how: "accepted", "refused", "traceback", "noise" (output that is not plain text, or a warning).
        told: the last line of the error.
        touched: files written outside the input's folder, programs started, network addresses used.
        memory: MiB that the input took in addition.
    """

    how: str
    told: str = ""
    touched: list[str] = field(default_factory=list)
    memory: float = 0.0


class Outside:
    """Records everything that is written outside the allowed folders, through Python's audit events."""

    def __init__(self, sandbox: Path) -> None:
        self._outside = sandbox / "outside"
        self._outside.mkdir(parents=True, exist_ok=True)
        for name in ("keep.txt", "keep.png", "keep.h5"):
            (self._outside / name).write_bytes(b"kept\n" * 100)
        self._before = self._state()
        self.allowed: tuple[str, ...] = ()
        self.touched: list[str] = []
        sys.addaudithook(self._hear)

    def changed(self) -> bool:
        """Whether the folder that stands for the user's other files changed."""
        return self._state() != self._before

    def _state(self) -> list[tuple[str, bytes]]:
        return sorted((path.name, path.read_bytes()) for path in self._outside.iterdir())

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.allowed:
            return
        if event == "socket.connect" and not isinstance(arguments[1], tuple):
            return  # a connection between processes of this machine, such as workers
        if event in _FORBIDDEN:
            self.touched.append(f"{event} {str(arguments)[:100]}")
        elif event == "subprocess.Popen" and arguments[0] != sys.executable:
            self.touched.append(f"program {arguments[0]}")
        elif event in _PLACES:
            if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
                return
            for place in _PLACES[event]:
                self._look_at(event, arguments[place])

    def _look_at(self, event: str, place: Any) -> None:
        if isinstance(place, int):
            return
        try:
            # Only the folder is resolved: a link itself is replaced, and opening its target is another event.
            folder = f"{Path(os.fsdecode(place)).parent.resolve()}/"
        except (ValueError, RuntimeError):  # NUL, or links in a circle: the system will refuse the path
            return
        if not folder.startswith((*self.allowed, *_FREE)) and os.fsdecode(place) not in _FREE:
            self.touched.append(f"{event} {os.fsdecode(place)[:200]}")


def observe(work: Callable[[], str], outside: Outside, allowed: tuple[str, ...]) -> Ended:
    """Call `work`, which returns "accepted" or "refused", and record the result."""
    outside.touched, outside.allowed = [], allowed
    before = _memory("VmRSS")
    _forget_peak()
    try:
        ended = Ended(work())
    except NoiseError as noise:
        ended = Ended("noise", str(noise))
    except BaseException as error:  # a user would see this as a traceback
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"
        last = " ".join(traceback.format_exception_only(error)[-1].split())[:200]
        ended = Ended("traceback", f"{last} at {where}")
    finally:
        outside.allowed = ()
    ended.memory = max(0.0, _memory("VmHWM") - before)
    ended.touched = outside.touched + (["the folder outside"] if outside.changed() else [])
    return ended


class NoiseError(Exception):
    """Output that is not plain text, or a warning of a library."""


def run(*arguments: object) -> str:
    """Run `fgbg` in this process: "accepted" or "refused".

    Raises:
        NoiseError: the exit code is not 0, 1 or 2; it failed without a message; or it printed control codes
            or a warning.
    """
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    said = result.output + result.stderr
    unprintable = {c for c in said if not c.isprintable()} - {"\n"}
    if unprintable:
        raise NoiseError(f"control codes {sorted(unprintable)!r} in the output of {arguments[0]}")
    if "Warning: " in said:
        raise NoiseError(next(line for line in said.splitlines() if "Warning: " in line)[:200])
    if result.exit_code == 0:
        return "accepted"
    if result.exit_code not in (1, 2):
        raise NoiseError(f"exit code {result.exit_code} of {arguments[0]}")
    if not any(line.startswith("fgbg: ") for line in result.stderr.splitlines()) and arguments[0] != "review":
        raise NoiseError(f"exit code {result.exit_code} of {arguments[0]} without a word: {said[-100:]!r}")
    return "refused"


def library(work: Callable[[], object]) -> str:
    """Call the library: "accepted" or "refused"."""
    try:
        work()
    except FgbgError:
        return "refused"
    return "accepted"


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """Change the working folder inside the `with` block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _memory(field_name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field_name):
            return int(line.split()[1]) / 1024
    return 0.0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")
