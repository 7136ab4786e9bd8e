"""`--runner ray` on a cluster of two nodes of this machine, one of which is killed or unfit.

    python benchmarks/ray_cluster.py [--samples 3000] [--only WORD]

Each node is a `ray start` of its own with one CPU. Every run of `generate` and `export` must give the bytes
of a run without Ray, or end with the one line that is expected. The exit code is 1 if one does not. With S3
(moto), the second node has a home and a cache of its own. The node with a disk of its own needs root.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import s3fs
from checks import Checks
from ray_nodes import Node, cluster, free_port

from generator.drawing.write import write_samples
from generator.files import hash_file

FGBG = [sys.executable, "-c", "from fgbg.cli import main; main()"]
DATA = "bucket/data"
SILENT: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def before_path(folder: Path) -> dict[str, str]:
    """Variables of a node that imports from this folder first."""
    return {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"}


def hashes(out: Path) -> dict[str, str]:
    """Of all files that hold data; lines of the journal may have another order."""
    files = {path.name: hash_file(path) for path in sorted(out.glob("*.h5"))}
    lines = sorted((out / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    return files | {"journal": "\n".join(lines), "manifest": hash_file(out / "dataset.json")}


def hashes_of_export(out: Path) -> dict[str, str]:
    found = {path.relative_to(out): path for path in out.rglob("*") if path.is_file()}
    return {str(name): hash_file(path) for name, path in found.items() if name.parts[0] != ".export"}


def exported(out: Path) -> int:
    """How many lines the journal of an export has."""
    journal = out / ".export" / "journal.jsonl"
    return len(journal.read_bytes().splitlines()) if journal.exists() else 0


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """A server like S3; the variables by which programs use it."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], **SILENT)
    try:
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.1)
        keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}
        yield keys | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    finally:
        server.terminate()
        server.wait()


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
        where = out if "://" in out else str(self._place / out)
        return self._start([*self._command, "--out", where, *more])

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        # Not in the folder of the source: Ray lets the other nodes import from there.
        return subprocess.Popen(
            command, cwd=self._place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _run(self, out: str, *more: str) -> str:
        """Run to the end; the last line."""
        return self._end(self._begin(out, *more))

    def _end(self, run: "subprocess.Popen[str]") -> str:
        """Wait for its end; the last line."""
        said = run.communicate(timeout=600)[0]
        assert run.returncode == 0, said
        assert "raylet" not in said and "Traceback" not in said, said
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
        self._wait(lambda: len(list((self._place / out).glob("*-*.h5"))) >= shards // 2, run, node)

    def _wait(self, is_half: Callable[[], bool], run: "subprocess.Popen[str]", node: Node) -> None:
        while not is_half() or not node.is_working():
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
            began = time.monotonic()
            self._end(run)
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
        return self._with_second_node("other-version-out", "found 0.0.9", before_path(stub))

    def _other_package(self, name: str, content: str, words: str) -> str:
        stub = self._place / name
        (stub / "generator").mkdir(parents=True)
        (stub / "generator" / "__init__.py").write_text(content)
        return self._with_second_node(f"{name}-out", words, before_path(stub))

    def _with_second_node(
        self, out: str, words: str, environment: Mapping[str, str] | None = None, before: str = ""
    ) -> str:
        with cluster() as some:
            some.add(environment, before)
            return self._refused(out, words, "--runner", "ray", "--ray-address", some.address)

    def own_disk(self) -> str:
        if os.geteuid():
            return "skipped: it needs root"
        out = self._place / "own-disk-out"
        out.mkdir()
        return self._with_second_node("own-disk-out", "does not see", before=f"mount -t tmpfs none '{out}'")

    def export(self) -> str:
        """Loose files, and archives; the second node is killed, then the command, which is run again."""
        said = []
        for name in ("coco", "webdataset"):
            local, out = self._place / f"{name}-local", self._place / f"{name}-ray"
            command = [*FGBG, "export", str(self._place / "local"), "--format", name, "--out"]
            self._end(self._start([*command, str(local)]))
            lines = len((local / ".export" / "journal.jsonl").read_bytes().splitlines())
            with cluster() as some:
                second = some.add()
                ray = [*command, str(out), "--runner", "ray", "--ray-address", some.address]
                run = self._start(ray)
                self._wait(lambda path=out, some=lines // 4: exported(path) > some, run, second)
                second.kill()
                self._wait(lambda path=out, some=lines // 2: exported(path) > some, run, some.nodes[0])
                run.kill()
                run.wait()
                self._end(self._start(ray))
            expected = hashes_of_export(local)
            assert hashes_of_export(out) == expected, f"{name}: other bytes"
            said.append(f"{name}, {len(expected)} files")
        return f"the same bytes: {'; '.join(said)}"

    def s3_node_dies(self) -> str:
        """The second node has a home and a cache of its own, and dies half-way."""
        return self._with_s3(lambda run, second: second.kill())

    def s3_command_dies(self) -> str:
        """The command is killed half-way, its cache is lost, and it is run again."""
        return self._with_s3(lambda run, second: run.kill())

    def _with_s3(self, strike: Callable[["subprocess.Popen[str]", Node], None]) -> str:
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        files.mkdir("bucket")
        shards = len(self._local) - 3
        ray = [f"s3://{DATA}", "--runner", "ray", "--ray-address"]

        def is_half() -> bool:
            files.invalidate_cache()
            return len(files.glob(f"{DATA}/*-*.h5")) >= shards // 2

        with cluster() as some:
            second = some.add(self._own_home())
            run = self._begin(*ray, some.address)
            self._wait(is_half, run, second)
            strike(run, second)
            if run.wait():
                shutil.rmtree(self._place / "cache")
                self._end(self._begin(*ray, some.address))
            files.invalidate_cache()
            files.get(DATA, str(self._place / "from-s3"), recursive=True)
            left = [path.name for path in self._place.glob("*cache/**/*") if path.is_file()]
            assert set(left) <= {".lock"}, f"left behind: {left}"
            told = self._compare("from-s3")
            exports = [self._place / "s3-local", self._place / "s3-ray"]
            command = [*FGBG, "export", "--format", "yolo", "--samples", "500"]
            self._end(self._start([*command, str(self._place / "local"), "--out", str(exports[0])]))
            on_ray = ["--runner", "ray", "--ray-address", some.address]
            self._end(self._start([*command, f"s3://{DATA}", "--out", str(exports[1]), *on_ray]))
        assert hashes_of_export(exports[0]) == hashes_of_export(exports[1]), "other bytes in the export"
        files.rm("bucket", recursive=True)
        for folder in (*exports, self._place / "home"):
            shutil.rmtree(folder)
        return f"{told}, and an export of it"

    def _own_home(self) -> dict[str, str]:
        """Variables of a node that shares neither home nor cache with the others."""
        home = self._place / "home"
        home.mkdir()
        return {"HOME": str(home), "TMPDIR": str(home), "FGBG_CACHE": str(home / "cache")}

    def no_credentials(self) -> str:
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
        own = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
        return self._with_second_node("s3://bucket/closed", "on the Ray machine", own)

    def nobody_answers(self) -> str:
        address = f"127.0.0.1:{free_port()}"
        return self._refused("closed", "expected an answer", "--runner", "ray", "--ray-address", address)

    def silence(self) -> str:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(5)
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            return self._refused("silent", "found none", "--runner", "ray", "--ray-address", address)


@click.command(help=__doc__)
@click.option("--samples", default=3000)
@click.option("--only", default="", help="Only faults whose name contains this.")
def main(samples: int, only: str) -> None:
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    with tempfile.TemporaryDirectory() as place, s3_server() as variables:
        os.environ |= variables | {"FGBG_CACHE": f"{place}/cache"}
        faults = Faults(Path(place), samples, only)
        faults.check("two nodes", faults.nothing_happens)
        faults.check("a node is killed half-way", faults.a_node_dies)
        faults.check("Ctrl-C half-way", faults.ctrl_c)
        faults.check("export: a node and the command are killed", faults.export)
        faults.check("S3: a node is killed half-way", faults.s3_node_dies)
        faults.check("S3: the command is killed half-way", faults.s3_command_dies)
        faults.check("S3: a node without credentials", faults.no_credentials)
        faults.check("a node without fgbg", faults.no_package)
        faults.check("a node with another version", faults.other_version)
        faults.check("a node with a disk of its own", faults.own_disk)
        faults.check("an address that nobody listens at", faults.nobody_answers)
        faults.check("an address that never answers", faults.silence)
    sys.exit(1 if faults.failed else 0)


if __name__ == "__main__":
    main()
