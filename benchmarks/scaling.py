"""What grows with the number of samples, pictures and shards: time, memory and disk, one table.

    python benchmarks/scaling.py [--most 30_000_000] [--only WORD]

Times are CPU seconds of one core, so another program on the machine does not change them much. Memory is the
highest that a fresh process takes, less that of one that does nothing. Pictures, manifests and shards are
made up, so no part needs more than a few hundred MB of disk.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

HASH = "0123456789abcdef" * 4


def order(count: int) -> str:
    """The permutation of the samples of a split."""
    from generator.scene.numbering import SplitPlan

    plan = SplitPlan("train", np.arange(1), np.arange(1), 1, count)
    assert len(plan.order(0, count)) == count
    return "all numbers"


def few_of_many(count: int) -> str:
    """Some of ten million million samples."""
    from generator.scene.numbering import SplitPlan

    plan = SplitPlan("train", np.arange(500_000), np.arange(500_000), 2, 20)
    assert len(plan.order(0, count)) == count
    return f"of {len(plan):,}"


def plan(assets: int) -> str:
    """The plan of 100,000 samples of many pictures, in 98 shards, as it travels to the workers."""
    import pickle

    from generator.config import GenerateConfig
    from generator.plan import ShardTask
    from generator.scene.numbering import SplitPlan

    config = GenerateConfig()
    split = SplitPlan("train", np.arange(assets), np.arange(assets), 1, 1)
    task = ShardTask("train-00000.h5", "train", np.arange(config.shard_samples))
    return f"{len(pickle.dumps(task)):,} bytes a task, {len(pickle.dumps(split)):,} for each worker"


def draw(assets: int) -> str:
    """Drawing and writing one shard without pixels, of many pictures."""
    from generator.scene.random_bits import sample_words

    sample_words(0, "train", np.arange(1024), 8)
    return "words of 1,024 samples"


def near_duplicates(assets: int) -> str:
    """Grouping random pictures, of which one in a hundred has a near-duplicate."""
    from generator.assets.duplicates import group_near_duplicates

    words = np.random.default_rng(0).integers(0, 2**64, (assets, 2), np.uint64)
    words[: assets // 100] = words[-(assets // 100) :] ^ np.uint64(1)
    return f"{len(set(group_near_duplicates([(int(a), int(b)) for a, b in words]))):,} groups"


def splits(assets: int) -> str:
    from generator.splits import assign_splits

    words = np.random.default_rng(0).integers(0, 2**64, assets, np.uint64)
    return f"{assign_splits(range(assets), (80, 10, 10), words, 'pictures').count('val'):,} in val"


def manifest(assets: int) -> str:
    """Reading `dataset.json`, with half of the pictures of each kind."""
    from generator.format.manifest import read_manifest

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "dataset.json"
        path.write_bytes(_manifest(assets, 0))
        size = path.stat().st_size
        began = time.process_time()
        read_manifest(Path(place))
        return f"{size / assets:.0f} bytes a picture, read in {time.process_time() - began:.1f} s"


def journal(shards: int) -> str:
    from generator.format.journal import Journal, JournalHead, JournalLine
    from generator.format.records import BankEntry, Sums

    sums = {
        name: Sums(sum=[0.123456789012345] * n, squares=[0.123456789012345] * n, count=9)
        for name, n in (("bg", 3), ("fg_bg", 3), ("mask", 1), ("depth", 1))
    }
    bank = BankEntry(file="bank.h5", bytes=1, blake3=HASH)
    head = JournalHead(id=HASH, bank=bank, shards={"train": shards})
    with tempfile.TemporaryDirectory() as place:
        Journal(Path(place) / "journal.jsonl").begin(
            head,
            (
                JournalLine(
                    file=f"train-{number:05d}.h5",
                    samples=1024,
                    bytes=1,
                    blake3=HASH,
                    statistics=sums,
                    statistics_samples=9,
                )
                for number in range(shards)
            ),
        )
        size = (Path(place) / "journal.jsonl").stat().st_size
        began = time.process_time()
        assert len(Journal.read(Path(place)).shards) == shards
        return f"{size / shards:.0f} bytes a shard, read in {time.process_time() - began:.1f} s"


def opening(shards: int) -> str:
    """Opening a dataset of small shards, and reading 1,000 samples of all."""
    from generator.reading.dataset import open_dataset

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = _dataset(folder)
        entry = json.loads((made / "dataset.json").read_bytes())
        first = entry["splits"]["train"]["shards"][0]
        files = [f"train-{number:05d}.h5" for number in range(shards)]
        for name in files[1:]:
            os.link(made / files[0], made / name)
        entry["splits"]["train"]["shards"] = [first | {"file": name} for name in files]
        entry["splits"]["train"]["samples"] = shards * first["samples"]
        (made / "dataset.json").write_text(json.dumps(entry))
        began = time.process_time()
        dataset = open_dataset(made, progress=False)
        opened = time.process_time() - began
        began = time.process_time()
        dataset["train"].read(np.random.default_rng(0).integers(0, len(dataset["train"]), 1000))
        open_files = len(list(Path("/proc/self/fd").iterdir()))
        maps = len(Path("/proc/self/maps").read_text().splitlines())
        read = time.process_time() - began
        return f"opened in {opened:.1f} s, read in {read:.2f} s, {open_files} files open, {maps:,} maps"


def listing(files: int) -> str:
    from generator.assets.listing import list_assets

    with tempfile.TemporaryDirectory() as place:
        for number in range(files):
            Path(place, f"{number:07d}.png").touch()
        began = time.process_time()
        assert len(list_assets(Path(place))) == files
        return f"{files / (time.process_time() - began):,.0f} files a second"


def hashing(megabytes: int) -> str:
    from generator.files import hash_file

    with tempfile.NamedTemporaryFile() as file:
        for _ in range(megabytes):
            file.write(os.urandom(2**20))
        file.flush()
        began = time.process_time()
        hash_file(Path(file.name), 1)
        return f"{megabytes / 1000 / (time.process_time() - began):.1f} GB a second"


def bank(pictures: int) -> str:
    """Decoding 200 JPEG photos and 200 cut-outs of 500 pixels; scaled to the number."""
    import cv2

    from generator.config import GenerateConfig
    from generator.pipeline import generate

    with tempfile.TemporaryDirectory() as place:
        folder, count = Path(place), 100
        noise = np.random.default_rng(0)
        for kind in ("fg", "bg"):
            (folder / kind).mkdir()
        for number in range(count):
            small = noise.integers(0, 256, (16, 16, 3), np.uint8)
            photo = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / "bg" / f"{number}.jpg"), photo)
            alpha = cv2.circle(np.zeros((480, 640), np.uint8), (320, 240), 150, 255, -1)
            cv2.imwrite(str(folder / "fg" / f"{number}.png"), np.dstack([photo, alpha]))
        began = time.process_time()
        fields = {"samples": 10, "workers": 1, "render": False, "positions": 1}
        generate(
            GenerateConfig(fg=folder / "fg", bg=folder / "bg", out=folder / "out", **fields), progress=False
        )
        seconds, size = time.process_time() - began, (folder / "out" / "bank.h5").stat().st_size
        a_pair = pictures / 2 / count
        return f"{2 * count / seconds:.0f} pictures a second; {size * a_pair / 1e9:,.1f} GB in the bank"


def unrendered(samples: int) -> str:
    """Shards without pixels, written by one worker; scaled to the number."""
    with tempfile.TemporaryDirectory() as place:
        began = time.process_time()
        made = _dataset(Path(place), positions=300)
        seconds = time.process_time() - began
        held = json.loads((made / "dataset.json").read_bytes())["splits"]["train"]
        each = sum(shard["bytes"] for shard in held["shards"]) / held["samples"]
        return f"{each:.0f} bytes, {held['samples'] / seconds:,.0f} a second; {each * samples / 1e9:,.1f} GB"


def _dataset(folder: Path, positions: int = 1) -> Path:
    from generator.config import GenerateConfig
    from generator.drawing.write import write_samples
    from generator.pipeline import generate

    drawn = write_samples(folder / "drawn", count=12, size=64, seed=0, progress=False)
    config = GenerateConfig(
        fg=drawn.fg,
        bg=drawn.bg,
        out=folder / "out",
        render=False,
        positions=positions,
        workers=1,
        size=(64, 64),
    )
    generate(config, progress=False)
    return folder / "out"


def _manifest(assets: int, shards: int) -> bytes:
    """A manifest as if generated of many pictures."""
    from generator.config import GenerateConfig
    from generator.format.identity import dataset_id

    half = assets // 2
    listed = {
        kind: [
            {"name": f"some_folder/{number:08d}.jpg", "hash": HASH, "split": "train", "depth": source}
            for number in range(half)
        ]
        for kind, source in (("fg", None), ("bg", "plane"))
    }
    config = GenerateConfig().identity()
    hashes = {kind: {asset["name"]: asset["hash"] for asset in listed[kind]} for kind in listed}
    moments = {
        name: {"mean": [0.5] * n, "std": [0.5] * n}
        for name, n in (("bg", 3), ("fg_bg", 3), ("mask", 1), ("depth", 1))
    }
    return json.dumps(
        {
            "format": "fgbg-dataset",
            "version": 1,
            "id": dataset_id(config, hashes, {}),
            "storage": "unrendered",
            "size": [192, 192],
            "config": config,
            "libraries": {},
            "assets": listed,
            "bank": {"file": "bank.h5", "bytes": 1, "blake3": HASH},
            "splits": {name: {"samples": 0, "shards": []} for name in ("train", "val", "test")},
            "mask": {"kind": "alpha"},
            "depth": {"sources": ["plane"], "pseudo": True},
            "statistics": {"samples": 1, "fields": moments},
        },
        indent=1,
    ).encode()


PARTS: list[tuple[str, Callable[[int], str], list[int]]] = [
    ("order of samples", order, [10**5, 10**6, 10**7, 3 * 10**7, 10**8, 10**9]),
    ("order of some of 1e13 samples", few_of_many, [10**6, 10**7]),
    ("a task of a shard, by pictures", plan, [10**3, 10**5, 10**6]),
    ("near-duplicates, by pictures", near_duplicates, [10**4, 10**5, 10**6]),
    ("splits, by pictures", splits, [10**4, 10**5, 10**6]),
    ("dataset.json, by pictures", manifest, [10**4, 10**5, 10**6]),
    ("journal, by shards", journal, [10**3, 10**4, 10**5]),
    ("opening, by shards", opening, [10**3, 10**4, 3 * 10**4, 10**5]),
    ("listing, by files", listing, [10**4, 10**5]),
    ("hashing, by MB", hashing, [500]),
    ("bank, by pictures", bank, [10**4, 10**6]),
    ("without pixels, by samples", unrendered, [10**9]),
]


def measure(name: str, size: int) -> None:
    """In a process of its own: print the row of one part."""
    (part,) = [part for label, part, _ in PARTS if label == name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    told = part(size)
    seconds = time.process_time() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{name:32s} {size:>13,} {seconds:8.1f} s {memory:9,.0f} MB  {told}", flush=True)


@click.command(help=__doc__)
@click.option("--most", default=3 * 10**7, help="Leave out larger numbers of samples.")
@click.option("--only", default="", help="Only parts whose name contains this.")
@click.option("--row", nargs=2, type=(str, int), help="Used by the script itself.")
def main(most: int, only: str, row: tuple[str, int] | None) -> None:
    if row:
        measure(*row)
        return
    print(f"{'part':32s} {'size':>13s} {'CPU':>10s} {'memory':>12s}")
    for name, _, sizes in PARTS:
        for size in sizes:
            if only in name and (name != "order of samples" or size <= most):
                command = [sys.executable, __file__, "--row", name, str(size)]
                done = subprocess.run(command, capture_output=True, text=True, timeout=900)
                error = done.stderr.strip().splitlines()[-1:]
                print(done.stdout.strip() or f"{name:32s} {size:>13,}  FAILED: {' '.join(error)}", flush=True)


if __name__ == "__main__":
    main()
