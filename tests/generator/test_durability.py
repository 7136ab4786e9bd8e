"""Parallel work, kills, full disks and damage: the bytes stay the same, or an error names the file."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from generator.config import GenerateConfig
from generator.files import hash_file
from generator.format.journal import Journal
from generator.locks import LOCK_FILE
from generator.pipeline import generate

Fields = dict[str, Any]

SCENES = {
    "objects": (1, 3),
    "scale": (0.5, 1.0),
    "rotate": 20.0,
    "brightness": 0.2,
    "contrast": 0.2,
    "saturation": 0.3,
    "blend": "mixed",
    "variants": 2,
    "truncate": 0.3,
    "empty": 0.1,
    "shadow": 0.5,
    "harmonise": 0.5,
    "perspective": True,
    "shard_samples": 64,
    "fg_size": 15,
}

GENERATE = """
import sys
from generator.config import GenerateConfig
from generator.pipeline import generate
if __name__ == "__main__":
    generate(GenerateConfig.model_validate_json(sys.argv[1]))
"""


def hashes(folder: Path) -> dict[str, str]:
    names = [path.name for path in folder.iterdir() if path.suffix in (".h5", ".json")]
    return {name: hash_file(folder / name) for name in sorted(names)}


@pytest.mark.parametrize("render", [True, False])
def test_any_number_of_workers_gives_the_same_bytes(
    request_fields: Fields, tmp_path: Path, render: bool
) -> None:
    fields = request_fields | SCENES | {"render": render}
    found = []
    for workers in (1, 2, 5):
        out = tmp_path / str(workers)
        generate(GenerateConfig(**fields, out=out, workers=workers))
        found.append(hashes(out))
    assert len(found[0]) > 6 and "bank.h5" in found[0]
    assert found[0] == found[1] == found[2]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as POSIX does")
def test_killed_at_any_instant_it_continues_to_the_same_bytes(request_fields: Fields, tmp_path: Path) -> None:
    fields = request_fields | SCENES | {"positions": 12, "shard_samples": 32}
    undisturbed = GenerateConfig(**fields, out=tmp_path / "undisturbed", workers=1)
    generate(undisturbed)
    config = undisturbed.model_copy(update={"out": tmp_path / "killed", "workers": 2})
    for delay in (0.0, 0.05, 0.1):
        _kill_when_under_way(config, delay)
    outcome = generate(config)
    assert outcome.written > 0
    assert hashes(config.out) == hashes(undisturbed.out)
    assert not [path for path in config.out.iterdir() if path.name.startswith(".") and path.name != LOCK_FILE]


@pytest.mark.skipif(sys.platform == "win32", reason="limits files as POSIX does")
@pytest.mark.parametrize("render", [True, False])
def test_a_full_disk_is_an_error_and_keeps_what_is_finished(
    request_fields: Fields, tmp_path: Path, render: bool
) -> None:
    fields = request_fields | {"render": render, "shard_samples": 100 if render else 2000, "positions": 20}
    config = GenerateConfig(**fields, out=tmp_path, workers=2)
    limited = f"import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n{GENERATE}".replace(
        "    generate(",
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n    generate(",
    )
    command = [sys.executable, "-c", limited, config.model_dump_json()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1, answer.stderr  # Python itself must not crash
    last = answer.stderr.strip().splitlines()[-1]
    assert "DiskSpaceError" in last and str(tmp_path) in last and "bytes" in last
    assert not list(tmp_path.glob(".*.tmp"))
    generate(config)
    generate(config.model_copy(update={"out": tmp_path / "whole", "workers": 1}))
    assert hashes(tmp_path) == hashes(tmp_path / "whole")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds workers in /proc")
def test_a_dead_worker_ends_the_run_and_nothing_is_lost(request_fields: Fields, tmp_path: Path) -> None:
    fields = request_fields | SCENES | {"positions": 40, "shard_samples": 32}
    config = GenerateConfig(**fields, out=tmp_path, workers=2)
    process = _begin(config, stderr=subprocess.PIPE)
    for _ in range(1000):
        if _finished_shards(config) or process.poll() is not None:
            break
        time.sleep(0.05)
    began = time.monotonic()
    servers = [child for child in _children(process.pid) if _children(child)]
    os.kill(_children(servers[0])[0], signal.SIGKILL)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and time.monotonic() - began < 10
    assert b"WorkerError: a worker process ended without an answer" in said
    assert not (tmp_path / "dataset.json").exists() and _finished_shards(config) > 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill_when_under_way(config: GenerateConfig, delay: float) -> None:
    """Start `generate` in another process and kill it `delay` seconds after its first line in the journal."""
    before = _finished_shards(config)
    process = _begin(config)
    while _finished_shards(config) <= before and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    process.kill()
    process.wait()


def _begin(config: GenerateConfig, stderr: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", GENERATE, config.model_dump_json()], stderr=stderr)


def _finished_shards(config: GenerateConfig) -> int:
    return len(Journal.read(config.out).shards)
