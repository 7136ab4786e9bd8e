"""Tasks on a Ray cluster of this machine alone; benchmarks/ray_cluster.py kills one of two nodes."""

import importlib.util
import math
import operator
import os
import pickle
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import ray
from onnx import TensorProto, helper

import generator.export.blocks
import generator.export.journal
import generator.format.journal
from generator.config import GenerateConfig
from generator.errors import ConfigError, RemoteError, WorkerError
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.files import hash_file
from generator.pipeline import generate
from generator.places import Url
from generator.ray_runner import Needs, RayRunner, _require_answer, ray_runner, visit
from generator.remote.folder import RemoteFolder
from generator.runner import open_runner

if TYPE_CHECKING:
    import s3fs

QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}


@pytest.fixture(scope="module")
def other_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the machines of the cluster."""
    return tmp_path_factory.mktemp("other-cache")


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, other_cache: Path, s3_variables: dict[str, str]
) -> Iterator[RayRunner]:
    """A cluster of this machine alone, with two CPUs. `generate` uses the connection, too."""
    own = s3_variables | {"RAY_AUTH_MODE": "disabled", "FGBG_CACHE": str(other_cache)}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in own.items():
            environment.setenv(name, value)
        ray.init("local", num_cpus=2, object_store_memory=80_000_000, include_dashboard=False, **QUIET)
    try:
        with ray_runner(None, tmp_path_factory.mktemp("shared"), [], ["numpy"]) as runner:
            yield runner
    finally:
        ray.shutdown()


@pytest.fixture
def runner(cluster: RayRunner, tmp_path: Path) -> Iterator[RayRunner]:
    with ray_runner(None, tmp_path, [], ["numpy"]) as runner:
        yield runner


def test_tasks_are_done_once_and_errors_come_through(runner: RayRunner) -> None:
    assert runner.slots == 2
    assert sorted(runner.run(operator.neg, range(30), 2)) == list(range(-29, 1))
    assert list(runner.run(operator.neg, [], 2)) == []
    for threads in (2, 9):
        assert runner.with_threads(threads).slots == 1
        assert sorted(runner.with_threads(threads).run(operator.neg, [1, 2], 1)) == [-2, -1]
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        list(runner.run(math.sqrt, [4, 9, -1, 16], 1))


def test_a_machine_with_something_else_is_named(
    runner: RayRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    monkeypatch.setattr("generator.ray_runner.__version__", "9.9")
    with pytest.raises(WorkerError, match=r"the Ray machine \S+: expected fgbg 9\.9, found \d.*; install"):
        RayRunner(ray, Needs.here(mark, [], [])).check_machines()
    monkeypatch.undo()
    with pytest.raises(WorkerError, match=r"the Ray machine \S+ does not see nowhere\. Put it on a disk"):
        list(RayRunner(ray, Needs.here(mark, [Path("nowhere")], [])).run(operator.neg, [1], 2))
    monkeypatch.setattr("generator.files._SECONDS_TO_SEE", 0)
    with pytest.raises(WorkerError, match=r"does not see the files of nowhere\. Use an `out` on a disk that"):
        Needs.here(Path("nowhere/mark"), [], []).enter()


def test_a_machine_that_dies_while_it_is_visited_gets_no_tasks(
    runner: RayRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (node,) = runner._nodes()
    dead = node | {"NodeID": "a" * len(node["NodeID"])}
    monkeypatch.setattr(runner, "_nodes", iter([[node, dead], [node]]).__next__)
    runner.check_machines()
    monkeypatch.setattr(runner, "_nodes", lambda: [node, dead])
    with pytest.raises(WorkerError, match=r"the Ray machine \S+ \(\S+\) ended a task without an answer"):
        runner.check_machines()


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


def test_the_dataset_has_the_same_bytes_with_depth_of_backgrounds_and_composites(
    cluster: RayRunner,
    request_fields: dict[str, Any],
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # relative paths mean the same elsewhere
    fields = request_fields | {
        "depth": f"onnx:{network.name}",
        "depth_convention": "inverse",
        "depth_per": "composite",
        "samples": 60,
        "shard_samples": 20,
    }
    for name in ("local", "ray"):
        generate(GenerateConfig(**fields, depth_cache=tmp_path / f"cache-{name}", out=name, runner=name))
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert not list((tmp_path / "ray").glob(".fgbg-*"))
    assert any((tmp_path / "cache-ray").rglob("*.map"))


@pytest.mark.parametrize("format_name", ["coco", "webdataset"])
def test_an_export_has_the_same_bytes_and_continues(
    cluster: RayRunner, crowded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_name: str
) -> None:
    monkeypatch.setattr(generator.export.blocks, "_MOST_SAMPLES", 6)
    monkeypatch.setattr(generator.export.blocks, "ARCHIVE_SAMPLES", 24)
    fields = {"data": crowded, "format": format_name}
    local = ExportConfig(**fields, out=tmp_path / "local", workers=1)
    export_dataset(local, progress=False)
    config = ExportConfig(**fields, out=tmp_path / "ray", runner="ray")
    with monkeypatch.context() as stopping:
        stop_after(stopping, generator.export.journal.Journal, 5)
        with pytest.raises(KeyboardInterrupt):
            export_dataset(ExportConfig(**fields, out=config.out, workers=1), progress=False)
    assert 0 < export_dataset(config, progress=False).written < 60
    assert files_of(config.out) == files_of(local.out)
    assert sorted(path.name for path in (config.out / ".export").iterdir()) == ["journal.jsonl", "lock"]


def stop_after(monkeypatch: pytest.MonkeyPatch, journal: type, lines: int) -> None:
    """Stop the work as Ctrl-C does, after this number of lines of its journal."""
    append, left = journal.append, [lines]

    def stopping(self: Any, line: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        append(self, line)

    monkeypatch.setattr(journal, "append", stopping)


def files_of(folder: Path) -> dict[str, bytes]:
    """Of an export, without its own folder."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if name.parts[0] != ".export"}


