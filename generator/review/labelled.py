"""`review_labels`: what is in labelled pictures and what is wrong with them, before they are imported."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from generator.errors import AssetError, ConfigError
from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED
from generator.importing.config import ImportConfig
from generator.importing.plan import choose_splits, notes_about, to_draw
from generator.label_formats.formats import list_source
from generator.label_formats.items import Item
from generator.progress import Progress, show_progress
from generator.review.labelled_picture import Looker, Seen
from generator.splits import SplitName
from generator.workers import cores, run_tasks

OBJECT_NAMES = ("background", "object")
"""Of the two classes that an alpha has."""
VOID_NAME = "void"

# Pictures in one task of a process; a process takes half a second to start.
_CHUNK = 16
_PICTURES_PER_WORKER = 50


@dataclass(frozen=True)
class Reviewed:
    """A picture, the split that `fgbg import` puts it in, and what was seen of it."""

    item: Item
    split: SplitName
    seen: Seen


@dataclass(frozen=True)
class ClassCount:
    """How often a class is there.

    Attributes:
        number: of the class; 255 is void.
        name: of the class.
        colour: red, green and blue in pictures, 0 to 255.
        pictures: that show it.
        pixels: of all pictures.
        share: of all pixels that are not void; of void, of all pixels.
    """

    number: int
    name: str
    colour: tuple[int, int, int]
    pictures: int
    pixels: int
    share: float


@dataclass(frozen=True)
class LabelledReview:
    """The result of `review_labels`.

    Attributes:
        mask: what labels mean.
        pictures: all that have a label, by name.
        classes: in the order of their numbers, then void.
        unpaired: what the format cannot use: pictures without label, labels without picture, and others.
        notes: what the format assumed.

    """

    mask: MaskEntry
    pictures: Sequence[Reviewed]
    classes: Sequence[ClassCount]
    unpaired: Sequence[AssetError]
    notes: Sequence[str]

    @property
    def problems(self) -> list[AssetError]:
        """Everything that is wrong: what has no partner, then what is wrong with each picture."""
        return [*self.unpaired, *(problem for found in self.pictures for problem in found.seen.problems)]


def review_labels(
    config: ImportConfig, say: Callable[[str], None] = lambda line: None, progress: bool = True
) -> LabelledReview:
    """Look at all pictures and labels that an import would read.

    Args:
        config: of the import; its `split` and `seed` tell the splits. Nothing is written to its `out`.
        say: gets lines about what the format assumed.
        progress: show a progress bar.

    Raises:
        AssetError: the source is not of this format, or holds no labelled picture.
        UsageError: a choice that the format does not have.
    """
    source = list_source(config.format, config.source, config.choice)
    items = list(source.items)
    notes = [*source.notes, *notes_about(config, items)]
    for note in notes:
        say(note)
    if not items:
        first = f" ({source.problems[0]})" if source.problems else ""
        fix = "check the path, or choose another format"
        raise AssetError(config.source, "", f"holds no labelled pictures of {config.format}{first}", fix)
    draw = to_draw(config, items)
    with show_progress(progress):
        seen = _look_at_all(items, Looker(source.read_label, source.mask, bool(draw)), config)
    splits = _splits(config, items, draw, seen, say)
    pictures = [Reviewed(*found) for found in zip(items, splits, seen, strict=True)]
    counts = _count(source.mask, seen)
    return LabelledReview(source.mask, pictures, counts, list(source.problems), notes)


def _look_at_all(items: Sequence[Item], looker: Looker, config: ImportConfig) -> list[Seen]:
    """Look at pictures in several processes."""
    chunks = [range(start, min(start + _CHUNK, len(items))) for start in range(0, len(items), _CHUNK)]
    most = min(cores(), -(-len(items) // _PICTURES_PER_WORKER))
    workers = most if config.workers == "auto" else config.workers
    found: dict[int, list[Seen]] = {}
    with Progress("reviewing", len(items), "pictures") as bar:
        tasks = [_Task(chunk.start, [items[number] for number in chunk]) for chunk in chunks]
        with closing(run_tasks(_Job(looker), tasks, workers, finish=False)) as results:
            for start, seen in results:
                found[start] = seen
                bar.advance(len(seen))
    return [one for chunk in chunks for one in found[chunk.start]]


@dataclass(frozen=True)
class _Task:
    start: int
    items: Sequence[Item]


@dataclass(frozen=True)
class _Job:
    looker: Looker

    def __call__(self, task: _Task) -> tuple[int, list[Seen]]:
        return task.start, self.looker(task.items)


def _splits(
    config: ImportConfig,
    items: Sequence[Item],
    draw: Sequence[int],
    seen: Sequence[Seen],
    say: Callable[[str], None],
) -> list[SplitName]:
    """The splits that an import makes; all train, and a line, if it could not make them."""
    hashes = {number: seen[number].hashes for number in draw}
    drawn = {number: pair for number, pair in hashes.items() if pair is not None}
    try:
        return choose_splits(config, items, drawn)
    except ConfigError as error:
        say(f"no splits: {error}")
        return ["train"] * len(items)


def _count(mask: MaskEntry, seen: Sequence[Seen]) -> list[ClassCount]:
    pixels = np.zeros(256, np.int64)
    pictures = np.zeros(256, np.int64)
    for found in seen:
        pixels += found.pixels
        pictures += found.pixels > 0
    void = int(pixels[IGNORED])
    total = int(pixels.sum())
    if mask.kind == "classes":
        names, colours = mask.names, [tuple(colour) for colour in mask.colours]
    else:
        names, colours = list(OBJECT_NAMES), [(0, 0, 0), (255, 255, 255)]
    counts = [
        ClassCount(
            number,
            name,
            (colour[0], colour[1], colour[2]),
            int(pictures[number]),
            int(pixels[number]),
            int(pixels[number]) / max(total - void, 1),
        )
        for number, (name, colour) in enumerate(zip(names, colours, strict=True))
    ]
    of_void = ClassCount(
        IGNORED, VOID_NAME, (128, 128, 128), int(pictures[IGNORED]), void, void / max(total, 1)
    )
    return [*counts, of_void]
