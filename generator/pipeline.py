"""`generate`: from assets to the bank, then to shards, then to the manifest; it can resume at every shard."""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from generator.assets.listing import CUT_OUTS_ADVICE, PHOTOS_ADVICE, list_assets
from generator.bank_layout import bank_bytes, count_sprites, is_bank_of
from generator.build_bank import build_bank, finish_bank
from generator.config import GenerateConfig
from generator.errors import UnusableAssetsError, printable
from generator.estimate import Estimate, check_numbers
from generator.existing_dataset import Existing
from generator.files import atomic_file, hash_file, write_atomically
from generator.format.bank import BANK_FILE, Bank
from generator.format.journal import Journal, JournalHead
from generator.format.manifest import MANIFEST_FILE, GeneratedManifest
from generator.format.pixels import pixel_bytes
from generator.format.records import BankEntry
from generator.job import Job, choose_job
from generator.make_manifest import LIBRARIES, make_manifest
from generator.make_shard import ShardWriter
from generator.numerals import format_bytes
from generator.output import Output, hold_output
from generator.places import Url
from generator.plan import Header, count_shards, make_header, plan_shards, plan_splits
from generator.progress import Progress, show_progress
from generator.reading.verify import wrong_files
from generator.runner import Runner, open_runner
from generator.shard_runs import STATISTICS_SAMPLES, check_disk, keep_finished, make_shards
from generator.workers import cores, end_if_script_is_imported

# A process takes half a second to start, so each gets at least this much work, measured in bytes of pixels.
# The others are the work of decoding an asset, and of drawing a sample without rendering it.
_BYTES_PER_WORKER = 256 * 2**20
_BYTES_PER_ASSET = 4 * 2**20
_BYTES_UNRENDERED = 2500


@dataclass(frozen=True)
class Outcome:
    """The result of `generate`.

    Attributes:
        manifest: of the finished dataset.
        written: the number of samples that this call wrote; 0 if the dataset was complete already.
        seconds: the time that writing them took, without the bank.
        bytes: the size of the whole dataset.
    """

    manifest: GeneratedManifest
    written: int
    seconds: float
    bytes: int


def generate(
    config: GenerateConfig,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda line: None,
    skip_bad: bool = False,
    progress: bool = True,
) -> Outcome:
    """Make the dataset that `config` asks for, or continue an unfinished one; a finished one stays as it is.

    Nothing is printed on stdout. With several workers or an ONNX network, new processes import your script:
    put your own code under `if __name__ == "__main__":`, as `multiprocessing` requires.

    Args:
        config: what to make, as in `GenerateConfig(fg="data/fg", bg="data/bg", out="data/shards")`.
        overwrite: replace a dataset that is there; only files that belong to it are removed.
        say: called with lines of text for the user: files that are ignored, the size of the dataset and the
            time it will take, damaged files that are made again, and assets that are left out. By default
            they are not shown.
        skip_bad: leave out pictures that cannot be used, and make the dataset of the others.
        progress: whether to show progress on stderr.

    Raises:
        UnusableAssetsError: pictures cannot be used, and `skip_bad` is False or none is left.
        AssetError: a folder or a network cannot be used.
        ConfigError: the folder holds a dataset of another config, or files that fgbg did not write, or
            another process writes there.
        DatasetError: the finished dataset there is damaged.
        DiskSpaceError: the dataset would not fit on the disk.

    Example:
        >>> config = fgbg.GenerateConfig(
        ...     fg="data/fg", bg="data/bg", out="generated", size=(32, 32), samples=40, render=False
        ... )
        >>> fgbg.generate(config, progress=False).written
        40
    """
    end_if_script_is_imported()
    fgs = list_assets(config.fg, say, CUT_OUTS_ADVICE)
    bgs = list_assets(config.bg, say, PHOTOS_ADVICE)
    with show_progress(progress), hold_output(config.out, "fgbg generate") as output:
        existing = Existing.look(output, overwrite)
        job = choose_job(config, fgs, bgs, existing, overwrite, say, skip_bad)
        if isinstance(existing.manifest, GeneratedManifest) and not overwrite:
            return _complete(output, existing.manifest)
        output.require_writable()
        with _open_runner(job, output) as runner, output.spread(runner):
            _check_size(job, existing, runner, say)
            while True:
                try:
                    journal = _make_bank(job, existing, overwrite, runner, say)
                    return _make_shards(job, journal, output, runner, say)
                except UnusableAssetsError as error:
                    if not skip_bad:
                        raise
                    job = job.without(error.problems, config, say)


