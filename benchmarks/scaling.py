"""What grows with the number of samples, pictures and shards: time, memory and disk, one table.

    python benchmarks/scaling.py [--seconds 20] [--memory 6] [--only WORD]

Each part is measured at growing sizes, until the next one would probably take longer than `--seconds` or more
than `--memory`. A process that is much slower than expected is ended, and the row says so.

Times are CPU seconds of one core, so another program on the machine does not change them much. Memory is the
highest that a fresh process takes, less that of one that does nothing. "grows" is the exponent k of
time = size^k between two rows: 1 is linear, 2 quadratic; small sizes take mostly the time of imports.
Pictures, manifests and shards are made up, and no part needs more than 3 GB of disk.
"""

import json
import math
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
from made_up_data import HASH, drawn_config, made_manifest, write_dataset, write_many_shards, write_pictures


def order(count: int) -> str:
    """The order of all samples of a split."""
    from generator.scene.numbering import SplitPlan

    plan = SplitPlan("train", np.arange(1), np.arange(1), 1, count)
    return f"{plan.order(0, count).nbytes / count:.0f} bytes a sample are kept"


def order_of_few(possible: int) -> str:
    """The order of 100,000 samples of many possible ones."""
    from generator.scene.numbering import SplitPlan

    plan = SplitPlan("train", np.arange(1), np.arange(1), 1, possible)
    return f"{len(plan.order(0, 10**5)):,} samples"


def huge_split(count: int) -> str:
    """Calculating the numbers of samples of a split of ten million million, shard by shard."""
    from generator.scene.numbering import SplitPlan

    plan = SplitPlan("train", np.arange(500_000), np.arange(500_000), 2, 20)
    for start in range(0, count, 2**20):
        plan.numbers_at(0, range(start, min(count, start + 2**20)))
    return f"of {len(plan):,}"


def planning(samples: int) -> str:
    """Planning shards of 1,024 samples of a million pictures."""
    import pickle

    from generator.config import GenerateConfig
    from generator.plan import plan_shards
    from generator.scene.numbering import SplitPlan

    split = SplitPlan("train", np.arange(500_000), np.arange(500_000), 2, 1)
    tasks = plan_shards(GenerateConfig(samples=samples), {"train": split})
    each, once = len(pickle.dumps(tasks[0])), len(pickle.dumps(split))
    return f"{len(tasks):,} shards; {each:,} bytes a task, {once / 1e6:,.0f} MB for each worker"


def drawing(sprites: int) -> str:
    """Drawing 1,024 samples of a bank of many sprites, with shadows and truncation."""
    from generator.bank_layout import fg_of_sprites, reserve_rows, write_rows
    from generator.config import GenerateConfig
    from generator.format.bank import Bank
    from generator.format.hdf5 import add_dataset, new_file
    from generator.scene.draw import draw
    from generator.scene.numbering import SplitPlan

    config = GenerateConfig(size=(32, 32), shadow=0.5, truncate=0.3)
    with tempfile.TemporaryDirectory() as place:
        path, fg_of = Path(place) / "bank.h5", fg_of_sprites(config, sprites)
        offsets = reserve_rows(path, config, sprites, 10)
        side = config.sprite_side
        for start in range(0, len(fg_of), 2**14):
            rows = min(2**14, len(fg_of) - start)
            write_rows(path, offsets["sprite_pixels"], start, np.full((rows, side, side, 4), 255, np.uint8))
        write_rows(path, offsets["bg_depth"], 0, np.ones((10, 32, 32), np.uint16))
        with new_file(path, paged=True, append=True) as file:
            add_dataset(file, "sprite_size", (len(fg_of), 2), np.dtype("<u2"))[...] = side
            add_dataset(file, "sprite_fg", fg_of.shape, np.dtype("<u4"))[...] = fg_of
            add_dataset(file, "header", (2,), np.dtype("u1"))[...] = 32
        plan = SplitPlan("train", np.arange(sprites), np.arange(10), 1, 1)
        began = time.process_time()
        bank = Bank.open(path)
        draw(plan, bank, config, np.linspace(0, len(plan) - 1, 1024).astype(np.int64))
        return f"opened and drawn in {time.process_time() - began:.2f} s"


def training_order(samples: int) -> str:
    """The first 20,000 samples of training, as one epoch takes them."""
    from training.batches.batches import shuffled

    return f"{len(shuffled(0, samples, 0, 20_000)):,} samples"


