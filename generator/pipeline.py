"""`generate`: assets to bank to shards to manifest, resumable at every shard."""

import contextlib
import importlib.metadata
import math
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from generator import __version__
from generator.bank import BANK_FILE, Bank
from generator.bank_builder import NetworkDepth, bank_bytes, build_bank, count_sprites
from generator.config import NOT_IDENTITY, SPLITS, GenerateConfig, SplitName
from generator.depth_cache import DepthCache
from generator.depth_networks import DepthNetwork, is_network, open_network
from generator.errors import ConfigError, DatasetError, DiskSpaceError
from generator.files import hash_file, write_atomically
from generator.listing import list_pictures
from generator.locks import hold_folder
from generator.manifest import (
    JOURNAL_FILE,
    MANIFEST_FILE,
    VERIFIED_FILE,
    BankEntry,
    DepthEntry,
    Journal,
    JournalLine,
    Manifest,
    MaskEntry,
    ShardEntry,
    SplitEntry,
    Statistics,
    Sums,
)
from generator.pixels import pixel_bytes
from generator.plan import (
    AssetKind,
    Header,
    Request,
    assets_by_name,
    estimate_bytes,
    format_bytes,
    make_header,
    plan_shards,
)
from generator.progress import Progress
from generator.shard_writer import ShardTask, ShardWriter
from generator.workers import cores, run_tasks

# Statistics come from at least this many samples (or all), spread evenly over the shards.
_STATISTICS_SAMPLES = 512

# A process takes half a second to start: that much work, in bytes of pixels, is worth one. Decoding an asset,
# and drawing a sample that is not rendered, take as long as so many bytes.
_BYTES_PER_WORKER = 256 * 2**20
_BYTES_PER_ASSET = 4 * 2**20
_BYTES_UNRENDERED = 2500

_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "h5py", "imagehash", "albumentations", "blake3")


@dataclass(frozen=True)
class Outcome:
    """What `generate` did.

    Attributes:
        manifest: of the finished dataset.
        written: samples written by this call (0: the dataset was complete).
        seconds: that writing them took, without the bank.
        bytes: of the whole dataset.
    """

    manifest: Manifest
    written: int
    seconds: float
    bytes: int


def generate(
    config: GenerateConfig, overwrite: bool = False, say: Callable[[str], None] = lambda line: None
) -> Outcome:
    """Make the dataset `config` asks for, or continue it, or find it complete.

    With several workers new processes import the script that called: it must begin its own work behind
    `if __name__ == "__main__":`, as `multiprocessing` asks.

    Args:
        config: what to make.
        overwrite: replace a dataset that is there; only files that belong to it are removed.
        say: gets a line that estimates the bank before it is built.

    Raises:
        AssetError: a folder or picture cannot be used.
        ConfigError: the folder holds a dataset of another config, or another process writes there.
        DiskSpaceError: it would not fit.
    """
    fgs, bgs = list_pictures(config.fg), list_pictures(config.bg)
    hashes: dict[AssetKind, dict[str, str]] = {
        "fg": {path.relative_to(config.fg).as_posix(): hash_file(path) for path in fgs},
        "bg": {path.relative_to(config.bg).as_posix(): hash_file(path) for path in bgs},
    }
    with hold_folder(config.out, "fgbg generate"):
        return _generate(config, fgs, bgs, hashes, overwrite, say)


def _generate(
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    hashes: dict[AssetKind, dict[str, str]],
    overwrite: bool,
    say: Callable[[str], None],
) -> Outcome:
    network = open_network(config.depth) if is_network(config.depth) else None
    identity = config.identity() | ({"depth": network.id} if network else {})
    request = Request(identity, hashes)
    found = None if overwrite else _found_request(config.out)
    if found is not None and (difference := found.difference(request)):
        raise ConfigError(
            config.out,
            f"the dataset there to have {difference.wanted}",
            difference.found,
            "use another --out, or --overwrite to replace it",
        )
    if found is not None and (config.out / MANIFEST_FILE).exists():
        return Outcome(Manifest.read(config.out), 0, 0.0, _bytes_of(config.out))

    _check_disk(config, len(fgs), len(bgs))
    bank_path = config.out / BANK_FILE
    if found is None:
        sprites, size = count_sprites(config, len(fgs)), bank_bytes(config, len(fgs), len(bgs))
        say(f"bank: {sprites:,} sprites, {len(bgs):,} backgrounds, about {format_bytes(size)} in memory")
        with Progress("reading pictures", len(fgs) + len(bgs), "pictures") as progress:
            build_bank(
                bank_path,
                config,
                fgs,
                bgs,
                _workers(config, (len(fgs) + len(bgs)) * _BYTES_PER_ASSET),
                _network_depth(config, network, list(hashes["bg"].values())),
                make_header=lambda decoded: make_header(config, request, decoded).model_dump(mode="json"),
                advance=progress.advance,
                before_replacing=lambda: _clear(config.out),
            )
    bank = Bank.open(bank_path)
    tasks = plan_shards(config, Header.model_validate(bank.header))
    journal = Journal(config.out / JOURNAL_FILE)
    finished = {
        file: line
        for file, line in journal.read().items()
        if (config.out / file).is_file() and (config.out / file).stat().st_size == line.bytes
    }
    journal.replace(finished.values())

    began = time.monotonic()
    statistics_samples = math.ceil(_STATISTICS_SAMPLES / len(tasks))
    todo = [task for task in tasks if task.file not in finished]
    missing, total = (sum(len(task.sample_ids) for task in some) for some in (todo, tasks))
    workers = _workers(config, missing * _bytes_to_make(config))
    writer = ShardWriter(
        config,
        statistics_samples,
        threads=1 if workers > 1 else blake3.AUTO,
        network=network if config.depth_per == "composite" else None,
    )
    with (
        Progress("generating", total, "samples") as progress,
        closing(run_tasks(writer, todo, workers)) as lines,
    ):
        progress.resume_at(total - missing)
        for line in lines:
            finished[line.file] = line
            journal.append(line)
            progress.advance(line.samples)
    manifest = _manifest(config, bank, tasks, finished)
    write_atomically(config.out / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode() + b"\n")
    return Outcome(manifest, missing, time.monotonic() - began, _bytes_of(config.out))


