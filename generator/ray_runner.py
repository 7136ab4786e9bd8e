"""Tasks on a Ray cluster: the contract of `run_tasks`, for machines that share their files.

A task may run twice: Ray starts it again when its machine dies, and the machine may only have been cut off.
Jobs are therefore such that doing a task again is harmless: they return what they made, or write whole files
under their final names (`atomic_file`).
"""

import contextlib
import importlib
import importlib.util
import os
import pickle
import platform
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import cv2

from generator import __version__
from generator.errors import ConfigError, DiskSpaceError, RemoteError, WorkerError, one_line
from generator.files import appears, new_temporary
from generator.places import Place, Url, as_place
from generator.remote.folder import RemoteFolder

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS_TO_CONNECT = 5
_SECONDS_TO_ANSWER = 60
"""Of a cluster."""
_SECONDS_TO_CHECK = 120
"""Of all machines: each starts a process that imports fgbg."""
_SECONDS_TO_STOP = 10
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # Ray would print on stdout what happens to machines and processes
}
_TRIES_AGAIN = 5
"""How often a task runs again after its process or machine died."""


@dataclass(frozen=True)
class Needs:
    """What a machine needs so that its results are those of the first one.

    Attributes:
        folder: in which the command runs; relative paths begin there.
        mark: a file that the first machine has just written to the output folder; or the URL of the output.
        inputs: files and folders that must be there, or URLs of files.
        versions: of Python, fgbg and the libraries that decide the bytes.
    """

    folder: str
    mark: str
    inputs: Sequence[str]
    versions: Mapping[str, str]

    @classmethod
    def here(cls, mark: Place, inputs: Sequence[Place], libraries: Sequence[str]) -> "Needs":
        """What this machine has."""
        return cls(str(Path.cwd()), str(mark), list(map(str, inputs)), _versions(libraries))

    def enter(self) -> None:
        """Make this process one that can do tasks.

        Raises:
            WorkerError: this machine has something else.
        """
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
        cv2.setNumThreads(1)
        libraries = [name for name in self.versions if name not in _OWN_VERSIONS]
        for name, found in _versions(libraries).items():
            if found != (expected := self.versions[name]):
                fix = "install the same versions on every machine of the cluster"
                raise WorkerError(_machine(), f"{name} {expected}", found, fix)
        mark = as_place(self.mark)
        if isinstance(mark, Url):
            with _explained():
                RemoteFolder(mark).require_writable()
        elif not appears(mark):
            problem = f"does not see the files of {mark.parent}"
            raise WorkerError(_machine(), "", problem, "use an `out` on a disk that all machines share")
        for place in map(as_place, self.inputs):
            _require_input(place)


def _require_input(place: Place) -> None:
    """Make sure that this machine can read a file or folder, or a file behind a URL."""
    if isinstance(place, Url):
        folder, _, name = place.rpartition("/")
        with _explained():
            is_there = RemoteFolder(Url(folder)).size(name) is not None
    else:
        is_there = place.exists()
    if not is_there:
        fix = "put it on a disk that all machines share, under the same path"
        raise WorkerError(_machine(), "", f"does not see {place}", fix)


@contextmanager
def _explained() -> Iterator[None]:
    """Let errors name this machine that may be of this machine alone."""
    try:
        yield
    except (ConfigError, DiskSpaceError, RemoteError) as error:
        fix = error.fix
        if not isinstance(error, DiskSpaceError):
            fix += ". Variables must be set there before 'ray start'"
        raise type(error)(f"{error.where} on {_machine()}", error.expected, error.found, fix) from error


_OWN_VERSIONS = ("Python", "fgbg")


def _versions(libraries: Sequence[str]) -> dict[str, str]:
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), "fgbg": __version__}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _machine() -> str:
    return f"the Ray machine {platform.node()}"


