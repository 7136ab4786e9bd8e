"""Datasets from strangers, with hashes that match their changes: an error of one line, never a traceback."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.files import hash_file
from generator.format.identity import dataset_id
from generator.format.journal import Journal
from generator.format.manifest import read_manifest
from generator.reading.dataset import open_dataset
from generator.reading.verify import verify_dataset

SHARD = "train-00000.h5"


@pytest.fixture
def folder(crowded: Path, tmp_path: Path) -> Path:
    """A small dataset to change."""
    return shutil.copytree(crowded, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))


def agree(folder: Path) -> None:
    """Write the current sizes and hashes of the files, and the dataset's id, into the manifest."""
    path = folder / "dataset.json"
    manifest = json.loads(path.read_bytes())
    for entry in [manifest["bank"], *(s for split in manifest["splits"].values() for s in split["shards"])]:
        file = folder / entry["file"]
        entry["bytes"], entry["blake3"] = file.stat().st_size, hash_file(file)
    hashes = {kind: {one["name"]: one["hash"] for one in manifest["assets"][kind]} for kind in ("fg", "bg")}
    depths = {one["name"]: one["depth_hash"] for one in manifest["assets"]["bg"] if "depth_hash" in one}
    manifest["id"] = dataset_id(manifest["config"], hashes, depths)
    path.write_text(json.dumps(manifest))


def put(folder: Path, file: str, name: str, value: Any, field: str | None = None) -> None:
    """Change the first row of a table or array, or replace all of it; then update the manifest."""
    with h5py.File(folder / file, "r+") as opened:
        if field is None:
            del opened[name]
            if value is not None:
                opened[name] = value
        else:
            rows = opened[name][...]
            rows[field][0] = value
            opened[name][...] = rows
    agree(folder)


@pytest.mark.parametrize(
    ("name", "field", "value", "complaint"),
    [
        ("samples", "first", 2**32 - 1, "first . count: expected at most"),
        ("samples", "count", 17, "count: expected at most 16, found 17"),
        ("samples", "bg", 12, "bg: expected numbers below 12"),
        ("samples", "sample_id", 2**63, "sample_id: expected at most"),
        ("placements", "sprite", 2**32 - 1, "sprite: expected numbers below"),
        ("placements", "kind", 2, "kind: expected at most 1, found 2"),
        ("placements", "flip", 2, "flip: expected at most 1, found 2"),
    ],
)
def test_tables_name_only_what_is_there(
    folder: Path, name: str, field: str, value: int, complaint: str
) -> None:
    put(folder, SHARD, name, value, field)
    with pytest.raises(DatasetError, match=complaint):
        open_dataset(folder)


def test_an_object_is_no_shadow(folder: Path) -> None:
    bank = open_dataset(folder).bank
    with h5py.File(folder / SHARD, "r+") as file:
        rows = file["placements"][...]
        rows["sprite"][np.flatnonzero(rows["kind"] == 0)[0]] = bank.objects
        file["placements"][...] = rows
    agree(folder)
    with pytest.raises(DatasetError, match="sprite of an object: expected numbers below"):
        open_dataset(folder)


def test_objects_far_away_are_not_seen(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        rows = file["placements"][...]
        for corner in (-(2**15), 2**15 - 1):
            rows["x"][0] = rows["y"][0] = corner
            file["placements"][...] = rows
    agree(folder)
    split = open_dataset(folder)["train"]
    split.read(np.arange(len(split)))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("header", None, "header: expected .* found no such array"),
        ("sprite_size", np.zeros((3, 2), "<u2"), "sprite_size: expected"),
        ("bg", np.zeros((0, 24, 32, 3), np.uint8), "bg"),
        ("bg", np.zeros((11, 24, 32, 3), np.uint8), "bg"),
        ("bg", 7.5, "bg"),
        ("bg", h5py.Empty("f4"), "bg: expected a plain contiguous array"),
    ],
)
def test_a_bank_is_what_the_format_says(folder: Path, name: str, value: Any, complaint: str) -> None:
    put(folder, "bank.h5", name, value)
    with pytest.raises(DatasetError, match=complaint):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("sprite_size", 0, "sprite_size: expected 1 to"),
        ("sprite_size", 2**16 - 1, "sprite_size: expected 1 to"),
        ("sprite_fg", 2**32 - 1, "sprite_fg: expected objects first, then shadows"),
        ("sprite_fg", 12, "expected sprites of 12 foregrounds, found one of number 12"),
    ],
)
def test_sprites_lie_within_their_padding(folder: Path, name: str, value: int, complaint: str) -> None:
    with h5py.File(folder / "bank.h5", "r+") as file:
        file[name][0] = value
    agree(folder)
    with pytest.raises(DatasetError, match=complaint):
        open_dataset(folder)