def near_duplicates(assets: int) -> str:
    """Grouping random pictures, of which one in a hundred has a near-duplicate."""
    from generator.assets.duplicates import group_near_duplicates

    words = np.random.default_rng(0).integers(0, 2**64, (assets, 2), np.uint64)
    words[: assets // 100] = words[-(assets // 100) :] ^ np.uint64(1)
    return f"{len(set(group_near_duplicates([(int(a), int(b)) for a, b in words]))):,} groups"


def splits(assets: int) -> str:
    """Dividing pictures among the splits."""
    from generator.splits import assign_splits

    words = np.random.default_rng(0).integers(0, 2**64, assets, np.uint64)
    return f"{assign_splits(range(assets), (80, 10, 10), words, 'pictures').count('val'):,} in val"


def manifest(assets: int) -> str:
    """Reading and writing `dataset.json`, with half of the pictures of each kind."""
    from generator.format.manifest import parse_manifest

    content = made_manifest(assets)
    began = time.process_time()
    read = parse_manifest(content, Path("dataset.json"))
    between = time.process_time()
    written = len(read.model_dump_json(indent=1))
    seconds = f"read in {between - began:.1f} s, written in {time.process_time() - between:.1f} s"
    return f"{written / assets:.0f} bytes a picture, {seconds}"


def journal(shards: int) -> str:
    """Writing a journal at once, and reading it."""
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


def again(shards: int) -> str:
    """Looking through the folder of a finished dataset, as the same `generate` again does."""
    from generator.existing_dataset import Existing
    from generator.output import Output

    with tempfile.TemporaryDirectory() as place:
        made = write_many_shards(Path(place), shards)
        began = time.process_time()
        existing = Existing.look(Output(made), overwrite=False)
        existing.refuse_foreign()
        return f"{len(existing.files):,} files in {time.process_time() - began:.1f} s"


def opening(shards: int) -> str:
    """Opening a dataset of small shards without pixels, and reading 1,000 samples of all."""
    from generator.reading.dataset import open_dataset

    with tempfile.TemporaryDirectory() as place:
        made = write_many_shards(Path(place), shards)
        began = time.process_time()
        dataset = open_dataset(made, progress=False)
        opened = time.process_time() - began
        began = time.process_time()
        dataset["train"].read(np.random.default_rng(0).integers(0, len(dataset["train"]), 1000))
        read = time.process_time() - began
        open_files = len(list(Path("/proc/self/fd").iterdir()))
        return f"opened in {opened:.1f} s, read in {read:.2f} s, {open_files} files open"


def tables(samples: int) -> str:
    """Opening one large shard without pixels."""
    from generator.format.shards import write_shard
    from generator.format.tables import PLACEMENT, SAMPLE
    from generator.reading.dataset import open_dataset

    with tempfile.TemporaryDirectory() as place:
        made = write_dataset(Path(place))
        entry = json.loads((made / "dataset.json").read_bytes())
        table, placements = np.zeros(samples, SAMPLE), np.zeros(samples, PLACEMENT)
        table["count"], table["first"] = 1, np.arange(samples)
        written = write_shard(made / "train-00000.h5", table, placements, (64, 64), False, None, 1)
        del table, placements
        shard = {"file": "train-00000.h5", "samples": samples}
        shard |= {"bytes": written.bytes, "blake3": written.blake3}
        entry["splits"]["train"] = {"samples": samples, "shards": [shard]}
        (made / "dataset.json").write_text(json.dumps(entry))
        began = time.process_time()
        train = open_dataset(made, progress=False)["train"]
        kept = (train.samples.nbytes + train.placements.nbytes) / samples
        return f"opened in {time.process_time() - began:.1f} s, {kept:.0f} bytes of memory a sample are kept"


def listing(files: int) -> str:
    """Listing the pictures of a folder."""
    from generator.assets.listing import list_assets

    with tempfile.TemporaryDirectory() as place:
        for number in range(files):
            Path(place, f"{number:07d}.png").touch()
        began = time.process_time()
        assert len(list_assets(Path(place))) == files
        return f"{files / (time.process_time() - began):,.0f} files a second"


def hashing(files: int) -> str:
    """Hashing pictures of 100 kB."""
    from generator.files import hash_file

    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place, str(number)) for number in range(files)]
        content = bytearray(os.urandom(100_000))
        for number, path in enumerate(paths):
            content[:8] = number.to_bytes(8)
            path.write_bytes(content)
        began = time.process_time()
        for path in paths:
            hash_file(path)
        return f"{files / (time.process_time() - began):,.0f} files a second"


def bank(pictures: int) -> str:
    """Making the bank of JPEG photos and PNG cut-outs of 640 x 480, half of each kind."""
    from generator.config import GenerateConfig
    from generator.pipeline import generate

    with tempfile.TemporaryDirectory() as place:
        folder, count = Path(place), pictures // 2
        write_pictures(folder, count)
        began = time.process_time()
        fields = {"samples": 10, "workers": 1, "render": False, "positions": 1}
        generate(
            GenerateConfig(fg=folder / "fg", bg=folder / "bg", out=folder / "out", **fields), progress=False
        )
        seconds, size = time.process_time() - began, (folder / "out" / "bank.h5").stat().st_size
        return f"{pictures / seconds:.0f} a second, {size / pictures / 1000:.0f} kB each"