def test_a_url_gets_the_same_bytes_from_machines_with_another_cache(
    cluster: RayRunner,
    other_cache: Path,
    bucket: "s3fs.S3FileSystem",
    request_fields: dict[str, Any],
    crowded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = {"objects": (1, 3), "overlap": 1, "truncate": 0.3, "empty": 0.1, "shadow": 0.7, "samples": 60}
    fields = {**request_fields, **several, "shard_samples": 10}
    generate(GenerateConfig(**fields, out=tmp_path / "local"), progress=False)
    config = GenerateConfig(**fields, out="s3://bucket/data", runner="ray")
    with monkeypatch.context() as stopping:
        stop_after(stopping, generator.format.journal.Journal, 2)
        with pytest.raises(KeyboardInterrupt):
            generate(config.model_copy(update={"runner": "local", "workers": 1}), progress=False)
    assert generate(config, progress=False).written == 40
    bucket.invalidate_cache()
    stored = {Path(name).name: bucket.cat_file(name) for name in bucket.find("bucket/data")}
    expected = {path.name: path.read_bytes() for path in (tmp_path / "local").glob("[!.]*")}
    for files in (stored, expected):
        files["journal.jsonl"] = b"".join(sorted(files["journal.jsonl"].splitlines()))
    assert stored == expected
    for cache in (other_cache, tmp_path / "cache"):
        assert [path.name for path in (cache / "outputs").rglob("*") if path.is_file()] in ([], [".lock"])

    exports = {"format": "folder", "samples": 12}
    export_dataset(ExportConfig(data=tmp_path / "local", out=tmp_path / "from-local", **exports))
    export_dataset(
        ExportConfig(data="s3://bucket/data", out=tmp_path / "from-s3", **exports, runner="ray"),
        progress=False,
    )
    assert files_of(tmp_path / "from-s3") == files_of(tmp_path / "from-local")
    assert any((other_cache / "datasets").glob("*/train-00000.h5"))


def test_a_machine_that_cannot_use_the_url_is_named(bucket: "s3fs.S3FileSystem", tmp_path: Path) -> None:
    with pytest.raises(
        RemoteError, match=r"s3://bukcet/data on the Ray machine \S+ is in bukcet, which does"
    ):
        Needs.here(Url("s3://bukcet/data"), [], []).enter()
    expected = r"the Ray machine \S+ does not see s3://bucket/data/dataset\.json\. Put it on"
    with pytest.raises(WorkerError, match=expected):
        Needs.here(Url("s3://bucket/data"), [Url("s3://bucket/data/dataset.json")], []).enter()
    job = pickle.dumps(RemoteFolder(Url("s3://bukcet/data")).require_writable)
    good, error = visit(asdict(Needs.here(tmp_path, [], [])), job)
    assert not good and re.match(r"s3://bukcet/data on the Ray machine \S+ is in bukcet", str(error))


def test_tasks_end_when_nobody_wants_more(runner: RayRunner) -> None:
    for _ in range(2):
        began = time.monotonic()
        with closing(runner.run(time.sleep, [0, 60, 60, 60], 2)) as results:
            next(results)
        assert time.monotonic() - began < 10
    assert list(runner.run(operator.neg, [1], 2)) == [-1], "the machine is free again"


def test_a_task_whose_process_dies_again_and_again_is_an_error(
    runner: RayRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_do", runner._do.options(max_retries=1))
    with pytest.raises(WorkerError, match=r"a Ray machine ended a task without an answer .*continues"):
        list(runner.run(os._exit, [3], 2))


def test_a_cluster_that_answers_is_no_error(cluster: RayRunner) -> None:
    _require_answer(ray.get_runtime_context().gcs_address)


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