def set_objects(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["config"].update(objects=value)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (set_objects([1]), "config: objects must be two numbers from 1 to 8"),
        (set_objects([1, True]), "config"),
        (set_objects([0, 300]), "config"),
        (set_objects(None), "config"),
        (lambda manifest: manifest["splits"].pop("val"), "splits: val is missing"),
        (lambda manifest: manifest["splits"]["val"].update(samples=1), "splits.val: its shards hold"),
        (lambda manifest: manifest["splits"]["val"]["shards"].append(manifest["bank"]), "splits.val"),
        (
            lambda manifest: manifest["splits"].update(val=manifest["splits"]["train"]),
            "train-00000.h5 is listed 2 times",
        ),
        (lambda manifest: manifest["bank"].update(bytes=-1), "bank.bytes"),
        (lambda manifest: manifest["bank"].update(bytes="7"), "bank.bytes"),
        (lambda manifest: manifest["bank"].update(blake3="7"), "bank.blake3"),
        (lambda manifest: manifest.update(size=[32, 24, 3]), "size"),
        (lambda manifest: manifest.update(size=[32, 10**9]), "size"),
        (lambda manifest: manifest.update(size=[32, True]), "size"),
        (lambda manifest: manifest["assets"].update(fg=[]), "assets: fg must be pictures"),
        (lambda manifest: manifest["assets"].pop("bg"), "assets"),
        (lambda manifest: manifest["assets"]["bg"].append(manifest["assets"]["bg"][0]), "assets"),
        (lambda manifest: manifest["assets"]["bg"][0].update(split="all"), "assets.bg.0.split"),
        (lambda manifest: manifest.update(more=1), "more"),
        (lambda manifest: manifest["statistics"].update(samples=float("nan")), "statistics"),
    ],
)
def test_a_manifest_is_what_the_format_says(
    folder: Path, change: Callable[[dict[str, Any]], None], place: str
) -> None:
    path = folder / "dataset.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=rf"expected a dataset of format version 1 or 2, found {place}"):
        read_manifest(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"id": ' + "9" * 5000 + "}", "null", '"\\ud800"'])
def test_json_beyond_reason_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    (tmp_path / ".verified.json").write_text(text)
    with pytest.raises(DatasetError, match="expected a dataset of format version 1 or 2"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, "7", '{"bank.h5": 7}', "\x00"])
def test_a_memory_beyond_reason_is_ignored(folder: Path, text: str) -> None:
    (folder / ".verified.json").write_text(text)
    open_dataset(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes as POSIX has them")
@pytest.mark.parametrize("name", ["bank.h5", SHARD, ".verified.json", "journal.jsonl", "dataset.json"])
def test_a_named_pipe_keeps_no_reader_waiting(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    if name in (".verified.json", "journal.jsonl"):  # readers do not need these files
        open_dataset(folder)
        verify_dataset(folder)
    else:
        with pytest.raises(DatasetError, match=rf"{name}: expected .*pipe"):
            open_dataset(folder)
    with pytest.raises(DatasetError) if name == "journal.jsonl" else contextlib.nullcontext():
        Journal.read(folder)


def test_what_is_remembered_is_written_nowhere_else(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    for name in (".verified.json", "..verified.json.tmp"):
        (folder / name).symlink_to(mine)
    assert verify_dataset(folder) == []
    assert mine.read_text() == "mine" and not (folder / ".verified.json").is_symlink()