def unrendered(samples: int) -> str:
    """Shards without pixels, written by one worker."""
    from generator.pipeline import generate

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        config = drawn_config(folder, positions=10**7, samples=samples, shard_samples=2**16)
        began = time.process_time()
        made = generate(config, progress=False)
        seconds = time.process_time() - began
        bank = (folder / "out" / "bank.h5").stat().st_size
        return f"{(made.bytes - bank) / samples:.0f} bytes a sample, {samples / seconds:,.0f} a second"


PARTS: list[tuple[str, Callable[[int], str], list[int]]] = [
    ("order, by samples", order, [10**6, 10**7, 10**8, 2**28]),
    ("order of few, by possible samples", order_of_few, [10**6, 10**7, 10**8, 2**28]),
    ("numbers of 1e13, by samples", huge_split, [10**6, 10**7, 10**8, 10**9]),
    ("planning, by samples", planning, [10**6, 10**7, 10**8, 10**9]),
    ("training order, by samples", training_order, [10**6, 10**7, 10**8, 10**9]),
    ("near-duplicates, by pictures", near_duplicates, [10**4, 10**5, 10**6, 10**7]),
    ("splits, by pictures", splits, [10**4, 10**5, 10**6, 10**7]),
    ("dataset.json, by pictures", manifest, [10**4, 10**5, 10**6]),
    ("journal, by shards", journal, [10**3, 10**4, 10**5, 10**6]),
    ("generate again, by shards", again, [10**3, 10**4, 10**5, 10**6]),
    ("opening, by shards", opening, [10**3, 10**4, 10**5, 10**6]),
    ("tables in memory, by samples", tables, [10**5, 10**6, 10**7, 4 * 10**7]),
    ("drawing, by sprites", drawing, [10**3, 10**4, 10**5, 10**6]),
    ("listing, by files", listing, [10**4, 10**5, 10**6]),
    ("hashing, by files", hashing, [10**2, 10**3, 10**4]),
    ("bank, by pictures", bank, [200, 1000, 5000]),
    ("without pixels, by samples", unrendered, [10**5, 10**6, 10**7, 10**8]),
]


def measure(name: str, size: int) -> None:
    """In a process of its own: print the figures of one row."""
    (part,) = [part for label, part, _ in PARTS if label == name]
    before = _memory()
    began = time.process_time()
    told = part(size)
    print(json.dumps([time.process_time() - began, (_memory() - before) / 1e6, told]))


def _memory() -> int:
    """The highest memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _row(name: str, size: int, seconds: float, memory: float) -> tuple[float, float, str] | str:
    """The figures of one row, or why there are none."""
    command = [sys.executable, __file__, "--row", name, str(size)]
    limit = int(memory * 1e9)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=4 * seconds + 60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        )
    except subprocess.TimeoutExpired:
        return f"ended after {4 * seconds + 60:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    taken, most, told = json.loads(done.stdout.splitlines()[-1])
    return taken, most, told


@click.command(help=__doc__)
@click.option("--seconds", default=20.0, help="CPU seconds that a row may probably take.")
@click.option("--memory", default=6.0, help="GB that a row may take.")
@click.option("--only", default="", help="Only parts whose name contains this.")
@click.option("--row", nargs=2, type=(str, int), help="Used by the script itself.")
def main(seconds: float, memory: float, only: str, row: tuple[str, int] | None) -> None:
    if row:
        measure(*row)
        return
    print(f"{'part':34s} {'size':>13s} {'CPU':>9s} {'grows':>6s} {'memory':>11s}")
    for name, _, sizes in PARTS:
        if only not in name:
            continue
        rows: list[tuple[int, float, float]] = []
        for size, larger in zip(sizes, [*sizes[1:], None], strict=True):
            found = _row(name, size, seconds, memory)
            if isinstance(found, str):
                print(f"{name:34s} {size:>13,}  not measured: {found}", flush=True)
                break
            taken, most, told = found
            rows.append((size, taken, most))
            grows = f"{_exponent(*rows[-2:]):.1f}" if len(rows) > 1 else ""
            print(f"{name:34s} {size:>13,} {taken:7.1f} s {grows:>6s} {most:8,.0f} MB  {told}", flush=True)
            if larger and len(rows) > 1 and _exceeds(*rows[-2:], larger, seconds, memory * 1000):
                print(f"{name:34s} {larger:>13,}  left out: it would exceed the limits", flush=True)
                break


def _exponent(one: tuple[int, float, float], other: tuple[int, float, float]) -> float:
    """The exponent of the growth of time between two rows."""
    return math.log(max(other[1], 0.01) / max(one[1], 0.01)) / math.log(other[0] / one[0])


def _exceeds(
    one: tuple[int, float, float], other: tuple[int, float, float], size: int, *limits: float
) -> bool:
    """Whether time or memory would exceed its limit at a larger size, on a line through two rows."""
    far = (size - one[0]) / (other[0] - one[0])
    return any(one[n] + (other[n] - one[n]) * far > limit for n, limit in enumerate(limits, 1))


if __name__ == "__main__":
    main()
