"""`generate`: assets to bank to shards to manifest, resumable at every shard."""

import importlib.metadata
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from generator import __version__
from generator.assets.listing import list_assets
from generator.build_bank import (
    NetworkDepth,
    bank_bytes,
    build_bank,
    count_sprites,
    find_unusable,
    is_bank_of,
)
from generator.config import GenerateConfig
from generator.depth.cache import DepthCache
from generator.depth.choice import DepthChoice, choose_depth
from generator.errors import AssetError, ConfigError, DiskSpaceError, UnusableAssetsError, printable
from generator.estimate import Estimate, check_numbers
from generator.existing import Existing
from generator.files import hash_file, write_atomically
from generator.format.bank import BANK_FILE, Bank
from generator.format.journal import Journal, JournalHead
from generator.format.manifest import (
    MANIFEST_FILE,
    BankEntry,
    DepthEntry,
    Manifest,
    MaskEntry,
    ShardEntry,
    SplitEntry,
    Statistics,
    Sums,
)
from generator.format.pixels import pixel_bytes
from generator.locks import hold_folder
from generator.make_shard import ShardWriter
from generator.numerals import format_bytes
from generator.plan import Header, Request, ShardTask, make_header, plan_shards
from generator.progress import Progress
from generator.reading.verify import wrong_files, wrong_sizes
from generator.splits import SPLITS, SplitName
from generator.workers import cores, end_if_script_is_imported, run_tasks

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
    config: GenerateConfig,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda line: None,
    skip_bad: bool = False,
) -> Outcome:
    """Make the dataset `config` asks for, or continue it, or find it complete.

    With several workers or an ONNX network, new processes import the script that called: it must begin its
    own work after `if __name__ == "__main__":`, as `multiprocessing` asks.

    Args:
        config: what to make.
        overwrite: replace a dataset that is there; only files that belong to it are removed.
        say: gets lines for the user: what was passed over, how large the dataset will be and how long it
            will take, what was damaged and is made again, and each asset that is left out.
        skip_bad: leave out what cannot be used; the dataset is that of the others.

    Raises:
        UnusableAssetsError: pictures cannot be used, and not `skip_bad`, or none is left.
        AssetError: a folder or a network cannot be used.
        ConfigError: the folder holds a dataset of another config, or files that fgbg did not write, or
            another process writes there.
        DatasetError: the finished dataset there is damaged.
        DiskSpaceError: it would not fit.
    """
    end_if_script_is_imported()
    fgs, bgs = list_assets(config.fg, say), list_assets(config.bg, say)
    with hold_folder(config.out, "fgbg generate"):
        existing = Existing.look(config.out, overwrite)
        if existing.manifest is None or overwrite:
            existing.refuse_foreign()
        order = _Order.of(config, fgs, bgs)
        if skip_bad and not overwrite and (problems := _unusable_since(order, existing)):
            order = order.without(problems, config, say)
        if not overwrite and (difference := existing.difference(order.request)):
            raise ConfigError(
                config.out,
                f"the dataset there to have {difference.wanted}",
                difference.found,
                "use another --out, or --overwrite to replace it",
            )
        if existing.manifest is not None and not overwrite:
            return _complete(config.out, existing.manifest)
        check_numbers(config, len(fgs), len(bgs))
        estimate = Estimate.of(config, len(fgs), len(bgs))
        _check_disk(config, estimate, existing)
        say(estimate.describe(config, _workers(config, estimate.samples * _bytes_to_make(config))))
        while True:
            try:
                journal = _make_bank(order, existing, overwrite, say)
                return _make_shards(order, journal, say)
            except UnusableAssetsError as error:
                if not skip_bad:
                    raise
                order = order.without(error.problems, config, say)


