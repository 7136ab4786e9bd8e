"""Where tasks run: in processes of this machine, or on a Ray cluster. It is chosen once and passed down."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field

from generator.errors import ConfigError
from generator.places import Place
from generator.workers import cores, run_tasks

Task = TypeVar("Task")
Result = TypeVar("Result")

RunnerName = Literal["local", "ray"]
RayAddress = Annotated[str, Field(min_length=1)] | None


class Runner(Protocol):
    """Does tasks."""

    @property
    def is_local(self) -> bool:
        """Whether tasks run on this machine, where processes share more than whole files."""

    @property
    def slots(self) -> int:
        """How many tasks can run at the same time."""

    def with_threads(self, threads: int) -> "Runner":
        """A runner on the same machines for tasks that use this many threads each."""

    def everywhere(self, job: Callable[[], None]) -> None:
        """Do something once on each machine that does tasks."""

    def run(
        self, job: Callable[[Task], Result], tasks: Sequence[Task], workers: int, finish: bool = True
    ) -> Generator[Result]:
        """As `run_tasks`."""


class LocalRunner:
    """Does tasks in processes of this machine."""

    is_local = True
    run = staticmethod(run_tasks)

    @property
    def slots(self) -> int:
        """As of `Runner`."""
        return cores()

    def with_threads(self, threads: int) -> "LocalRunner":
        """As of `Runner`."""
        return self

    def everywhere(self, job: Callable[[], None]) -> None:
        """As of `Runner`."""
        job()


LOCAL = LocalRunner()


def check_runner(name: RunnerName, address: RayAddress) -> None:
    """Make sure that an address goes with the runner.

    Raises:
        ConfigError: it does not.
    """
    if address is not None and name != "ray":
        raise ConfigError("`ray_address`", "", "has no effect on this machine alone", "add `runner=ray`")
    if address is not None and "://" in address:
        fix = "give the address of the cluster, and start fgbg on one of its machines"
        raise ConfigError("`ray_address`", "HOST:PORT", address, fix)


@contextmanager
def open_runner(
    name: RunnerName,
    address: RayAddress,
    out: Place,
    inputs: Sequence[Place],
    libraries: Sequence[str],
) -> Iterator[Runner]:
    """The runner for the block.

    Args:
        name: of the runner.
        address: of a Ray cluster; None for the one of this machine.
        out: the folder of the output, which is locked by this process, or its URL.
        inputs: files and folders that tasks read, or URLs of files.
        libraries: whose versions decide the bytes.

    Raises:
        ConfigError: Ray is not installed, or the cluster does not answer.
        FgbgError: a machine of the cluster cannot do the tasks.
    """
    if name == "local":
        yield LOCAL
        return
    # Imported here: few need it.
    from generator.ray_runner import ray_runner

    with ray_runner(address, out, inputs, libraries) as runner:
        yield runner