def _open_runner(job: Job, output: Output) -> AbstractContextManager[Runner]:
    config, network = job.config, job.depth.network
    inputs = [config.fg, config.bg, *(network.files if network else ())]
    libraries = [*LIBRARIES, *(network.libraries if network else ())]
    return open_runner(config.runner, config.ray_address, output.where, inputs, libraries)


def _check_size(job: Job, existing: Existing, runner: Runner, say: Callable[[str], None]) -> None:
    """Tell the user the size of the dataset, and make sure that it fits into memory and on the disk.

    Raises:
        ConfigError: numbering the samples takes more memory than the machine has.
        DiskSpaceError: the dataset would not fit.
    """
    config, fgs, bgs = job.config, len(job.fgs), len(job.bgs)
    check_numbers(config, fgs, bgs)
    estimate = Estimate.of(config, fgs, bgs)
    _check_disk(job, estimate, existing, runner)
    say(estimate.describe(config, _workers(config, estimate.samples * _bytes_to_make(config), runner)))


def _complete(output: Output, manifest: GeneratedManifest) -> Outcome:
    """The outcome for a dataset that was finished already.

    Raises:
        DatasetError: a file of it is missing or of another size.
    """
    for problem in output.wrong_sizes(manifest.files()).values():
        raise problem
    return Outcome(manifest, 0, 0.0, _bytes_of(manifest))


def _make_bank(
    job: Job, existing: Existing, overwrite: bool, runner: Runner, say: Callable[[str], None]
) -> Journal:
    """Build the bank, unless an intact one exists; the journal gets its hash before it gets its name."""
    config, journal, head = job.config, existing.journal, existing.journal.head
    path = config.folder / BANK_FILE
    if not overwrite and existing.files:
        if head is None:
            say(f"{config.out}: its journal has no hashes or is damaged; everything is made again")
        elif head.bank is not None and _is_whole(job, existing, head):
            existing.output.keep(head.bank)
            return journal
        elif path.exists():
            say(printable(f"{config.out / BANK_FILE}: damaged since it was written; it is made again"))
    fgs, bgs = job.fgs, job.bgs
    sprites, size = count_sprites(config, len(fgs)), bank_bytes(config, len(fgs), len(bgs))
    say(f"bank: {sprites:,} sprites, {len(bgs):,} backgrounds, about {format_bytes(size)} in memory")
    for note in job.depth.notes:
        say(note)
    workers = _workers(config, (len(fgs) + len(bgs)) * _BYTES_PER_ASSET, runner)
    network = job.network_depth()
    with atomic_file(path, size) as temporary:
        decoded = build_bank(temporary, config, fgs, bgs, job.depth.files, workers, network, runner)
        header = make_header(config, job.request, decoded)
        finish_bank(temporary, config, decoded, header.model_dump(mode="json"))
        _begin_journal(config, existing, overwrite, temporary)
    existing.output.store(BANK_FILE)
    return journal


def _begin_journal(config: GenerateConfig, existing: Existing, overwrite: bool, bank: Path) -> None:
    """Start the journal of a new bank; the shards there are kept if they were made from this same bank.

    Args:
        config: of the dataset.
        existing: what the folder holds.
        overwrite: whether to keep nothing.
        bank: the finished bank, under its temporary name.
    """
    journal, head = existing.journal, existing.journal.head
    header = Header.of(Bank.open(bank), bank)
    entry = BankEntry(file=BANK_FILE, bytes=bank.stat().st_size, blake3=hash_file(bank))
    if not overwrite and head is not None and (head.id, head.bank) == (header.id, entry):
        return
    planned = count_shards(config, plan_splits(config, header))
    counts = {split: max(count, planned[split]) for split, count in existing.shard_counts().items()}
    journal.begin(JournalHead(id=header.id, bank=entry, shards=counts))
    existing.clear()


