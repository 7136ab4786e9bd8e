"""A sample of a dataset as the page shows it: its pictures and its record."""

from fgbg.app.view import LARGEST_SIDE, SMALLEST_SIDE, Shown
from generator.format.tables import OBJECT, PLAIN_GAIN
from generator.look.preview import sample_pictures
from generator.reading.dataset import Dataset
from generator.reading.generated_split import GeneratedSplit
from generator.reading.seen_objects import instance_maps, seen_objects
from generator.splits import SplitName

Record = list[dict[str, str]]
"""Rows of a table: texts by column."""


def filled_splits(dataset: Dataset) -> list[SplitName]:
    """The splits that have samples; val first, because training never saw its pictures."""
    order: tuple[SplitName, ...] = ("val", "test", "train")
    return [name for name in order if len(dataset[name])]


def shown_sample(dataset: Dataset, subset: SplitName, row: int) -> list[Shown]:
    """The pictures of a sample, with a box around each object of fg_bg."""
    split = dataset[subset]
    batch = split.read([row])
    objects = seen_objects(split, row, instance_maps(batch, split.mask)[0], batch.mask[0])
    width, height = split.size
    side = max(width, height)
    scale = max(1, SMALLEST_SIDE // side) if side <= LARGEST_SIDE else LARGEST_SIDE / side
    size = max(1, int(width * scale)), max(1, int(height * scale))
    pictures = sample_pictures(batch, split, objects, size)
    flat = ("mask", "instances")
    return [Shown(title, pixels, sharp=title in flat) for title, pixels in pictures.items()]


def sample_record(dataset: Dataset, subset: SplitName, row: int) -> dict[str, str]:
    """What a dataset stores of a sample as a whole."""
    split = dataset[subset]
    about = {"sample": f"{subset} {row}", "sample_id": str(int(split.sample_ids[row]))}
    title = "background" if isinstance(split, GeneratedSplit) else "picture"
    return about | {title: split.name_of(row)}


def placements_record(dataset: Dataset, subset: SplitName, row: int) -> Record:
    """What a generated dataset stores of the objects and shadows of a sample, from back to front."""
    split = dataset[subset]
    if not isinstance(split, GeneratedSplit):
        return []
    sample = split.samples[row]
    first, count = int(sample["first"]), int(sample["count"])
    batch = split.read([row])
    seen = iter(seen_objects(split, row, instance_maps(batch, split.mask)[0], batch.mask[0]))
    rows = []
    for placement in split.placements[first : first + count]:
        is_object = int(placement["kind"]) == OBJECT
        record = {
            "kind": "object" if is_object else "shadow",
            "foreground": "",
            "left, top": f"{int(placement['x'])}, {int(placement['y'])}",
            "mirrored": "yes" if placement["flip"] else "no",
            "depth": str(int(placement["depth"])) if is_object else "",
            "colour gain": ", ".join(f"{int(gain) / PLAIN_GAIN:.2f}" for gain in placement["gain"]),
            "visible pixels": "",
        }
        if is_object:
            found = next(seen)
            record["foreground"] = found.fg
            record["visible pixels"] = f"{found.area:,}"
        rows.append(record)
    return rows