@dataclass(frozen=True)
class _Order:
    """What is to be made, and of what.

    Attributes:
        config: of the dataset.
        fgs: cut-outs.
        bgs: backgrounds.
        depth: where their depth comes from.
        request: all that decides the dataset's bytes.
    """

    config: GenerateConfig
    fgs: Sequence[Path]
    bgs: Sequence[Path]
    depth: DepthChoice
    request: Request

    @classmethod
    def of(cls, config: GenerateConfig, fgs: Sequence[Path], bgs: Sequence[Path]) -> "_Order":
        """Hash the pictures, and the depth files where depth is read from them."""
        depth = choose_depth(config, bgs)
        config = config.model_copy(update={"depth_convention": depth.convention})
        identity = config.identity() | ({"depth": depth.network.id} if depth.network else {})
        bg_names = [path.relative_to(config.bg).as_posix() for path in bgs]
        request = Request(
            identity,
            {
                "fg": {path.relative_to(config.fg).as_posix(): hash_file(path) for path in fgs},
                "bg": dict(zip(bg_names, map(hash_file, bgs), strict=True)),
            },
            {name: hash_file(file) for name, file in zip(bg_names, depth.files, strict=True) if file},
        )
        return cls(config, fgs, bgs, depth, request)

    def without(
        self, problems: Mapping[Path, AssetError], config: GenerateConfig, say: Callable[[str], None]
    ) -> "_Order":
        """What `config` asks for, of the other pictures.

        Raises:
            UnusableAssetsError: no foreground or no background is left.
        """
        fgs, bgs = ([path for path in some if path not in problems] for some in (self.fgs, self.bgs))
        if not fgs or not bgs:
            raise UnusableAssetsError(problems)
        for problem in problems.values():
            say(f"left out: {problem}")
        return self.of(config, fgs, bgs)


def _unusable_since(order: _Order, existing: Existing) -> Mapping[Path, AssetError]:
    """What cannot be used among the pictures that the dataset there, if there is one, was made without."""
    known = existing.asset_names()
    if known is None:
        return {}
    config = order.config
    fgs = [path for path in order.fgs if path.relative_to(config.fg).as_posix() not in known["fg"]]
    bgs = {
        path: file
        for path, file in zip(order.bgs, order.depth.files, strict=True)
        if path.relative_to(config.bg).as_posix() not in known["bg"]
    }
    return find_unusable(config, fgs, bgs, with_depth=order.depth.network is None)


def _complete(folder: Path, manifest: Manifest) -> Outcome:
    """A dataset that was found finished.

    Raises:
        DatasetError: a file of it is missing or of another size.
    """
    for problem in wrong_sizes(folder, manifest.files()).values():
        raise problem
    return Outcome(manifest, 0, 0.0, _bytes_of(manifest))


def _make_bank(order: _Order, existing: Existing, overwrite: bool, say: Callable[[str], None]) -> Journal:
    """Build the bank, unless it is there and whole; the journal knows its hash before it has its name."""
    config, journal, head = order.config, existing.journal, existing.journal.head
    path = config.out / BANK_FILE
    if not overwrite and existing.files:
        if head is None:
            say(f"{config.out}: its journal has no hashes or is damaged; everything is made again")
        elif _is_whole(order, existing, head):
            return journal
        elif path.exists():
            say(printable(f"{path}: damaged since it was written; it is made again"))

    def begin_journal(temporary: Path) -> None:
        """Keep what stands, if this bank is the one that it was made from."""
        header = Header.of(Bank.open(temporary), temporary)
        entry = BankEntry(file=BANK_FILE, bytes=temporary.stat().st_size, blake3=hash_file(temporary))
        if not overwrite and head is not None and (head.id, head.bank) == (header.id, entry):
            return
        planned = Counter(task.split.name for task in plan_shards(config, header))
        counts = {split: max(count, planned[split]) for split, count in existing.shard_counts().items()}
        journal.begin(JournalHead(id=header.id, bank=entry, shards=counts))
        existing.clear()

    fgs, bgs = order.fgs, order.bgs
    sprites, size = count_sprites(config, len(fgs)), bank_bytes(config, len(fgs), len(bgs))
    say(f"bank: {sprites:,} sprites, {len(bgs):,} backgrounds, about {format_bytes(size)} in memory")
    for note in order.depth.notes:
        say(note)
    with Progress("reading pictures", len(fgs) + len(bgs), "pictures") as progress:
        build_bank(
            path,
            config,
            fgs,
            bgs,
            order.depth.files,
            _workers(config, (len(fgs) + len(bgs)) * _BYTES_PER_ASSET),
            _network_depth(order),
            make_header=lambda decoded: make_header(config, order.request, decoded).model_dump(mode="json"),
            advance=progress.advance,
            before_replacing=begin_journal,
        )
    return journal


def _is_whole(order: _Order, existing: Existing, head: JournalHead) -> bool:
    """Whether the bank there has the hash that the journal says, and is one of this request."""
    config = order.config
    if existing.header is None or existing.header.id != head.id or wrong_files(config.out, [head.bank]):
        return False
    return is_bank_of(Bank.open(config.out / BANK_FILE), config, len(order.fgs), len(order.bgs))


