"""`export_dataset`: a dataset to loose pictures or archives, in blocks, resumable at every one."""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.config import SPLITS, SplitName
from generator.dataset import Dataset
from generator.errors import ConfigError, DatasetError, DiskSpaceError
from generator.export.blocks import Block, BlockWriter, ExportConfig
from generator.export.formats import FORMATS, FormatName
from generator.export.journal import (
    HIDDEN_FOLDER,
    LOCK_FILE,
    BlockLine,
    FinishedLine,
    Journal,
    Records,
    drop_records,
    records_path,
)
from generator.files import atomic_file, remove_leftovers
from generator.locks import hold_folder
from generator.plan import format_bytes, share_samples
from generator.progress import Progress
from generator.selection import filled_split, spread
from generator.workers import cores, end_if_script_is_imported, run_tasks

BLOCK_SAMPLES = 1000
"""Samples of a block: the unit of work, and of an archive."""

# So many samples, of all splits together, tell how large the others will be.
_MEASURED = 24
_MARGIN = 1.05


@dataclass(frozen=True)
class ExportOutcome:
    """What `export_dataset` did.

    Attributes:
        samples: of the whole export, by split.
        written: samples written by this call (0: it was complete).
        seconds: that writing them took.
        bytes: of all pictures or archives.
    """

    samples: dict[SplitName, int]
    written: int
    seconds: float
    bytes: int


def export_dataset(config: ExportConfig, overwrite: bool = False) -> ExportOutcome:
    """Write a dataset in another format, or continue, or find it complete.

    Args:
        config: what to write.
        overwrite: replace an earlier export; only files that belong to it are removed.

    Raises:
        DatasetError: the dataset is missing, unfinished, damaged, or without samples in this split.
        ConfigError: the folder holds an export of another request, or something else.
        DiskSpaceError: it would not fit.
    """
    end_if_script_is_imported()
    writer = BlockWriter(config)
    blocks = _plan(writer.dataset, config)
    if Journal.read(config.out).request is None:
        _refuse_foreign(config.out)
    with hold_folder(config.out, "fgbg export", f"{HIDDEN_FOLDER}/{LOCK_FILE}"):
        for folder, _, _ in os.walk(config.out):
            remove_leftovers(Path(folder))
        return _export(config, writer, blocks, overwrite)


def _export(config: ExportConfig, writer: BlockWriter, blocks: list[Block], overwrite: bool) -> ExportOutcome:
    out = config.out
    request = config.request(writer.dataset.manifest.id)
    journal = Journal.read(out)
    if journal.request is not None and overwrite:
        _clear(out, journal.request.format)
        journal = Journal(out, None, {}, False)
    if journal.request is not None and (difference := journal.request.difference(request)):
        raise ConfigError(
            out,
            f"the export there to have {difference[0]}",
            difference[1],
            "use another --out, or --overwrite to replace it",
        )
    whole = _whole_blocks(writer, blocks, journal)
    samples: dict[SplitName, int] = {}
    for block in blocks:
        samples[block.split] = samples.get(block.split, 0) + len(block)
    total = sum(samples.values())
    records = {
        split: Records(out, split, tuple(block.name for block in blocks if block.split == split))
        for split in samples
    }
    summaries = writer.format.summaries(request.dataset, records)
    if journal.finished:
        if len(whole) == len(blocks) and all((out / path).is_file() for path in summaries):
            return ExportOutcome(samples, 0, 0.0, sum(line.bytes for line in whole.values()))
        # Its records are gone: there is nothing to add to.
        whole = {}

    todo = [block for block in blocks if block.name not in whole]
    missing = sum(map(len, todo))
    _check_disk(writer, samples, missing)
    journal.begin(request, whole.values())
    began = time.monotonic()
    workers = cores() if config.workers == "auto" else config.workers
    with (
        Progress("exporting", total, "samples") as progress,
        contextlib.closing(run_tasks(writer, todo, workers)) as lines,
    ):
        progress.resume_at(total - missing)
        for line in lines:
            journal.append(line)
            progress.advance(line.samples)
    for path, parts in summaries.items():
        _write_text(out / path, parts)
    journal.append(FinishedLine())
    drop_records(out)
    size = sum(line.bytes for line in journal.blocks.values())
    return ExportOutcome(samples, missing, time.monotonic() - began, size)


def _plan(dataset: Dataset, config: ExportConfig) -> list[Block]:
    """The blocks to write, in order.

    Raises:
        DatasetError: the split has no samples, or two samples have one number, and so one name.
    """
    splits = list(SPLITS) if config.subset == "all" else [config.subset]
    if config.subset != "all":
        filled_split(dataset, config.subset)
    for split in splits:
        numbers = dataset[split].samples["sample_id"] if split in dataset.splits else np.zeros(0)
        if len(np.unique(numbers)) < len(numbers):
            fix = "generate it again with --overwrite"
            raise DatasetError(
                dataset.folder, f"samples of {split} with a number each", "some with the same", fix
            )
    sizes = [len(dataset.splits.get(split, ())) for split in splits]
    return [
        Block(split, number, first, min(first + BLOCK_SAMPLES, kept))
        for split, kept in zip(splits, share_samples(sizes, config.samples), strict=True)
        for number, first in enumerate(range(0, kept, BLOCK_SAMPLES))
    ]


def _whole_blocks(writer: BlockWriter, blocks: list[Block], journal: Journal) -> dict[str, BlockLine]:
    """The blocks that the journal calls finished and whose files have the size it says.

    Loose files are not forced onto the disk one by one: after a power cut, sizes tell which are missing.
    """
    whole = {}
    for block in blocks:
        line = journal.blocks.get(block.name)
        if line is None or not (journal.finished or records_path(journal.folder, block.name).is_file()):
            continue
        try:
            found = sum((journal.folder / path).stat().st_size for path in writer.paths(block))
        except FileNotFoundError:
            continue
        if found == line.bytes and line.samples == len(block):
            whole[block.name] = line
    return whole


def _refuse_foreign(out: Path) -> None:
    """A folder that holds anything but an export is left alone."""
    if not out.is_dir():
        return
    foreign = sorted(path.name for path in out.iterdir() if path.name != HIDDEN_FOLDER)
    if foreign:
        raise ConfigError(
            out, "an empty folder or an earlier export", f"{foreign[0]} there", "use another --out"
        )


def _clear(out: Path, format_name: FormatName) -> None:
    """Remove an earlier export's files, and the folders that are empty then; the journal goes last."""
    owned = FORMATS[format_name].owned
    for folder, _, names in os.walk(out, topdown=False):
        for name in names:
            path = Path(folder, name)
            if owned.fullmatch(path.relative_to(out).as_posix()):
                path.unlink()
        if Path(folder) != out and Path(folder).name != HIDDEN_FOLDER:
            # Not empty: something else is in it.
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    drop_records(out)


def _check_disk(writer: BlockWriter, samples: dict[SplitName, int], missing: int) -> None:
    """Compare what is still to be written with what is free, before the first byte."""
    if not missing:
        return
    measured = [
        writer.disk_bytes(split, row)
        for split, kept in samples.items()
        for row in spread(kept, _MEASURED // len(samples)).tolist()
    ]
    needed = math.ceil(sum(measured) / len(measured) * missing * _MARGIN)
    out = writer.config.out
    free = shutil.disk_usage(out).free
    if needed > free:
        advice = "lower --samples" + (
            " or use --picture-format jpg" if writer.config.picture_format == "png" else ""
        )
        raise DiskSpaceError(out, f"{format_bytes(needed)} of free disk", format_bytes(free), advice)


def _write_text(path: Path, parts: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)
