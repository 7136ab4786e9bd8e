"""`export_dataset`: write a dataset as loose pictures or archives, in blocks; it resumes at any block."""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import ConfigError, DatasetError, DiskSpaceError, WorkerError
from generator.export.archives import Archives
from generator.export.blocks import LIBRARIES, Block, BlockWriter, block_samples, cut
from generator.export.config import ExportConfig
from generator.export.croissant import Credits, describe_folder
from generator.export.finished import is_whole, whole_archives, whole_blocks
from generator.export.formats import FORMATS, FormatName
from generator.export.journal import (
    HIDDEN_FOLDER,
    LOCK_FILE,
    BlockLine,
    FinishedLine,
    Journal,
    drop_hidden_files,
)
from generator.files import appears, atomic_file, remove_leftovers
from generator.format.manifest import MANIFEST_FILE
from generator.locks import hold_folder
from generator.numerals import format_bytes
from generator.progress import Progress, show_progress
from generator.reading.dataset import Dataset
from generator.reading.selection import filled_split, spread
from generator.runner import Runner, open_runner
from generator.splits import SPLITS, SplitName, share_samples
from generator.workers import end_if_script_is_imported

# Samples, of all splits together, from which the size of the export is estimated.
_MEASURED = 24
_SIZE_MARGIN = 1.05


@dataclass(frozen=True)
class ExportOutcome:
    """The result of `export_dataset`.

    Attributes:
        samples: how many the whole export has, by split.
        written: how many this call wrote; 0 if the export was complete.
        seconds: how long writing them took.
        bytes: size of all pictures or archives.
    """

    samples: dict[SplitName, int]
    written: int
    seconds: float
    bytes: int


def export_dataset(config: ExportConfig, overwrite: bool = False, progress: bool = True) -> ExportOutcome:
    """Write a dataset in another format; continue an interrupted export, leave a complete one as it is.

    Args:
        config: what to write.
        overwrite: replace an earlier export; only its own files are removed.
        progress: show a progress bar.

    Raises:
        DatasetError: the dataset is missing, unfinished or damaged, or the split has no samples.
        ConfigError: the folder holds an export with other options, or other files.
        DiskSpaceError: the export would not fit.
        WorkerError: a worker ended without an answer, or a machine of the cluster cannot do the work.

    Example:
        >>> config = fgbg.ExportConfig(data="data/shards", out="exported", format="folder", samples=6)
        >>> fgbg.export_dataset(config, progress=False).written
        6
    """
    end_if_script_is_imported()
    writer = BlockWriter(config)
    with show_progress(progress):
        samples = _samples(writer.dataset, config)
        if Journal.read(config.out).request is None:
            _refuse_foreign(config.out)
        with hold_folder(config.out, "fgbg export", f"{HIDDEN_FOLDER}/{LOCK_FILE}"):
            _remove_all_leftovers(config.out)
            try:
                outcome = _export(writer, samples, overwrite)
                if config.croissant:
                    credits = Credits(config.licence, config.creator)
                    describe_folder(config.out, writer.dataset.manifest, credits)
                return outcome
            finally:
                _remove_all_leftovers(config.out)  # workers of a killed export can live a moment longer


def _remove_all_leftovers(out: Path) -> None:
    for folder, _, _ in os.walk(out):
        remove_leftovers(Path(folder))


def _export(writer: BlockWriter, samples: dict[SplitName, int], overwrite: bool) -> ExportOutcome:
    out = writer.config.out
    request = writer.config.request(writer.dataset.manifest.id)
    journal = Journal.read(out)
    if journal.request is not None and overwrite:
        _clear(out, journal.request.format)
        journal = Journal(out)
    if journal.request is not None and (difference := journal.request.difference(request)):
        name, wanted, found = difference
        problem = f"was made with other options ({name}: {found}, now {wanted})"
        raise ConfigError(out, "", problem, "use another `out`, or `overwrite=True` to replace it")
    if journal.finished and is_whole(writer, samples, journal):
        return ExportOutcome(samples, 0, 0.0, _bytes_of(writer, journal))
    manifest = writer.dataset.manifest
    blocks = cut(samples, block_samples(manifest.size, manifest.has_instances))
    done, whole = whole_archives(writer, samples, journal), whole_blocks(writer, blocks, journal)
    todo = [block for block in blocks if block.archive not in done and block.name not in whole]
    total, missing = sum(samples.values()), sum(map(len, todo))
    _check_disk(writer, samples, missing)
    journal.begin(request, whole.values(), done.values())
    archives = Archives(writer, blocks, journal)
    for name in whole:
        archives.advance(name)
    began = time.monotonic()
    with (
        _open_runner(writer) as runner,
        Progress("exporting", total, "samples") as bar,
        contextlib.closing(_write(writer, todo, runner)) as lines,
    ):
        bar.resume_at(total - missing)
        for line in lines:
            journal.append(line)
            bar.advance(line.samples)
            archives.advance(line.block)
    for path, parts in writer.summaries(samples, blocks).items():
        _write_text(out / path, parts)
    journal.append(FinishedLine())
    drop_hidden_files(out)
    return ExportOutcome(samples, missing, time.monotonic() - began, _bytes_of(writer, journal))


