"""Datasets from strangers: damaged bytes, changed fields, changed HDF5; half of them with matching hashes."""

import contextlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuzzing.mutate import ODD_INTEGERS, mutate_bytes, mutate_text, mutate_tree
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import library, run
from generator.files import hash_file
from generator.format.assets import NOT_IDENTITY
from generator.format.identity import dataset_id, labelled_id
from generator.format.sealed_lines import seal_text
from generator.reading.dataset import open_dataset

_STORAGES = {"rendered": [], "unrendered": ["--no-render"], "crowded": ["--no-render", "--objects", "1-3"]}
_LABELLED = ("v2-classes", "v2-alpha")
_STORED = Path(__file__).parents[2] / "tests" / "stored"
_SHARD_OPTIONS = ("--size", "32", "--positions", "4", "--shard-samples", "4", "--split", "34/33/33")


def prepare(seeds: Path) -> None:
    """Write a small dataset of each storage, and copy those of format version 2."""
    for name in _STORAGES:
        assert run(*_generate(seeds, name), "--out", seeds / name) == "accepted"
    for name in _LABELLED:
        shutil.copytree(_STORED / name, seeds / name)


def _generate(seeds: Path, name: str) -> list[object]:
    assets = ("--fg", seeds / "assets" / "fg", "--bg", seeds / "assets" / "bg")
    return ["generate", *assets, *_SHARD_OPTIONS, *_STORAGES.get(name, []), "--workers", "1"]


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """Copy and mutate one of the datasets; return a command that reads or continues it."""
    name = rng.choice([*_STORAGES, *_LABELLED])
    folder = case / "data"
    shutil.copytree(seeds / name, folder, ignore=shutil.ignore_patterns(".*"))
    unfinished = rng.random() < 0.2
    for _ in range(rng.choice((1, 1, 2))):
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError, RuntimeError, AttributeError):
            rng.choice(_CHANGES)(rng, folder)
    if rng.random() < 0.6:
        _agree(folder)
    if unfinished and name in _STORAGES:
        _unfinish(rng, folder)
        return lambda: run(*_generate(seeds, name), "--out", folder)
    return _reader(rng, seeds, name, case, folder)


def _reader(rng: random.Random, seeds: Path, name: str, case: Path, folder: Path) -> Callable[[], str]:
    network = ("--checkpoint", seeds / "run" / "best.pt", "--subset", rng.choice(("train", "val")))
    small = ("--widths", "2,4", "--res", "8", "--epoch-samples", "4", "--val-samples", "2", "--epochs", "1")
    readers: list[tuple[int, Callable[[], str]]] = [
        (6, lambda: library(lambda: _read(folder))),
        (2, lambda: run("verify", folder)),
        (1, lambda: run("verify", "--quick", folder)),
        (3, lambda: run("preview", folder, "--out", case / "sheet.png")),
        (3, lambda: run("stats", folder, "--out", case / "stats")),
        (2, lambda: run(*_generate(seeds, name), "--out", folder)),
        (1, lambda: run("compare", seeds / "run", "--data", folder, "--out", case / "compared")),
        (
            1,
            lambda: run("evaluate", "--data", folder, *network, "--samples", "2", "--out", case / "measured"),
        ),
        (1, lambda: run("train", "--data", folder, "--out", case / "run", *small, "--device", "cpu")),
    ]
    for kind in ("folder", "coco", "webdataset"):
        export = ("export", folder, "--format", kind, "--workers", "1", "--out", case / "exported")
        readers.append((1, lambda export=export: run(*export)))  # type: ignore[misc]
    return rng.choices([reader for _, reader in readers], [weight for weight, _ in readers])[0]


def _read(folder: Path) -> None:
    dataset = open_dataset(folder)
    for subset in ("train", "val", "test"):
        split = dataset[subset]
        split.read(range(min(len(split), 3)))


def _some_file(rng: random.Random, folder: Path, pattern: str = "*") -> Path:
    """A regular file of the folder, no link: an earlier mutation may have put links there."""
    return rng.choice([path for path in sorted(folder.glob(pattern)) if _is_plain(path)])


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _damage(rng: random.Random, folder: Path) -> None:
    path = _some_file(rng, folder)
    path.write_bytes(mutate_bytes(rng, path.read_bytes(), _some_file(rng, folder).read_bytes()))


def _change_manifest(rng: random.Random, folder: Path) -> None:
    path = _some_file(rng, folder, rng.choice(("dataset.json", "dataset.json", "journal.jsonl")))
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    at = rng.randrange(len(lines))
    lines[at] = (
        mutate_text(rng, lines[at])
        if rng.random() < 0.2
        else json.dumps(mutate_tree(rng, json.loads(lines[at])))
    )
    path.write_text("\n".join(lines) + "\n", errors="surrogatepass")


def _change_header(rng: random.Random, folder: Path) -> None:
    """Change the JSON in the bank."""
    with h5py.File(_some_file(rng, folder, "bank.h5"), "r+") as file:
        header = json.loads(file["header"][...].tobytes())
        told = json.dumps(mutate_tree(rng, header)).encode()
        del file["header"]
        file["header"] = np.frombuffer(told, np.uint8)


