"""A contact sheet of a dataset: samples with all their stored pictures."""

from pathlib import Path

import cv2
import numpy as np

from generator.encode import encode_png
from generator.errors import UsageError
from generator.files import refuse_existing, require_writable, write_atomically
from generator.look.colours import INSTANCE_COLOURS, colour_depth, colour_instances, colour_mask
from generator.look.contact_sheet import (
    BLOCK_GAP,
    CAPTION,
    DEPTH_KEY,
    GAP,
    Column,
    Key,
    Row,
    draw_contact_sheet,
    enlargement,
    fitted,
    mask_keys,
)
from generator.own_results import mark_png
from generator.progress import Progress, show_progress
from generator.reading.batch import Batch
from generator.reading.dataset import Dataset, open_dataset
from generator.reading.seen_objects import SeenObject, instance_maps, seen_objects
from generator.reading.selection import filled_split, spread
from generator.reading.split import Split
from generator.splits import SplitName

MOST_WIDTH = 2000
"""Largest width of a sheet, in pixels."""


def write_preview(
    folder: str | Path,
    subset: SplitName,
    count: int,
    out: str | Path,
    overwrite: bool = False,
    progress: bool = True,
) -> tuple[int, int]:
    """Write the contact sheet of a dataset to a PNG file.

    Args:
        folder: of the dataset.
        subset: the split.
        count: number of samples, spread evenly over the split; all of them where it has fewer.
        out: the file, whose name ends in .png. Its folder is made if it does not exist.
        overwrite: replace an existing file.
        progress: show a progress bar on stderr.

    Returns:
        The number of samples shown, and the number of samples in the split.

    Raises:
        UsageError: `out` exists and `overwrite` is False, or its name does not end in .png.
        DatasetError: the dataset is missing, unfinished, damaged, or without samples in this split.
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        raise UsageError(out, "a name that ends in .png", out.suffix or "no suffix", "use another `out`")
    require_writable(out.parent)
    refuse_existing([out], overwrite)
    with show_progress(progress):
        dataset = open_dataset(folder)
        sheet = draw_preview(dataset, subset, count)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, mark_png(encode_png(sheet), "preview"))
    total = len(dataset[subset])
    return min(count, total), total


def draw_preview(dataset: Dataset, subset: SplitName, count: int) -> np.ndarray:
    """The contact sheet: (H, W, 3) uint8, at most MOST_WIDTH pixels wide.

    A row shows a sample, of what the dataset has: its background, the picture with a box around each object,
    its mask, its depth (bright is near, black is unknown), and its instances. The caption says its number in
    the split and the names of its pictures.

    Args:
        dataset: to look at.
        subset: the split.
        count: number of samples, spread evenly over the split; all of them where it has fewer.

    Raises:
        DatasetError: the split has no samples.
    """
    split = filled_split(dataset, subset)
    rows = spread(len(split), count).tolist()
    titles = shown_titles(split)
    size, blocks = _plan(dataset.manifest.size, len(titles), len(rows))
    lines = []
    with Progress("drawing", len(rows), "samples") as bar:
        for row in rows:
            lines.append(_line(split, subset, row, size))
            bar.advance(1)
    return draw_contact_sheet([Column(title) for title in titles], lines, _keys(split), blocks)


def _plan(canvas: tuple[int, int], columns: int, samples: int) -> tuple[tuple[int, int], int]:
    """The size (width, height) of pictures, and the number of blocks of columns beside each other.

    Small canvases are enlarged by a whole factor, large ones shrunk until a row fits.
    """
    room = (MOST_WIDTH - 2 * GAP + GAP) // columns - GAP
    scale = min(enlargement(*canvas), room / canvas[0])
    size = max(1, int(canvas[0] * scale)), max(1, int(canvas[1] * scale))
    block_width, row_height = columns * (size[0] + GAP) - GAP, size[1] + CAPTION + GAP
    blocks = (MOST_WIDTH - 2 * GAP + BLOCK_GAP) // (block_width + BLOCK_GAP)
    # As few blocks as keep the sheet at least as wide as it is high.
    blocks = max(1, min(blocks, samples))
    while blocks > 1 and -(-samples // (blocks - 1)) * row_height <= (blocks - 1) * block_width:
        blocks -= 1
    # Blocks that would stay empty are left out.
    return size, -(-samples // -(-samples // blocks))


def _line(split: Split, subset: SplitName, row: int, size: tuple[int, int]) -> Row:
    """One sample of a split."""
    batch = split.read([row])
    objects = seen_objects(split, row, instance_maps(batch, split.mask)[0], batch.mask[0])
    names = ", ".join(seen.fg for seen in objects) or "no object"
    pictures = sample_pictures(batch, split, objects, size)
    caption = f"{names} on {split.name_of(row)}" if split.shares_scenes else split.name_of(row)
    return Row(list(pictures.values()), f"{subset} {row}: {caption}")


def _keys(split: Split) -> list[Key]:
    """The legend: of depth, of the classes, and of void pixels."""
    return [*([DEPTH_KEY] if split.has_depth else []), *mask_keys(split.mask)]


def shown_titles(split: Split) -> list[str]:
    """The titles of a sample's pictures, in their order, of what the dataset has."""
    has = {"bg": split.has_bg, "depth": split.has_depth, "instances": split.has_instances}
    return [title for title in ("bg", "fg_bg", "mask", "depth", "instances") if has.get(title, True)]


def sample_pictures(
    batch: Batch, split: Split, objects: list[SeenObject], size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """The pictures of a sample by its `shown_titles`; fg_bg has a box around each object.

    Args:
        batch: of the sample alone.
        split: of the sample.
        objects: of the sample.
        size: (width, height) of the pictures.

    Returns:
        (height, width, 3) uint8 each.
    """
    stored = {
        "bg": batch.bg[0],
        "fg_bg": batch.fg_bg[0],
        "mask": colour_mask(batch.mask[0], split.mask),
        "depth": colour_depth(batch.depth[0]),
    }
    if batch.instances is not None:
        stored["instances"] = colour_instances(batch.instances[0])
    height, width = batch.mask.shape[1:]
    shown = {title: fitted(stored[title], size) for title in shown_titles(split)}
    scale = np.array([size[0] / width, size[1] / height])
    for seen in objects:
        if seen.box is not None:
            corner, extent = np.array(seen.box[:2]), np.array(seen.box[2:])
            first, last = (
                np.rint(corner * scale).astype(int),
                np.rint((corner + extent) * scale).astype(int) - 1,
            )
            colour = INSTANCE_COLOURS[(seen.number - 1) % len(INSTANCE_COLOURS)]
            cv2.rectangle(shown["fg_bg"], first.tolist(), last.tolist(), colour, 1)
    return shown