def _open_runner(writer: BlockWriter) -> AbstractContextManager[Runner]:
    config = writer.config
    libraries = [*LIBRARIES, *writer.format.libraries]
    return open_runner(
        config.runner, config.ray_address, config.out, [config.data / MANIFEST_FILE], libraries
    )


def _write(writer: BlockWriter, blocks: list[Block], runner: Runner) -> Generator[BlockLine]:
    """Write blocks, and give the line of each when its file in the hidden folder can be read here."""
    workers = runner.slots if writer.config.workers == "auto" else writer.config.workers
    with contextlib.closing(runner.run(writer, blocks, workers, finish=False)) as lines:
        for line in lines:
            path = writer.hidden_path(line.block)
            if not runner.is_local and not appears(path):
                fix = "run the same command again, which continues"
                raise WorkerError(path, "the file that a Ray machine wrote", "none", fix)
            yield line


def _samples(dataset: Dataset, config: ExportConfig) -> dict[SplitName, int]:
    """How many samples of each split to write; splits without samples are left out.

    Raises:
        DatasetError: the split has no samples, or two samples have the same number and so the same name.
    """
    splits = list(SPLITS) if config.subset == "all" else [config.subset]
    if config.subset != "all":
        filled_split(dataset, config.subset)
    for split in splits:
        numbers = dataset[split].sample_ids
        if len(np.unique(numbers)) < len(numbers):
            fix = "make it again with `overwrite=True`"
            raise DatasetError(
                dataset.folder, f"samples of {split} with different numbers", "some with the same number", fix
            )
    shares = share_samples([len(dataset[split]) for split in splits], config.samples)
    return {split: kept for split, kept in zip(splits, shares, strict=True) if kept}


def _bytes_of(writer: BlockWriter, journal: Journal) -> int:
    lines = journal.archives if writer.format.in_tar else journal.blocks
    return sum(line.bytes for line in lines.values())


def _refuse_foreign(out: Path) -> None:
    """Refuse a folder that holds anything but an export."""
    if not out.is_dir():
        return
    foreign = sorted(path.name for path in out.iterdir() if path.name != HIDDEN_FOLDER)
    if foreign:
        raise ConfigError(
            out, "an empty folder or an earlier export", f"{foreign[0]} there", "use another `out`"
        )


def _clear(out: Path, format_name: FormatName) -> None:
    """Remove the files of an earlier export and the folders that are then empty; the journal stays."""
    owned = FORMATS[format_name].owned
    for folder, _, names in os.walk(out, topdown=False):
        for name in names:
            path = Path(folder, name)
            if owned.fullmatch(path.relative_to(out).as_posix()):
                path.unlink()
        if Path(folder) != out and Path(folder).name != HIDDEN_FOLDER:
            # It fails for a folder that holds other files.
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    drop_hidden_files(out)


def _check_disk(writer: BlockWriter, samples: dict[SplitName, int], missing: int) -> None:
    """Compare the missing bytes with the free ones, before anything is written."""
    if not missing:
        return
    measured = [
        writer.disk_bytes(split, row)
        for split, kept in samples.items()
        for row in spread(kept, _MEASURED // len(samples)).tolist()
    ]
    needed = math.ceil(sum(measured) / len(measured) * missing * _SIZE_MARGIN)
    out = writer.config.out
    free = shutil.disk_usage(out).free
    if needed > free:
        advice = "lower `samples`" + (
            " or use `picture_format=jpg`" if writer.config.picture_format == "png" else ""
        )
        raise DiskSpaceError(out, f"{format_bytes(needed)} of free disk", format_bytes(free), advice)


def _write_text(path: Path, parts: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)