def _change_numbers(rng: random.Random, folder: Path) -> None:
    """Change numbers in a table or array; the structure stays."""
    with h5py.File(_some_file(rng, folder, "*.h5"), "r+") as file:
        array = file[rng.choice(list(file))]
        values = array[...]
        fields = values.dtype.names
        column = values[rng.choice(fields)] if fields else values
        flat = column.reshape(-1) if column.flags.contiguous else column
        for _ in range(rng.choice((1, 1, 5))):
            limit = np.iinfo(column.dtype).max
            flat[rng.randrange(len(flat))] = rng.choice(
                [n for n in ODD_INTEGERS if n <= limit] + [int(limit)]
            )
        array[...] = values


def _change_structure(rng: random.Random, folder: Path) -> None:
    """Change shapes, types, storage and links."""
    with h5py.File(_some_file(rng, folder, "*.h5"), "r+") as file:
        name = rng.choice(list(file))
        values = file[name][...]
        del file[name]
        what = rng.randrange(12)
        if what == 0:
            file[name] = values[: len(values) // 2]
        elif what == 1:
            file[name] = values[..., None]
        elif what == 2:
            file[name] = values.view("u1") if values.dtype.names else values.astype("<f4")
        elif what == 3:
            file.create_dataset(name, data=values, chunks=True)
        elif what == 4:
            file.create_dataset(name, data=values, chunks=True, compression="gzip", shuffle=True)
        elif what == 5:
            file[name] = h5py.ExternalLink("../outside/keep.h5", "/x")
        elif what == 6:
            file[name] = h5py.SoftLink(rng.choice((f"/{name}", "/nothing", "/header")))
        elif what == 7:
            file.create_group(name)
        elif what == 8:
            file.create_dataset(name, shape=(2**40, 2**20), dtype="u1", chunks=(1, 1))
        elif what == 9:
            file[name] = np.array(["a", "b"], dtype=h5py.string_dtype())
        elif what == 10:
            outside = [("../outside/keep.h5", 0, values.nbytes)]
            file.create_dataset(name, shape=values.shape, dtype=values.dtype, external=outside)
        else:
            file[rng.choice(("more", "a/b", "é"))] = values


def _replace_file(rng: random.Random, folder: Path) -> None:
    path = _some_file(rng, folder)
    what = rng.randrange(4)
    if what == 0:
        path.unlink()
    elif what == 1:
        shutil.copy(_some_file(rng, folder), path, follow_symlinks=False)
    elif what == 2:
        put_odd_file(rng, path)
    else:
        put_odd_file(rng, folder / rng.choice((".verified.json", ".lock", "train-00002.h5", "journal.jsonl")))


def _change_verified(rng: random.Random, folder: Path) -> None:
    path = folder / ".verified.json"
    with contextlib.suppress(Exception):
        open_dataset(folder)
    if path.exists() and not _is_plain(path):
        return
    text = path.read_text() if path.exists() else '{"bank.h5": [1, 2, "x"]}'
    changed = mutate_text(rng, text) if rng.random() < 0.3 else json.dumps(mutate_tree(rng, json.loads(text)))
    path.write_text(changed, errors="surrogatepass")


_CHANGES: tuple[Callable[[random.Random, Path], None], ...] = (
    _damage,
    _damage,
    _change_manifest,
    _change_manifest,
    _change_header,
    _change_numbers,
    _change_numbers,
    _change_structure,
    _change_structure,
    _replace_file,
    _change_verified,
)


def _agree(folder: Path) -> None:
    """Write the current sizes and hashes of the files into manifest and journal; update their own hashes."""
    with contextlib.suppress(Exception):
        path = folder / "dataset.json"
        if not _is_plain(path):
            return
        manifest = json.loads(path.read_text())
        shards = [shard for split in manifest["splits"].values() for shard in split["shards"]]
        for entry in [*([manifest["bank"]] if "bank" in manifest else []), *shards]:
            _measure(folder, entry)
        if manifest["version"] == 2:
            manifest["id"] = labelled_id(manifest["config"], manifest["source"]["blake3"])
            path.write_text(json.dumps(manifest))
            return
        hashes = {
            kind: {one["name"]: one["hash"] for one in manifest["assets"][kind]} for kind in ("fg", "bg")
        }
        depths = {one["name"]: one["depth_hash"] for one in manifest["assets"]["bg"] if "depth_hash" in one}
        config = {name: value for name, value in manifest["config"].items() if name not in NOT_IDENTITY}
        manifest["id"] = dataset_id(config, hashes, depths)
        path.write_text(json.dumps(manifest))
    with contextlib.suppress(Exception):
        path = folder / "journal.jsonl"
        if not _is_plain(path):
            return
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            _measure(folder, line.get("bank", line))
            line.pop("line", None)
        path.write_bytes(b"".join(seal_text(json.dumps(line).encode()) for line in lines))


def _measure(folder: Path, entry: dict[str, Any]) -> None:
    with contextlib.suppress(Exception):
        path = folder / str(entry["file"])
        if _is_plain(path):
            entry["bytes"], entry["blake3"] = path.stat().st_size, hash_file(path)


def _unfinish(rng: random.Random, folder: Path) -> None:
    """Leave the folder as after a killed `generate`: no manifest, and perhaps not the last shards."""
    (folder / "dataset.json").unlink(missing_ok=True)
    for path in sorted(folder.glob("*-0000?.h5"))[rng.randrange(1, 9) :]:
        if path.is_file() or path.is_symlink():
            path.unlink()