def _make_shards(order: _Order, journal: Journal, say: Callable[[str], None]) -> Outcome:
    """Write the shards that are not there, then the manifest."""
    config, path = order.config, order.config.out / BANK_FILE
    header = Header.of(Bank.open(path), path)
    tasks = plan_shards(config, header)
    finished = _finished(config.out, journal, tasks, say)
    began = time.monotonic()
    todo = [task for task in tasks if task.file not in finished]
    missing, total = (sum(len(task.sample_ids) for task in some) for some in (todo, tasks))
    workers = _workers(config, missing * _bytes_to_make(config))
    writer = ShardWriter(
        config,
        statistics_samples=math.ceil(_STATISTICS_SAMPLES / max(1, len(tasks))),
        threads=1 if workers > 1 else blake3.AUTO,
        network=order.depth.network if config.depth_per == "composite" else None,
    )
    with (
        Progress("generating", total, "samples") as progress,
        closing(run_tasks(writer, todo, workers)) as lines,
    ):
        progress.resume_at(total - missing)
        for line in lines:
            journal.append(line)
            progress.advance(line.samples)
    manifest = _manifest(config, header, tasks, journal)
    write_atomically(config.out / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode() + b"\n")
    return Outcome(manifest, missing, time.monotonic() - began, _bytes_of(manifest))


def _finished(
    folder: Path, journal: Journal, tasks: Sequence[ShardTask], say: Callable[[str], None]
) -> Collection[str]:
    """The shards that stand and are as they were written; the journal keeps no others."""
    lines = [
        line
        for task in tasks
        if (line := journal.shards.get(task.file)) and line.samples == len(task.sample_ids)
    ]
    if not lines:
        return []
    problems = wrong_files(folder, lines, "checking what is finished")
    for file in problems:
        say(printable(f"{folder / file}: damaged since it was written; it is made again"))
    assert journal.head is not None
    journal.begin(journal.head, (line for line in lines if line.file not in problems))
    return journal.shards.keys()


def _network_depth(order: _Order) -> NetworkDepth | None:
    if order.depth.network is None:
        return None
    cache = DepthCache(order.config.depth_cache) if order.config.depth_cache else DepthCache()
    hashes = list(order.request.hashes["bg"].values())
    return NetworkDepth(order.depth.network, cache, order.depth.convention, hashes)


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


def _check_disk(config: GenerateConfig, estimate: Estimate, existing: Existing) -> None:
    """Compare what is still to be written with what is free, before the first byte."""
    present = sum(
        (config.out / name).stat().st_size for name in existing.files if (config.out / name).is_file()
    )
    free = shutil.disk_usage(config.out).free
    if estimate.bytes - present > free:
        advice = "lower --samples, --positions or --size"
        if config.render:
            advice += f", or use --no-render, which needs {format_bytes(estimate.bytes_unrendered)}"
        needed = format_bytes(estimate.bytes - present)
        raise DiskSpaceError(config.out, f"{needed} of free disk", format_bytes(free), advice)


def _bytes_of(manifest: Manifest) -> int:
    return sum(entry.bytes for entry in manifest.files())


def _manifest(config: GenerateConfig, header: Header, tasks: list[ShardTask], journal: Journal) -> Manifest:
    splits: dict[SplitName, SplitEntry] = {}
    for name in SPLITS:
        lines = [journal.shards[task.file] for task in tasks if task.split.name == name]
        shards = [ShardEntry(**line.model_dump(include=set(ShardEntry.model_fields))) for line in lines]
        splits[name] = SplitEntry(samples=sum(line.samples for line in lines), shards=shards)
    train = [journal.shards[task.file] for task in tasks if task.split.name == "train"]
    sums: dict[str, Sums] = {}
    for line in train:
        sums = {name: sums[name] + part if sums else part for name, part in line.statistics.items()}
    assert journal.head is not None
    sources = sorted({asset.depth for asset in header.assets["bg"] if asset.depth is not None})
    return Manifest(
        id=header.id,
        storage="rendered" if config.render else "unrendered",
        size=config.size,
        config=header.config,
        libraries={"fgbg": __version__} | {name: importlib.metadata.version(name) for name in _LIBRARIES},
        assets=header.assets,
        bank=journal.head.bank,
        splits=splits,
        mask=MaskEntry(),
        depth=DepthEntry(sources=sources, pseudo="plane" in sources),
        statistics=Statistics(
            samples=sum(line.statistics_samples for line in train),
            fields={name: part.moments() for name, part in sums.items()},
        ),
    )