class RayRunner:
    """Does tasks on a cluster.

    Args:
        ray: the package, connected to the cluster.
        needs: what every machine must have.
        cpus: of each task.
    """

    is_local = False

    def __init__(self, ray: Any, needs: Needs, cpus: int = 1) -> None:
        self._ray, self._given, self._needs, self._cpus = ray, needs, asdict(needs), cpus
        self._do = ray.remote(num_cpus=cpus, max_retries=_TRIES_AGAIN, name="fgbg")(_portable(do))
        self._visit = ray.remote(num_cpus=0, max_retries=0)(_portable(visit))

    @property
    def slots(self) -> int:
        """How many tasks run at the same time: as many as the CPUs of the machines are enough for."""
        return max(1, sum(_cpus(node) // self._cpus for node in self._nodes()))

    def with_threads(self, threads: int) -> "RayRunner":
        """As of `Runner`; a task gets as many CPUs as it has threads, or all of the largest machine."""
        most = max(map(_cpus, self._nodes()), default=1)
        return RayRunner(self._ray, self._given, max(1, min(threads, most)))

    def check_machines(self) -> None:
        """Make sure that every machine with CPUs can do tasks.

        Raises:
            FgbgError: names the first one that cannot.
        """
        self.everywhere(_nothing)

    def everywhere(self, job: Callable[[], None]) -> None:
        """As of `Runner`, on every machine with CPUs.

        Raises:
            FgbgError: a machine cannot do tasks; names the first one. Errors of `job` are raised too.
        """
        content = pickle.dumps(job)
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        visits = {}
        for node in self._nodes():
            where = strategy(node["NodeID"], soft=False)
            visits[self._visit.options(scheduling_strategy=where).remote(self._needs, content)] = node
        done, late = self._ray.wait(
            list(visits), num_returns=len(visits), timeout=_SECONDS_TO_CHECK, fetch_local=False
        )
        for one in (*done, *late):
            node = visits[one]
            name = f"the Ray machine {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            try:
                if one in late:
                    found = f"none within {_SECONDS_TO_CHECK} seconds"
                    raise WorkerError(name, "an answer", found, "see 'ray status'; its memory may be full")
                self._result(one, name)
            except WorkerError:
                if node["NodeID"] in {other["NodeID"] for other in self._nodes()}:
                    raise  # otherwise it died in the meantime, and gets no tasks

    def _nodes(self) -> list[dict[str, Any]]:
        """The machines with CPUs that have not died, as Ray describes them."""
        return [node for node in self._ray.nodes() if node["Alive"] and _cpus(node)]

    def run(
        self, job: Callable[[Task], Result], tasks: Sequence[Task], workers: int, finish: bool = True
    ) -> Generator[Result]:
        """As `run_tasks`: do every task and yield the results as they come, in any order.

        Tasks that run when the work is stopped are killed, whether `finish` is True or not.

        Raises:
            WorkerError: a task lost its machine or process again and again. Errors of `job` are raised too.
        """
        # Pickled once. Each process unpickles it once and keeps it, with the files that it has opened.
        content, name = self._ray.put(pickle.dumps(job)), secrets.token_hex(8)
        most = workers if workers < self.slots else 2 * workers  # more wait, so that no machine does
        pending: list[Any] = []
        try:
            for task in tasks:
                pending.append(self._do.remote(self._needs, name, [content], task))
                if len(pending) >= most:
                    done, pending = self._ray.wait(pending)
                    yield from map(self._result, done)
            while pending:
                done, pending = self._ray.wait(pending)
                yield from map(self._result, done)
        finally:
            self._stop(pending)

    def _result(self, reference: Any, machine: str = "a Ray machine") -> Any:
        """The result of a finished task."""
        try:
            good, answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ImportError | AttributeError):
                fix = "run: pip install 'fgbg[ray]' there, with the same version"
                raise WorkerError(machine, f"fgbg {__version__}", one_line(cause), fix) from error
            fix = "run the same command again, which continues. Lower `workers` if memory is short"
            problem = f"ended a task without an answer ({type(error).__name__})"
            raise WorkerError(machine, "", problem, fix) from error
        if good:
            return answer
        raise answer

    def _stop(self, pending: list[Any]) -> None:
        """End tasks, and wait until they have ended, so that they leave no temporary files behind."""
        end = time.monotonic() + _SECONDS_TO_STOP
        with contextlib.suppress(self._ray.exceptions.RayError):
            while pending and time.monotonic() < end:
                for reference in pending:  # again and again: Ray misses a task that it is just starting
                    self._ray.cancel(reference, force=True)
                _, pending = self._ray.wait(pending, num_returns=len(pending), timeout=1)


def _cpus(node: Mapping[str, Any]) -> int:
    return int(node["Resources"].get("CPU", 0))


def _portable(work: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls one of this module.

    Ray sends the code of a function that is inside another one. So a machine without fgbg can answer: with an
    ImportError.
    """
    module, name = work.__module__, work.__name__

    def call(*arguments: Any) -> Any:
        import importlib

        return getattr(importlib.import_module(module), name)(*arguments)

    return call


_job: tuple[str, Callable[[Any], Any]] = "", abs


def _nothing() -> None:
    """The job of a visit that only makes sure that a machine can do tasks."""


def visit(needs: Mapping[str, Any], content: bytes) -> tuple[bool, Any]:
    """On another machine: do a pickled job, if it can do tasks; False comes with the error."""
    try:
        Needs(**needs).enter()
        with _explained():
            pickle.loads(content)()
        return True, None
    except Exception as error:  # whatever a job raises
        return False, error


def do(needs: Mapping[str, Any], name: str, content: Sequence[Any], task: Any) -> tuple[bool, Any]:
    """On another machine: do one task of the job `name`; False comes with the error.

    Args:
        needs: fields of a `Needs`.
        name: of the job.
        content: the pickled job, as a reference in a list, so that it is only read where it is needed.
        task: of the job.
    """
    global _job
    try:
        if _job[0] != name:
            Needs(**needs).enter()
            with _explained():
                _job = name, pickle.loads(importlib.import_module("ray").get(content[0]))
        with _explained():
            return True, _job[1](task)
    except Exception as error:  # whatever a job raises
        return False, error


@contextmanager
def ray_runner(
    address: str | None, out: Place, inputs: Sequence[Place], libraries: Sequence[str]
) -> Iterator[RayRunner]:
    """Connect to a cluster for the block.

    Args:
        address: HOST:PORT of the cluster. None takes RAY_ADDRESS, else a cluster that this machine belongs
            to; if there is none, Ray starts on this machine alone.
        out: the folder of the output, which all machines must share and this process has locked; or its URL.
        inputs: files and folders that all machines must see, or URLs of files.
        libraries: whose versions must be the same everywhere.

    Raises:
        ConfigError: ray is not installed, or the cluster does not answer.
        FgbgError: a machine of the cluster cannot do the tasks.
    """
    ray = _import_ray()
    is_ours = not ray.is_initialized()
    mark = new_temporary(out) if isinstance(out, Path) else out
    try:
        if is_ours:
            _connect(ray, address or os.environ.get("RAY_ADDRESS"))
        runner = RayRunner(ray, Needs.here(mark, inputs, libraries))
        runner.check_machines()
        yield runner
    finally:
        if is_ours:
            ray.shutdown()
        if isinstance(mark, Path):
            mark.unlink(missing_ok=True)


def _import_ray() -> Any:
    for variable, value in _SETTINGS.items():
        os.environ.setdefault(variable, value)
    if importlib.util.find_spec("ray") is None:
        problem = "needs ray, which is not installed"
        raise ConfigError("`runner=ray`", "", problem, "run: pip install 'fgbg[ray]'")
    importlib.import_module("ray.util.scheduling_strategies")
    return importlib.import_module("ray")


def _connect(ray: Any, address: str | None) -> None:
    """Connect to a cluster, or start one of this machine alone."""
    if address not in (None, "auto", "local"):
        _require_answer(address)
    try:
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises any error
        where = f"the Ray cluster at {address}" if address else "Ray"
        fix = "run 'ray start --address=HOST:PORT' on this machine, which must belong to the cluster"
        raise ConfigError(where, "a cluster that this machine belongs to", one_line(error), fix) from error


def _require_answer(address: str) -> None:
    """Make sure that a cluster answers. `ray.init` would wait for minutes, and then end this process."""
    host, _, port = address.rpartition(":")
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    fix = "give the HOST:PORT that 'ray start --head' printed, and look with 'ray status' there"
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_CONNECT).close()
        subprocess.run(command, capture_output=True, timeout=_SECONDS_TO_ANSWER, check=True)
        return
    except subprocess.CalledProcessError as error:
        found = "none"
        if b"AuthenticationError" in error.stderr:
            found, fix = "one that asks for a token", "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
    except subprocess.TimeoutExpired:
        found = f"none within {_SECONDS_TO_ANSWER} seconds"
    except (OSError, ValueError, OverflowError) as error:
        found = getattr(error, "strerror", None) or one_line(error)
    raise ConfigError("`ray_address`", f"an answer of a Ray cluster at {address}", found, fix)
