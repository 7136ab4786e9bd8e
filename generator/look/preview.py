"""A contact sheet of a dataset: some samples with everything that is stored of them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from generator.encode import encode_png
from generator.errors import UsageError, printable
from generator.files import refuse_existing, require_writable, write_atomically
from generator.look.colours import INSTANCE_COLOURS, colour_depth, colour_instances, font
from generator.marks import mark_png
from generator.reading.dataset import Batch, Dataset, open_dataset
from generator.reading.seen_objects import SeenObject, instance_maps, seen_objects
from generator.reading.selection import filled_split, spread
from generator.splits import SplitName

MOST_WIDTH = 2000
"""Pixels of a sheet, at most."""

_SMALLEST_SIDE = 128
_GAP, _HEAD, _CAPTION, _BLOCK_GAP = 4, 26, 20, 20
_INK, _GREY = (0, 0, 0), (90, 90, 90)


@dataclass(frozen=True)
class _Cells:
    """How large pictures stand on the sheet: (width, height), in how many columns and blocks of columns."""

    size: tuple[int, int]
    titles: tuple[str, ...]
    blocks: int

    @property
    def block_width(self) -> int:
        return len(self.titles) * (self.size[0] + _GAP) - _GAP

    @property
    def row_height(self) -> int:
        return self.size[1] + _CAPTION + _GAP


def write_preview(
    folder: Path, subset: SplitName, count: int, out: Path, overwrite: bool = False
) -> tuple[int, int]:
    """Write the contact sheet of a dataset to a PNG file.

    Returns:
        How many samples it shows, and how many the split has.

    Raises:
        UsageError: `out` is there and not to be overwritten, or not named as PNG.
        DatasetError: the dataset is missing, unfinished, damaged, or without samples in this split.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(out, "a name that ends in .png", out.suffix or "no suffix", "use another --out")
    require_writable(out.parent)
    refuse_existing([out], overwrite)
    dataset = open_dataset(folder)
    sheet = draw_preview(dataset, subset, count)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, mark_png(encode_png(sheet), "preview"))
    total = len(dataset[subset])
    return min(count, total), total


def draw_preview(dataset: Dataset, subset: SplitName, count: int) -> np.ndarray:
    """The contact sheet: (H, W, 3) uint8, at most MOST_WIDTH pixels wide.

    A row of a block is a sample: its background, the composite with a box around each object, mask, depth
    (unknown black), and instances where the dataset has them; its place in the split and the names of its
    pictures stand beneath.

    Args:
        dataset: to look at.
        subset: of it.
        count: samples, spread evenly over the split; all of it where it has fewer.

    Raises:
        DatasetError: the split has no samples.
    """
    split = filled_split(dataset, subset)
    rows = spread(len(split), count).tolist()
    cells = _plan(dataset.manifest.size, dataset.manifest.has_instances, len(rows))
    lines = -(-len(rows) // cells.blocks)
    width = cells.blocks * (cells.block_width + _BLOCK_GAP) - _BLOCK_GAP + 2 * _GAP
    sheet = Image.new("RGB", (width, _HEAD + lines * cells.row_height + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for place, row in enumerate(rows):
        block, line = divmod(place, lines)
        left = _GAP + block * (cells.block_width + _BLOCK_GAP)
        top = _HEAD + line * cells.row_height
        batch = split.read([row])
        objects = seen_objects(dataset, split, row, instance_maps(batch)[0])
        for column, picture in enumerate(_pictures(batch, objects, cells.size)):
            sheet.paste(Image.fromarray(picture), (left + column * (cells.size[0] + _GAP), top))
        bg = dataset.manifest.assets["bg"][int(split.samples["bg"][row])].name
        names = ", ".join(seen.fg for seen in objects) or "nothing"
        caption = _clipped(printable(f"{subset} {row}: {names} on {bg}"), cells.block_width)
        draw.text((left, top + cells.size[1] + 3), caption, _GREY, font(12))
    for block in range(cells.blocks):
        for column, title in enumerate(cells.titles):
            x = _GAP + block * (cells.block_width + _BLOCK_GAP) + column * (cells.size[0] + _GAP)
            draw.text((x, 5), title, _INK, font(15))
    return np.asarray(sheet)


def _plan(canvas: tuple[int, int], instances: bool, samples: int) -> _Cells:
    """Small canvases are enlarged by a whole factor, large ones shrunk until a row fits."""
    titles = ("bg", "fg_bg", "mask", "depth") + (("instances",) if instances else ())
    room = (MOST_WIDTH - 2 * _GAP + _GAP) // len(titles) - _GAP
    factor = max(1, -(-_SMALLEST_SIDE // min(canvas)))
    scale = min(factor, room / canvas[0])
    size = max(1, int(canvas[0] * scale)), max(1, int(canvas[1] * scale))
    one = _Cells(size, titles, 1)
    blocks = (MOST_WIDTH - 2 * _GAP + _BLOCK_GAP) // (one.block_width + _BLOCK_GAP)
    # As many blocks as it takes to be about as high as wide.
    blocks = max(1, min(blocks, samples))
    while blocks > 1 and -(-samples // (blocks - 1)) * one.row_height <= (blocks - 1) * one.block_width:
        blocks -= 1
    return _Cells(size, titles, blocks)


def _pictures(batch: Batch, objects: list[SeenObject], size: tuple[int, int]) -> list[np.ndarray]:
    """What is shown of a batch of one sample: (height, width, 3) uint8 each."""
    stored = [batch.bg[0], batch.fg_bg[0], cv2.merge([batch.mask[0]] * 3), colour_depth(batch.depth[0])]
    if batch.instances is not None:
        stored.append(colour_instances(batch.instances[0]))
    height, width = batch.mask.shape[1:]
    shrinks = size[0] < width
    shown = [
        cv2.resize(p, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST) for p in stored
    ]
    scale = np.array([size[0] / width, size[1] / height])
    for seen in objects:
        if seen.box is not None:
            corner, extent = np.array(seen.box[:2]), np.array(seen.box[2:])
            first, last = (
                np.rint(corner * scale).astype(int),
                np.rint((corner + extent) * scale).astype(int) - 1,
            )
            colour = INSTANCE_COLOURS[(seen.number - 1) % len(INSTANCE_COLOURS)]
            cv2.rectangle(shown[1], first.tolist(), last.tolist(), colour, 1)
    return shown


def _clipped(text: str, width: int) -> str:
    """The text, shortened until it is at most so many pixels wide."""
    face = font(12)
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
