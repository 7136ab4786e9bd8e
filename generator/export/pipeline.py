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

from generator.errors import ConfigError, DatasetError, DiskSpaceError
from generator.export.blocks import (
    Block,
    BlockWriter,
    ExportConfig,
    archive_path,
    block_samples,
    cut,
    put_together,
)
from generator.export.formats import FORMATS, FormatName
from generator.export.journal import (
    HIDDEN_FOLDER,
    LOCK_FILE,
    ArchiveLine,
    BlockLine,
    FinishedLine,
    Journal,
    Records,
    drop_hidden_files,
    is_hidden_file_whole,
    part_path,
    records_path,
)
from generator.files import atomic_file, remove_leftovers
from generator.locks import hold_folder
from generator.numerals import format_bytes
from generator.progress import Progress
from generator.reading.dataset import Dataset
from generator.reading.selection import filled_split, spread
from generator.splits import SPLITS, SplitName, share_samples
from generator.workers import cores, end_if_script_is_imported, run_tasks

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

    Example:
        >>> from pathlib import Path
        >>> config = fgbg.ExportConfig(Path("data/shards"), Path("exported"), "folder", samples=6, workers=1)
        >>> fgbg.export_dataset(config).written
        6
    """
    end_if_script_is_imported()
    writer = BlockWriter(config)
    samples = _samples(writer.dataset, config)
    if Journal.read(config.out).request is None:
        _refuse_foreign(config.out)
    with hold_folder(config.out, "fgbg export", f"{HIDDEN_FOLDER}/{LOCK_FILE}"):
        _remove_all_leftovers(config.out)
        try:
            return _export(writer, samples, overwrite)
        finally:
            _remove_all_leftovers(config.out)  # workers of a killed export may outlive it by an instant


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
        raise ConfigError(
            out,
            f"the export there to have {difference[0]}",
            difference[1],
            "use another `out`, or `overwrite=True` to replace it",
        )
    if journal.finished and _is_whole(writer, samples, journal):
        return ExportOutcome(samples, 0, 0.0, _bytes_of(writer, journal))
    manifest = writer.dataset.manifest
    blocks = cut(samples, block_samples(manifest.size, manifest.has_instances))
    done, whole = _whole_archives(writer, samples, journal), _whole_blocks(writer, blocks, journal)
    todo = [block for block in blocks if block.archive not in done and block.name not in whole]
    total, missing = sum(samples.values()), sum(map(len, todo))
    _check_disk(writer, samples, missing)
    journal.begin(request, whole.values(), done.values())
    archives = _Archives(writer, blocks, journal)
    for name in whole:
        archives.advance(name)
    began = time.monotonic()
    workers = cores() if writer.config.workers == "auto" else writer.config.workers
    with (
        Progress("exporting", total, "samples") as progress,
        contextlib.closing(run_tasks(writer, todo, workers, finish=False)) as lines,
    ):
        progress.resume_at(total - missing)
        for line in lines:
            journal.append(line)
            progress.advance(line.samples)
            archives.advance(line.block)
    for path, parts in _summaries(writer, samples, blocks).items():
        _write_text(out / path, parts)
    journal.append(FinishedLine())
    drop_hidden_files(out)
    return ExportOutcome(samples, missing, time.monotonic() - began, _bytes_of(writer, journal))


class _Archives:
    """Puts archives together when the last of their blocks is finished; does nothing for loose files."""

    def __init__(self, writer: BlockWriter, blocks: list[Block], journal: Journal) -> None:
        self._out, self._journal = writer.config.out, journal
        self._parts: dict[str, list[Block]] = {}
        for block in blocks if writer.format.in_tar else []:
            if block.archive not in journal.archives:
                self._parts.setdefault(block.archive, []).append(block)
        self._archive_of = {part.name: name for name, parts in self._parts.items() for part in parts}
        self._missing = {archive: len(parts) for archive, parts in self._parts.items()}

    def advance(self, block: str) -> None:
        """Count a finished block."""
        archive = self._archive_of.get(block)
        if archive is None:
            return
        self._missing[archive] -= 1
        if self._missing[archive]:
            return
        parts = self._parts[archive]
        size = put_together(self._out, archive, parts)
        self._journal.append(ArchiveLine(archive=archive, samples=sum(map(len, parts)), bytes=size))
        for part in parts:
            part_path(self._out, part.name).unlink()


def _samples(dataset: Dataset, config: ExportConfig) -> dict[SplitName, int]:
    """How many samples of each split to write; splits without any are left out.

    Raises:
        DatasetError: the split has no samples, or two samples have one number, and so one name.
    """
    splits = list(SPLITS) if config.subset == "all" else [config.subset]
    if config.subset != "all":
        filled_split(dataset, config.subset)
    for split in splits:
        numbers = dataset[split].samples["sample_id"]
        if len(np.unique(numbers)) < len(numbers):
            fix = "generate it again with `overwrite=True`"
            raise DatasetError(
                dataset.folder, f"samples of {split} with a number each", "some with the same", fix
            )
    shares = share_samples([len(dataset[split]) for split in splits], config.samples)
    return {split: kept for split, kept in zip(splits, shares, strict=True) if kept}


def _is_whole(writer: BlockWriter, samples: dict[SplitName, int], journal: Journal) -> bool:
    """Whether a finished export still has all of its files."""
    out = writer.config.out
    manifest = writer.dataset.manifest
    step = None if journal.is_old else block_samples(manifest.size, manifest.has_instances)
    blocks = cut(samples, step)
    if not all((out / path).is_file() for path in _summaries(writer, samples, blocks)):
        return False
    if writer.format.in_tar:
        return len(_whole_archives(writer, samples, journal)) == len(cut(samples, None))
    return all(_has_files(writer, block, journal.blocks.get(block.name)) for block in blocks)


def _whole_archives(
    writer: BlockWriter, samples: dict[SplitName, int], journal: Journal
) -> dict[str, ArchiveLine]:
    """The archives that the journal calls finished, and that have the size it says."""
    whole = {}
    for block in cut(samples, None):
        line = journal.archives.get(block.archive)
        path = archive_path(writer.config.out, block.archive)
        if line and line.samples == len(block) and path.is_file() and path.stat().st_size == line.bytes:
            whole[line.archive] = line
    return whole


def _whole_blocks(writer: BlockWriter, blocks: list[Block], journal: Journal) -> dict[str, BlockLine]:
    """The blocks that the journal calls finished, and that are: their hidden files have the right hashes.

    Loose files are not forced onto the disk one by one: after a power cut, sizes tell which are missing.
    """
    whole = {}
    for block in blocks:
        line, path = journal.blocks.get(block.name), _hidden_path(writer, block)
        if line is None or line.samples != len(block) or not is_hidden_file_whole(path, line):
            continue
        if writer.format.in_tar or _has_files(writer, block, line):
            whole[block.name] = line
    return whole


def _hidden_path(writer: BlockWriter, block: Block) -> Path:
    path_of = part_path if writer.format.in_tar else records_path
    return path_of(writer.config.out, block.name)


def _has_files(writer: BlockWriter, block: Block, line: BlockLine | None) -> bool:
    """Whether the loose files of a block are there, and as large as its line says."""
    if line is None or line.samples != len(block):
        return False
    try:
        found = sum((writer.config.out / path).stat().st_size for path in writer.paths(block))
    except FileNotFoundError:
        return False
    return found == line.bytes


def _summaries(
    writer: BlockWriter, samples: dict[SplitName, int], blocks: list[Block]
) -> dict[str, Iterator[str]]:
    out = writer.config.out
    records = {
        split: Records(out, split, tuple(block.name for block in blocks if block.split == split))
        for split in samples
    }
    return writer.format.summaries(writer.dataset.manifest.id, records)


def _bytes_of(writer: BlockWriter, journal: Journal) -> int:
    lines = journal.archives if writer.format.in_tar else journal.blocks
    return sum(line.bytes for line in lines.values())


def _refuse_foreign(out: Path) -> None:
    """A folder that holds anything but an export is left alone."""
    if not out.is_dir():
        return
    foreign = sorted(path.name for path in out.iterdir() if path.name != HIDDEN_FOLDER)
    if foreign:
        raise ConfigError(
            out, "an empty folder or an earlier export", f"{foreign[0]} there", "use another `out`"
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
    drop_hidden_files(out)


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
        advice = "lower `samples`" + (
            " or use `picture_format=jpg`" if writer.config.picture_format == "png" else ""
        )
        raise DiskSpaceError(out, f"{format_bytes(needed)} of free disk", format_bytes(free), advice)


def _write_text(path: Path, parts: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)