def _network_depth(
    config: GenerateConfig, network: DepthNetwork | None, hashes: list[str]
) -> NetworkDepth | None:
    if network is None:
        return None
    cache = DepthCache(config.depth_cache) if config.depth_cache else DepthCache()
    return NetworkDepth(network, cache, config.depth_convention, hashes)


def _workers(config: GenerateConfig, work: int) -> int:
    """How many processes to work with, on so many bytes."""
    if config.workers != "auto":
        return config.workers
    if config.depth_per == "composite":
        return 1
    # A worker that renders keeps two cores busy: it writes and hashes in threads of its own.
    useful = cores() // 2 if config.render else cores()
    return max(1, min(useful, work // _BYTES_PER_WORKER))


def _bytes_to_make(config: GenerateConfig) -> int:
    """What a sample costs, as bytes of pixels."""
    return pixel_bytes(config.size, config.has_instances) if config.render else _BYTES_UNRENDERED


def _found_request(folder: Path) -> Request | None:
    """The request that the dataset in `folder` was, or is being, made for; None when there is none."""
    if (folder / MANIFEST_FILE).exists():
        manifest = Manifest.read(folder)
        config = {name: value for name, value in manifest.config.items() if name not in NOT_IDENTITY}
        return Request(config, {kind: assets_by_name(manifest.assets[kind]) for kind in ("fg", "bg")})
    if (folder / BANK_FILE).exists():
        return Header.model_validate(Bank.open(folder / BANK_FILE).header).request()
    return None


def _clear(folder: Path) -> None:
    """Remove an earlier dataset's files, the manifest first: without it the rest counts as unfinished."""
    names = [MANIFEST_FILE, VERIFIED_FILE]
    with contextlib.suppress(DatasetError):
        manifest = Manifest.read(folder)
        names += [shard.file for split in manifest.splits.values() for shard in split.shards]
    names += Journal(folder / JOURNAL_FILE).read()
    for name in [*names, JOURNAL_FILE]:
        (folder / name).unlink(missing_ok=True)


def _check_disk(config: GenerateConfig, fgs: int, bgs: int) -> None:
    """Compare what is still to be written with what is free, before the first byte."""
    needed = estimate_bytes(config, fgs, bgs)
    present = _bytes_of(config.out)
    free = shutil.disk_usage(config.out).free
    if needed - present > free:
        advice = "lower --samples, --positions or --size" + (
            ", or use --no-render, which needs about 40 bytes a sample" if config.render else ""
        )
        raise DiskSpaceError(
            config.out, f"{format_bytes(needed - present)} of free disk", format_bytes(free), advice
        )


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.h5"))


def _manifest(
    config: GenerateConfig, bank: Bank, tasks: list[ShardTask], finished: dict[str, JournalLine]
) -> Manifest:
    header = Header.model_validate(bank.header)
    splits: dict[SplitName, SplitEntry] = {}
    for name in SPLITS:
        lines = [finished[task.file] for task in tasks if task.split.name == name]
        shards = [ShardEntry(**line.model_dump(include=set(ShardEntry.model_fields))) for line in lines]
        splits[name] = SplitEntry(samples=sum(line.samples for line in lines), shards=shards)
    train = [finished[task.file] for task in tasks if task.split.name == "train"]
    sums: dict[str, Sums] = {}
    for line in train:
        sums = {name: sums[name] + part if sums else part for name, part in line.statistics.items()}
    path = config.out / BANK_FILE
    sources = sorted({asset.depth for asset in header.assets["bg"] if asset.depth is not None})
    return Manifest(
        id=header.id,
        storage="rendered" if config.render else "unrendered",
        size=config.size,
        config=config.model_dump(mode="json", exclude={"out", "workers", "depth_cache"}) | header.config,
        libraries={"fgbg": __version__} | {name: importlib.metadata.version(name) for name in _LIBRARIES},
        assets=header.assets,
        bank=BankEntry(file=BANK_FILE, bytes=path.stat().st_size, blake3=hash_file(path)),
        splits=splits,
        mask=MaskEntry(),
        depth=DepthEntry(sources=sources, pseudo="plane" in sources),
        statistics=Statistics(
            samples=sum(line.statistics_samples for line in train),
            fields={name: part.moments() for name, part in sums.items()},
        ),
    )
