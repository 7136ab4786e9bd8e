"""Nodes of a Ray cluster on this machine, each a `ray start` of its own with one CPU."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

RAY = [
    sys.executable,
    "-m",
    "ray.scripts.scripts",
    "start",
    "--block",
    "--num-cpus=1",
    "--disable-usage-stats",
]
STORE = 100 * 2**20


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """A process and all that it started, and they started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = [pid]
    for one in found:
        found += [child for child, parent in parents if parent == one]
    return found


class Node:
    """A node of the cluster, as on a machine of its own."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, before: str = ""
    ) -> None:
        own = [f"--object-store-memory={STORE}", *arguments]
        command = [*RAY, *own]
        if before:
            command = ["unshare", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh", *command]
        self._started = subprocess.Popen(
            command,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._started.stdout is not None
        for line in self._started.stdout:
            if "--block" in line or "runtime started" in line:
                break

    def is_working(self) -> bool:
        """Whether one of its processes does a task of fgbg."""
        pids = ",".join(map(str, family(self._started.pid)))
        listed = subprocess.run(["ps", "-o", "args=", "-p", pids], capture_output=True, text=True)
        return "ray::fgbg" in listed.stdout

    def kill(self) -> None:
        """End all of its processes at once, as a power cut does."""
        for pid in family(self._started.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._started.wait()


class Cluster:
    """The first node, and more that are started with it."""

    def __init__(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.nodes = [Node("--head", f"--port={self.address.split(':')[1]}", "--include-dashboard=false")]

    def add(self, environment: Mapping[str, str] | None = None, before: str = "") -> Node:
        """Start another node, with these variables changed, after these commands of a shell."""
        self.nodes.append(Node(f"--address={self.address}", environment=environment, before=before))
        return self.nodes[-1]


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    some = Cluster()
    try:
        yield some
    finally:
        for node in reversed(some.nodes):
            node.kill()
