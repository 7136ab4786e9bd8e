"""Perceptual hashes of all pictures, to find those that look alike; an unfinished import remembers them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from generator.assets.duplicates import PerceptualHash, perceptual_hash
from generator.assets.images import opened_picture, rgb_of_opened
from generator.errors import AssetError, printable
from generator.existing_dataset import LOOKED_FILE
from generator.format.journal import LeftOut
from generator.format.records import Count, Hash, Record
from generator.format.sealed_lines import append_line, read_lines, take_whole, unseal, write_lines
from generator.importing.source_files import hash_or_none, stamp_of
from generator.label_formats.items import Item
from generator.progress import Progress
from generator.resize import stretch
from generator.workers import run_tasks

# Pictures in one task, and in one line of the file that remembers them.
_CHUNK = 64

# A perceptual hash looks at 32 x 32 pixels. From more than this many a side they are made in two steps.
_LEAST_SIDE = 32
_MOST_SIDE = 128


class LookedLine(Record):
    """What looking at some pictures found: the hashes of each, unless it cannot be read."""

    first: Count
    stamp: Hash
    """Of the names, sizes and modification times of the pictures."""
    hashes: list[list[int] | None]
    left_out: list[LeftOut]


@dataclass(frozen=True)
class Looked:
    """What looking at all pictures found.

    Attributes:
        hashes: the perceptual hash of each picture, by its number; without those that cannot be read.
        left_out: the pictures that cannot be read.
    """

    hashes: dict[int, PerceptualHash]
    left_out: list[LeftOut]


@dataclass(frozen=True)
class _Task:
    first: int
    numbers: Sequence[int]
    items: Sequence[Item]


def look_at(items: Sequence[Item], numbers: Sequence[int], folder: Path, workers: int) -> Looked:
    """Look at pictures in several processes, except those that are remembered and have not changed since.

    Args:
        items: all pictures of the source.
        numbers: of the pictures to look at.
        folder: of the dataset, which remembers.
        workers: number of processes.
    """
    path = folder / LOOKED_FILE
    remembered = {
        line.first: line for line in take_whole(read_lines(path), lambda text: unseal(text, LookedLine))
    }
    known: dict[int, LookedLine] = {}
    tasks = list(_tasks(items, numbers))
    with Progress("looking for near-duplicates", len(numbers), "pictures") as progress:
        for task in tasks:
            line = remembered.get(task.first)
            if line is not None and line.stamp == stamp_of(task.items):
                known[task.first] = line
        write_lines(path, known.values())
        todo = [task for task in tasks if task.first not in known]
        progress.resume_at(len(numbers) - sum(len(task.items) for task in todo))
        with closing(run_tasks(_look_at_some, todo, workers, finish=False)) as lines:
            for line in lines:
                known[line.first] = line
                append_line(path, line, durable=False)
                progress.advance(len(line.hashes))
    looked = Looked({}, [])
    for task in tasks:
        line = known[task.first]
        found = zip(task.numbers, line.hashes, strict=True)
        looked.hashes.update((number, (pair[0], pair[1])) for number, pair in found if pair is not None)
        looked.left_out.extend(line.left_out)
    return looked


def _tasks(items: Sequence[Item], numbers: Sequence[int]) -> Iterator[_Task]:
    for start in range(0, len(numbers), _CHUNK):
        chunk = numbers[start : start + _CHUNK]
        yield _Task(chunk[0], chunk, [items[number] for number in chunk])


def _look_at_some(task: _Task) -> LookedLine:
    stamp = stamp_of(task.items)
    hashes: list[list[int] | None] = []
    left_out: list[LeftOut] = []
    for number, item in zip(task.numbers, task.items, strict=True):
        try:
            hashes.append(list(picture_hash(item.picture)))
        except AssetError as error:
            hashes.append(None)
            left_out.append(left_out_by(error, number, hash_or_none(item)))
    return LookedLine(first=task.first, stamp=stamp, hashes=hashes, left_out=left_out)


def left_out_by(error: AssetError, number: int, hash_: str | None) -> LeftOut:
    """The record of a picture that cannot be used, for the journal.

    Args:
        error: why.
        number: of the picture in its source.
        hash_: of its files; None if one cannot be read.
    """
    return LeftOut(sample_id=number, file=printable(error.where), problem=str(error), hash=hash_)


def picture_hash(path: Path) -> PerceptualHash:
    """The perceptual hashes of a picture, by which an import finds near-duplicates.

    Raises:
        ImageError: the picture cannot be read.
    """
    with opened_picture(path) as opened:
        rgb = rgb_of_opened(path, opened, (_LEAST_SIDE, _LEAST_SIDE))
    if max(rgb.shape[:2]) > _MOST_SIDE:
        rgb = stretch(rgb, (2 * _LEAST_SIDE, 2 * _LEAST_SIDE))
    return perceptual_hash(rgb)
