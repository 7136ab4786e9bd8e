"""`generate --runner ray` on a cluster of two nodes of this machine, one of which is killed or unfit.

    python benchmarks/ray_cluster.py [--samples 3000] [--only WORD]

Each node is a `ray start` of its own with one CPU. Every run must give the bytes of a run without Ray, or
end with the one line that is expected. The exit code is 1 if one does not. The node with a disk of its own
needs root.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
from checks import Checks

from generator.drawing.write import write_samples
from generator.files import hash_file

FGBG = [sys.executable, "-c", "from fgbg.cli import main; main()"]
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

    def __init__(self, *arguments: str, path: str = "", before: str = "") -> None:
        own = [f"--object-store-memory={STORE}", *arguments]
        environment = dict(os.environ)
        if path:
            environment["PYTHONPATH"] = f"{path}:{environment.get('PYTHONPATH', '')}"
        command = [*RAY, *own]
        if before:
            command = ["unshare", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh", *command]
        self._started = subprocess.Popen(
            command,
            env=environment,
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

    def add(self, path: str = "", before: str = "") -> Node:
        self.nodes.append(Node(f"--address={self.address}", path=path, before=before))
        return self.nodes[-1]


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    some = Cluster()
    try:
        yield some
    finally:
        for node in reversed(some.nodes):
            node.kill()


def hashes(out: Path) -> dict[str, str]:
    """Of all files that hold data; lines of the journal may have another order."""
    files = {path.name: hash_file(path) for path in sorted(out.glob("*.h5"))}
    lines = sorted((out / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    return files | {"journal": "\n".join(lines), "manifest": hash_file(out / "dataset.json")}


class Faults(Checks):
    """All faults: runs them one by one and prints their results."""

    def __init__(self, place: Path, samples: int, only: str) -> None:
        super().__init__(only)
        self._place = place
        drawn = write_samples(place / "drawn", count=40, size=192, seed=0, progress=False)
        scenes = ["--objects", "1-3", "--scale", "0.5-1", "--shadow", "0.5", "--shard-samples", "100"]
        self._command = [*FGBG, "generate", "--fg", str(drawn.fg), "--bg", str(drawn.bg), *scenes]
        self._command += ["--samples", str(samples), "--positions", "4"]
        self._local = self._hashes_of_a_local_run()

    def _hashes_of_a_local_run(self) -> dict[str, str]:
        self._run("local", "--workers", "2")
        return hashes(self._place / "local")

    def _begin(self, out: str, *more: str) -> "subprocess.Popen[str]":
        command = [*self._command, "--out", str(self._place / out), *more]
        # Not in the folder of the source: Ray lets the other nodes import from there.
        return subprocess.Popen(
            command, cwd=self._place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _run(self, out: str, *more: str) -> str:
        """Run to the end; the last line."""
        run = self._begin(out, *more)
        said = run.communicate(timeout=600)[0]
        assert run.returncode == 0, said
        return said.strip().splitlines()[-1]

    def _refused(self, out: str, words: str, *more: str) -> str:
        """Run to the one line of an error that has these words."""
        run = self._begin(out, *more)
        lines = run.communicate(timeout=600)[0].strip().splitlines()
        assert run.returncode in (1, 2) and words in lines[-1], "\n".join(lines)
        assert not any("Traceback" in line for line in lines), "\n".join(lines)
        return lines[-1].replace(str(self._place), "...")

    def _wait_for_half(self, out: str, run: "subprocess.Popen[str]", node: Node) -> None:
        shards = len(self._local) - 3
        while len(list((self._place / out).glob("*-*.h5"))) < shards // 2 or not node.is_working():
            assert run.poll() is None, f"it ended before: {run.communicate()[0]}"
            time.sleep(0.05)

    def nothing_happens(self) -> str:
        with cluster() as some:
            some.add()
            self._run("quiet", "--runner", "ray", "--ray-address", some.address)
        return self._compare("quiet")

    def a_node_dies(self) -> str:
        with cluster() as some:
            second = some.add()
            run = self._begin("killed", "--runner", "ray", "--ray-address", some.address)
            self._wait_for_half("killed", run, second)
            second.kill()
            began, said = time.monotonic(), run.communicate(timeout=600)[0]
            assert run.returncode == 0, said
            assert "raylet" not in said and "Traceback" not in said, said
        return f"{self._compare('killed')}; ended {time.monotonic() - began:.0f} s after the kill"

    def ctrl_c(self) -> str:
        with cluster() as some:
            second = some.add()
            run = self._begin("stopped", "--runner", "ray", "--ray-address", some.address)
            self._wait_for_half("stopped", run, second)
            run.send_signal(signal.SIGINT)
            began, said = time.monotonic(), run.communicate(timeout=60)[0]
            assert run.returncode == 130 and "stopped; finished shards are kept" in said, said
            stopped = time.monotonic() - began
            left = [path.name for path in (self._place / "stopped").glob(".fgbg-*")]
            assert not left, f"left behind: {left}"
            self._run("stopped", "--workers", "1")  # it goes on without the cluster
        return f"{self._compare('stopped')}; stopped within {stopped:.1f} s"

    def _compare(self, out: str) -> str:
        found = hashes(self._place / out)
        wrong = [name for name in self._local if found.get(name) != self._local[name]]
        assert not wrong and found.keys() == self._local.keys(), f"other bytes: {wrong}"
        shutil.rmtree(self._place / out)
        return f"the same bytes in {len(found)} files"

    def no_package(self) -> str:
        """The second node has no fgbg: a package of the same name stands before it and cannot be imported."""
        return self._other_package(
            "none", "raise ImportError(\"No module named 'generator'\")\n", "expected fgbg"
        )

    def other_version(self) -> str:
        import generator

        stub = self._place / "other"
        shutil.copytree(Path(generator.__file__).parent, stub / "generator")
        (stub / "generator" / "__init__.py").write_text('"""Another version."""\n\n__version__ = "0.0.9"\n')
        return self._with_second_node("other-version", "found 0.0.9", path=str(stub))

    def _other_package(self, name: str, content: str, words: str) -> str:
        stub = self._place / name
        (stub / "generator").mkdir(parents=True)
        (stub / "generator" / "__init__.py").write_text(content)
        return self._with_second_node(name, words, path=str(stub))

    def _with_second_node(self, out: str, words: str, path: str = "", before: str = "") -> str:
        with cluster() as some:
            some.add(path=path, before=before)
            return self._refused(out + "-out", words, "--runner", "ray", "--ray-address", some.address)

    def own_disk(self) -> str:
        if os.geteuid():
            return "skipped: it needs root"
        out = self._place / "own-disk-out"
        out.mkdir()
        return self._with_second_node("own-disk", "does not see", before=f"mount -t tmpfs none '{out}'")

    def nobody_answers(self) -> str:
        address = f"127.0.0.1:{free_port()}"
        return self._refused("closed", "expected an answer", "--runner", "ray", "--ray-address", address)

    def silence(self) -> str:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(5)
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            return self._refused("silent", "none within", "--runner", "ray", "--ray-address", address)


@click.command(help=__doc__)
@click.option("--samples", default=3000)
@click.option("--only", default="", help="Only faults whose name contains this.")
def main(samples: int, only: str) -> None:
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    with tempfile.TemporaryDirectory() as place:
        faults = Faults(Path(place), samples, only)
        faults.check("two nodes", faults.nothing_happens)
        faults.check("a node is killed half-way", faults.a_node_dies)
        faults.check("Ctrl-C half-way", faults.ctrl_c)
        faults.check("a node without fgbg", faults.no_package)
        faults.check("a node with another version", faults.other_version)
        faults.check("a node with a disk of its own", faults.own_disk)
        faults.check("an address that nobody listens at", faults.nobody_answers)
        faults.check("an address that never answers", faults.silence)
    sys.exit(1 if faults.failed else 0)


if __name__ == "__main__":
    main()
