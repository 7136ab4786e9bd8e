"""Workers, kills, damage and the memory of an unfinished import: the bytes stay the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from generator.files import hash_file
from generator.format.journal import Journal
from generator.importing import look
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled

IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[2])
import tiny_labels
sys.modules["generator.label_formats.tiny"] = tiny_labels
from generator.label_formats.formats import FORMATS
FORMATS["tiny"] = "for tests"
from generator.importing import make_shard
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled
fill = make_shard.LabelledShardMaker.fill
def slow(self, item, pixels, row):
    time.sleep(0.05)
    fill(self, item, pixels, row)
make_shard.LabelledShardMaker.fill = slow
if __name__ == "__main__":
    import_labelled(ImportConfig.model_validate_json(sys.argv[1]))
"""


def hashes(folder: Path) -> dict[str, str]:
    found = [path.name for path in folder.iterdir() if path.suffix in (".h5", ".json", ".csv")]
    return {name: hash_file(folder / name) for name in sorted(found)}


def test_any_number_of_workers_gives_the_same_bytes(source: Path, fields: dict[str, Any]) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))
    (source / "p03.png").write_bytes(b"nothing")
    found = []
    for workers in (1, 2, 7):
        out = fields["out"].with_name(str(workers))
        import_labelled(ImportConfig(**fields | {"out": out, "workers": workers}), progress=False)
        found.append(hashes(out))
    assert found[0] == found[1] == found[2] and len(found[0]) == 8  # 4 + 2 shards, manifest, problems


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")
def test_a_killed_import_goes_on_with_the_same_bytes(
    source: Path, fields: dict[str, Any], tmp_path: Path
) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))
    config = ImportConfig(**fields)
    import_labelled(ImportConfig(**fields | {"out": tmp_path / "whole"}), progress=False)
    arguments = [sys.executable, "-c", IMPORT, config.model_dump_json(), str(Path(__file__).parent)]
    process = subprocess.Popen(arguments, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    deadline = time.monotonic() + 120
    while not Journal.read(config.out).shards and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (config.out / "dataset.json").exists()
    kept = Journal.read(config.out).shards
    outcome = import_labelled(config, progress=False)
    assert 0 < outcome.written < 23 and kept
    assert hashes(config.out) == hashes(tmp_path / "whole")
    assert not [
        path for path in config.out.iterdir() if path.suffix == ".tmp" or path.name == ".looked.jsonl"
    ]


def stop_before_shards(config: ImportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at all pictures, and stop before the first shard."""
    with monkeypatch.context() as patched:
        patched.setattr("generator.importing.pipeline.plan_shards", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            import_labelled(config, progress=False)


def test_pictures_that_were_looked_at_are_remembered(
    source: Path, config: ImportConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "_CHUNK", 8)
    stop_before_shards(config, monkeypatch)
    looked: list[str] = []
    hash_of = look.picture_hash
    monkeypatch.setattr(look, "picture_hash", lambda path: looked.append(path.stem) or hash_of(path))
    path = source / "p09.png"
    cv2.imwrite(str(path), cv2.imread(str(path))[:, ::-1])
    import_labelled(config, progress=False)
    assert looked == [f"p{number:02d}" for number in range(8, 16)]


def test_a_torn_memory_is_no_problem(config: ImportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_shards(config, monkeypatch)
    path = config.out / ".looked.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert import_labelled(config, progress=False).written == 24


def unfinish(config: ImportConfig) -> None:
    (config.out / "dataset.json").unlink()


def test_a_damaged_shard_is_made_again(config: ImportConfig) -> None:
    import_labelled(config, progress=False)
    before = hashes(config.out)
    unfinish(config)
    path = config.out / "train-00001.h5"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    said: list[str] = []
    assert import_labelled(config, say=said.append, progress=False).written == 5
    assert f"{path}: damaged since it was written; it is made again" in said
    assert hashes(config.out) == before


def test_a_shard_of_a_changed_picture_is_made_again(source: Path, config: ImportConfig) -> None:
    import_labelled(config, progress=False)
    unfinish(config)
    cv2.imwrite(str(source / "p05.mask.png"), np.ones((30, 40), np.uint8))
    said: list[str] = []
    assert import_labelled(config, say=said.append, progress=False).written in (3, 4, 5)
    assert [line for line in said if line.endswith(": p05 changed since; it is made again")]
