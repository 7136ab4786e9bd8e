"""Whether finished shards are of the files that the source holds now: each file is hashed again."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from generator.errors import printable
from generator.format.journal import JournalLine
from generator.format.labelled_shards import open_labelled_shard
from generator.format.pixels import OptionalField
from generator.format.records import ShardEntry
from generator.importing.source_files import hash_or_none
from generator.label_formats.items import Item
from generator.progress import Progress
from generator.workers import run_tasks


@dataclass(frozen=True)
class _Task:
    """A shard to check: its entry, its pictures by the source, and those left out with their hashes."""

    entry: ShardEntry
    items: Sequence[Item | None]
    left_out: Sequence[tuple[Item, str | None]]


@dataclass(frozen=True)
class _Checker:
    """Gives the name of a shard, the number of its pictures, and the first change in words or None."""

    folder: Path
    size: tuple[int, int]
    fields: Sequence[OptionalField]

    def __call__(self, task: _Task) -> tuple[str, int, str | None]:
        file, pictures = task.entry.file, len(task.items) + len(task.left_out)
        return file, pictures, self._change(task)

    def _change(self, task: _Task) -> str | None:
        entry = task.entry
        if entry.samples:
            shard = open_labelled_shard(self.folder / entry.file, entry.samples, self.size, self.fields)
            for row, item in enumerate(task.items):
                name = shard.name(row)
                if item is None or item.name != name:
                    return f"{printable(name)} removed or renamed since"
                if hash_or_none(item) != shard.pixels.source_hash[row].tobytes().hex():
                    return f"{printable(name)} changed since"
        for item, hash_ in task.left_out:
            if hash_or_none(item) != hash_:
                return f"{printable(item.name)}, which was left out, changed since"
        return None


def find_changes(
    folder: Path,
    size: tuple[int, int],
    fields: Sequence[OptionalField],
    items: Sequence[Item],
    entries: Sequence[ShardEntry],
    workers: int,
) -> dict[str, str]:
    """Compare the pictures of finished shards with those of the source.

    Args:
        folder: of the dataset.
        size: (width, height) of its canvas.
        fields: which optional arrays its shards have.
        items: all pictures of the source.
        entries: the shards; lines of the journal know which pictures were left out.
        workers: number of processes.

    Returns:
        The first change of each shard in words, by its file; shards of which nothing has changed are not
        among them.

    Raises:
        DatasetError: a shard is damaged.
    """

    def tasks() -> Iterable[_Task]:
        for entry in entries:
            numbers: list[int] = []
            if entry.samples:
                shard = open_labelled_shard(folder / entry.file, entry.samples, size, fields)
                numbers = shard.samples["sample_id"].tolist()
            found = [items[number] if number < len(items) else None for number in numbers]
            left_out = entry.left_out if isinstance(entry, JournalLine) else []
            pairs = [(items[one.sample_id], one.hash) for one in left_out if one.sample_id < len(items)]
            yield _Task(entry, found, pairs)

    todo = list(tasks())
    changes: dict[str, str] = {}
    total = sum(len(task.items) + len(task.left_out) for task in todo)
    with (
        Progress("checking the source", total, "pictures") as progress,
        closing(run_tasks(_Checker(folder, size, fields), todo, workers, finish=False)) as found,
    ):
        for file, pictures, change in found:
            progress.advance(pictures)
            if change is not None:
                changes[file] = change
    return changes