def _is_whole(job: Job, existing: Existing, head: JournalHead) -> bool:
    """Whether the existing bank has the hash in the journal, and was made for this request."""
    config = job.config
    if existing.header is None or existing.header.id != head.id:
        return False
    if head.bank is None or wrong_files(config.folder, [head.bank]):
        return False
    return is_bank_of(Bank.open(config.folder / BANK_FILE), config, len(job.fgs), len(job.bgs))


def _make_shards(
    job: Job, journal: Journal, output: Output, runner: Runner, say: Callable[[str], None]
) -> Outcome:
    """Write the missing shards, then the manifest."""
    config, path = job.config, job.config.folder / BANK_FILE
    header = Header.of(Bank.open(path), path)
    plans = plan_splits(config, header)
    tasks = plan_shards(config, plans)
    lines = [
        line for task in tasks if (line := journal.shards.get(task.file)) and line.samples == task.samples
    ]
    finished = keep_finished(output, journal, lines, say)
    began = time.monotonic()
    todo = [task for task in tasks if task.file not in finished]
    missing, total = (sum(task.samples for task in some) for some in (todo, tasks))
    network = job.depth.network if config.depth_per == "composite" else None
    if network is not None:
        runner = runner.with_threads(network.threads)
    workers = _workers(config, missing * _bytes_to_make(config), runner)
    writer = ShardWriter(
        config,
        plans,
        statistics_samples=math.ceil(STATISTICS_SAMPLES / max(1, len(tasks))),
        threads=1 if workers > 1 else blake3.AUTO,
        network=network,
    )
    assert journal.head is not None and journal.head.bank is not None
    with Progress("generating", total, "samples") as progress:
        progress.resume_at(total - missing)
        make_shards(writer, todo, workers, runner, progress, journal.append, output, [journal.head.bank])
    manifest = make_manifest(config, header, tasks, journal)
    write_atomically(output.folder / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode() + b"\n")
    output.store(MANIFEST_FILE)
    return Outcome(manifest, missing, time.monotonic() - began, _bytes_of(manifest))


def _workers(config: GenerateConfig, work: int, runner: Runner) -> int:
    """The number of processes for `work` bytes of pixels."""
    if config.workers != "auto":
        return config.workers
    if not runner.is_local:
        return runner.slots
    if config.depth_per == "composite":
        return 1
    # A worker that renders uses two cores, because it writes and hashes in other threads.
    useful = cores() // 2 if config.render else cores()
    return max(1, min(useful, work // _BYTES_PER_WORKER))


def _bytes_to_make(config: GenerateConfig) -> int:
    """The work of one sample, in bytes of pixels."""
    return pixel_bytes(config.size, config.has_instances) if config.render else _BYTES_UNRENDERED


def _check_disk(job: Job, estimate: Estimate, existing: Existing, runner: Runner) -> None:
    """Make sure that what is still to be written fits on the disk."""
    config = job.config
    advice = "lower `samples`, `positions` or `size`"
    if config.render:
        advice += f", or use `render=False`, which needs {format_bytes(estimate.bytes_unrendered)}"
    needed = estimate.bytes
    if isinstance(config.out, Url):
        # Here are only the bank and the shards of the moment.
        shards = -(-estimate.samples // config.shard_samples)
        workers = _workers(config, estimate.samples * _bytes_to_make(config), runner)
        if not runner.is_local:
            workers = min(workers, cores())
        bank = bank_bytes(config, len(job.fgs), len(job.bgs))
        needed = bank + (needed - bank) * min(workers, shards) // max(1, shards)
        advice = "lower `workers` or `shard_samples`, or set FGBG_CACHE to a folder on a larger disk"
    check_disk(config.folder, needed, existing.files, advice)


def _bytes_of(manifest: GeneratedManifest) -> int:
    return sum(entry.bytes for entry in manifest.files())
