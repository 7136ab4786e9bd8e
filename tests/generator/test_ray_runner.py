"""Tasks on a Ray cluster of this machine alone; benchmarks/ray_cluster.py kills one of two nodes."""

import importlib.util
import math
import operator
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray
from onnx import TensorProto, helper

from generator.config import GenerateConfig
from generator.errors import ConfigError, WorkerError
from generator.files import hash_file
from generator.pipeline import generate
from generator.ray_runner import Place, RayRunner, ray_runner
from generator.runner import open_runner

START = [
    *("--block", "--num-cpus=2", "--object-store-memory=80000000", "--node-ip-address=127.0.0.1"),
    *("--include-dashboard=false", "--disable-usage-stats"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayRunner]:
    """A cluster of this machine alone, with two CPUs. `generate` uses the connection, too."""
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port = some.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", f"--port={port}", *START]
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}
    head = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with ray_runner(waited_for(port), tmp_path_factory.mktemp("shared"), [], ["numpy"]) as runner:
            yield runner
    finally:
        head.terminate()  # it ends its processes
        head.wait(60)


def waited_for(port: int) -> str:
    """The address of the cluster, which will listen at the port."""
    end = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end, "Ray does not start"
            time.sleep(0.1)
        else:
            return f"127.0.0.1:{port}"


@pytest.fixture
def runner(cluster: RayRunner, tmp_path: Path) -> Iterator[RayRunner]:
    with ray_runner(None, tmp_path, [], ["numpy"]) as runner:
        yield runner


def test_tasks_are_done_once_and_errors_come_through(runner: RayRunner) -> None:
    assert runner.slots == 2
    assert sorted(runner.run(operator.neg, range(30), 2)) == list(range(-29, 1))
    assert list(runner.run(operator.neg, [], 2)) == []
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        list(runner.run(math.sqrt, [4, 9, -1, 16], 1))


def test_tasks_end_when_nobody_wants_more(runner: RayRunner) -> None:
    began = time.monotonic()
    with closing(runner.run(time.sleep, [0, 60, 60, 60], 2)) as results:
        next(results)
    assert time.monotonic() - began < 20
    assert list(runner.run(operator.neg, [1], 2)) == [-1], "the machine is free again"


def test_a_task_whose_process_dies_again_and_again_is_an_error(
    runner: RayRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_do", runner._do.options(max_retries=1))
    with pytest.raises(WorkerError, match=r"a Ray machine ended a task without an answer .*continues"):
        list(runner.run(os._exit, [3], 2))


def test_a_machine_with_something_else_is_named(
    runner: RayRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    monkeypatch.setattr("generator.ray_runner.__version__", "9.9")
    with pytest.raises(WorkerError, match=r"the Ray machine \S+: expected fgbg 9\.9, found \d.*; install"):
        RayRunner(ray, Place.here(mark, [], [])).check_machines()
    monkeypatch.undo()
    with pytest.raises(WorkerError, match=r"the Ray machine \S+ does not see nowhere\. Put it on a disk"):
        list(RayRunner(ray, Place.here(mark, [Path("nowhere")], [])).run(operator.neg, [1], 2))
    monkeypatch.setattr("generator.ray_runner._SECONDS_TO_SEE", 0)
    with pytest.raises(WorkerError, match=r"does not see the files of nowhere\. Use an `out` on a disk that"):
        Place.here(Path("nowhere/mark"), [], []).enter()


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """An ONNX depth network: brightness at each pixel."""
    shape = (1, 3, 16, 16)
    node = helper.make_node("ReduceMean", ["rgb"], ["depth"], axes=[1], keepdims=0)
    graph = helper.make_graph(
        [node],
        "brightness",
        [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, None)],
    )
    path = tmp_path / "brightness.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def contents(folder: Path) -> dict[str, Any]:
    lines = (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    files = {path.name: hash_file(path) for path in folder.glob("*.h5")}
    return files | {"manifest": hash_file(folder / "dataset.json"), "journal": sorted(lines)}


@pytest.mark.parametrize("depth_per", ["background", "composite"])
def test_the_dataset_has_the_same_bytes(
    cluster: RayRunner,
    request_fields: dict[str, Any],
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    depth_per: str,
) -> None:
    monkeypatch.chdir(tmp_path)  # relative paths mean the same elsewhere
    fields = request_fields | {
        "depth": f"onnx:{network.name}",
        "depth_convention": "inverse",
        "depth_per": depth_per,
        "samples": 60,
        "shard_samples": 20,
    }
    for name in ("local", "ray"):
        generate(GenerateConfig(**fields, depth_cache=tmp_path / f"cache-{name}", out=name, runner=name))
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert not list((tmp_path / "ray").glob(".fgbg-*"))
    assert any((tmp_path / "cache-ray").rglob("*.map"))


def test_an_address_without_a_cluster_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))  # nobody listens
        address = f"127.0.0.1:{port.getsockname()[1]}"
        for wrong in (address, "nonsense", "127.0.0.1:99999999"):
            expected = rf"`ray_address`: expected an answer of a Ray cluster at {wrong}, found .*; give the"
            with (
                pytest.raises(ConfigError, match=expected),
                open_runner("ray", wrong, tmp_path, [], []),
            ):
                pass
    assert not list(tmp_path.iterdir())


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match=r"`ray_address` has no effect on this machine alone\. Add `runner"):
        GenerateConfig(ray_address="10.0.0.1:6379")
    with pytest.raises(ConfigError, match="`ray_address`: expected HOST:PORT, found ray://10"):
        GenerateConfig(runner="ray", ray_address="ray://10.0.0.1:10001")


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(ConfigError, match=r"`runner=ray` needs ray, which .* pip install 'fgbg\[ray\]'"),
        open_runner("ray", None, tmp_path, [], []),
    ):
        pass
