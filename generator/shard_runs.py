"""Making the shards of a dataset, generated or imported: which are finished, and making the others."""

import importlib.metadata
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from generator import __version__
from generator.errors import DiskSpaceError, printable
from generator.format.journal import Journal, JournalLine
from generator.format.records import BankEntry, ShardEntry, SplitEntry, Statistics, Sums
from generator.numerals import format_bytes
from generator.output import Output, Shelf
from generator.progress import Progress
from generator.runner import Runner
from generator.splits import SPLITS, SplitName

Task = TypeVar("Task")

STATISTICS_SAMPLES = 512
"""Statistics come from at least this many samples (or all), spread evenly over the shards."""


@dataclass(frozen=True)
class ShelvingMaker(Generic[Task]):
    """Makes shards, and copies each to a URL.

    Attributes:
        make: makes one, in the shelf's folder.
        shelf: copies it.
        needs: files of the URL that `make` reads, which may not be on this machine.
    """

    make: Callable[[Task], JournalLine]
    shelf: Shelf
    needs: Sequence[BankEntry]

    def __call__(self, task: Task) -> JournalLine:
        """Make one shard and return its line for the journal."""
        if self.needs:
            self.shelf.bring(self.needs)
        line = self.make(task)
        if line.samples:
            self.shelf.store(line.file)
        return line


def keep_finished(
    output: Output, journal: Journal, lines: Sequence[JournalLine], say: Callable[[str], None]
) -> Collection[str]:
    """Find the finished shards that are intact, and remove all others from the journal.

    Args:
        output: where the dataset is written.
        journal: of the dataset.
        lines: those of its lines that belong to the dataset.
        say: gets a line about each damaged shard.

    Returns:
        The names of the intact ones.
    """
    if not journal.shards:
        return []
    files = [line for line in lines if line.samples]
    problems = output.wrong_files(files, "checking finished shards")
    for file in problems:
        say(printable(f"{output.where / file}: damaged since it was written; it is made again"))
    assert journal.head is not None
    journal.begin(journal.head, (line for line in lines if line.file not in problems))
    return journal.shards.keys()


def make_shards(
    make: Callable[[Task], JournalLine],
    tasks: Sequence[Task],
    workers: int,
    runner: Runner,
    progress: Progress,
    keep: Callable[[JournalLine], None],
    output: Output,
    needs: Sequence[BankEntry] = (),
) -> None:
    """Make shards in several processes.

    Args:
        make: makes one.
        tasks: the shards to make.
        workers: number of processes.
        runner: starts them.
        progress: counts samples, and pictures that became none.
        keep: gets the line of each shard that is in the output.
        output: where the dataset is written. To a URL, each process copies the shards that it makes.
        needs: files of the output that `make` reads. Other machines download them from a URL.
    """
    if output.shelf is not None:
        make = ShelvingMaker(make, output.shelf, () if runner.is_local else needs)
    with closing(runner.run(make, tasks, workers)) as lines:
        for line in lines:
            keep(line)
            progress.advance(line.samples + len(line.left_out))


def split_entries(lines: Mapping[SplitName, Iterable[JournalLine]]) -> dict[SplitName, SplitEntry]:
    """The splits of a manifest, from the lines of all their shards in order."""
    entries: dict[SplitName, SplitEntry] = {}
    for name in SPLITS:
        shards = [
            ShardEntry(**line.model_dump(include=set(ShardEntry.model_fields)))
            for line in lines.get(name, ())
            if line.samples
        ]
        entries[name] = SplitEntry(samples=sum(shard.samples for shard in shards), shards=shards)
    return entries


def statistics_of(lines: Sequence[JournalLine]) -> Statistics:
    """The statistics of a manifest, from the lines of the shards of train."""
    sums: dict[str, Sums] = {}
    for line in lines:
        for name, part in line.statistics.items():
            sums[name] = sums[name] + part if name in sums else part
    return Statistics(
        samples=sum(line.statistics_samples for line in lines),
        fields={name: part.moments() for name, part in sums.items()},
    )


def check_disk(folder: Path, needed: int, files: Iterable[str], advice: str) -> None:
    """Make sure that what is still to be written fits on the disk.

    Args:
        folder: of the dataset.
        needed: the size of the whole dataset in bytes.
        files: the names of its files that may be there.
        advice: what to do if it does not fit.

    Raises:
        DiskSpaceError: it does not fit.
    """
    present = sum((folder / name).stat().st_size for name in files if (folder / name).is_file())
    free = shutil.disk_usage(folder).free
    if needed - present > free:
        raise DiskSpaceError(
            folder, f"{format_bytes(needed - present)} of free disk", format_bytes(free), advice
        )


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of fgbg and of the libraries that decide a dataset's bytes."""
    return {"fgbg": __version__} | {name: importlib.metadata.version(name) for name in names}
