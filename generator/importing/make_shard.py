"""Making one shard of labelled pictures: decoding them, fitting them to the canvas, writing them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from blake3 import blake3

from generator.assets.images import opened_picture, orientation_of, rgb_of_opened, upright_size
from generator.assets.pixel_budget import PixelBudget
from generator.depth.sources import aspect_differs, check_turns, read_depth
from generator.errors import AssetError, ImageError
from generator.format.journal import JournalLine, LeftOut
from generator.format.labelled_shards import LabelledPixels, write_labelled_shard
from generator.format.manifest import MaskEntry
from generator.format.moments import labelled_sums
from generator.format.pixels import IGNORED, OptionalField
from generator.format.records import Sums
from generator.importing.config import ImportConfig
from generator.importing.fit import Frame
from generator.importing.look import left_out_by
from generator.importing.plan import ShardTask
from generator.importing.source_files import hash_or_none, source_hash
from generator.label_formats.items import Item, Label, LabelReader


@dataclass(frozen=True)
class LabelledShardMaker:
    """Makes shards.

    Attributes:
        config: of the dataset.
        read_label: of the source.
        mask: what the levels of its masks mean.
        fields: which optional arrays a shard has.
        statistics_samples: the number of samples, from the first on, that are measured for statistics.
        threads: number of threads for hashing.
        whole: whether to write only shards all of whose pictures can be used.
        budget: limits the pixels that all processes hold in memory at once.
    """

    config: ImportConfig
    read_label: LabelReader
    mask: MaskEntry
    fields: Sequence[OptionalField]
    statistics_samples: int
    threads: int
    whole: bool
    budget: PixelBudget

    def __call__(self, task: ShardTask) -> JournalLine:
        """Make one shard and return its line for the journal; pictures that cannot be used are left out."""
        left_out: dict[int, LeftOut] = {}
        while True:
            rows = [row for row in range(len(task.items)) if row not in left_out]
            if not rows or (left_out and self.whole):
                return _empty_line(task, left_out)
            found = _Attempt(self, task, rows)
            if (line := found.write(left_out)) is not None:
                return line
            left_out |= found.unusable

    def fill(self, item: Item, pixels: LabelledPixels, row: int) -> None:
        """Decode a picture and everything that belongs to it, into one row of arrays.

        Raises:
            AssetError: something cannot be used.
        """
        pixels.source_hash[row] = np.frombuffer(source_hash(item), np.uint8)
        with ExitStack() as held:
            with opened_picture(item.picture) as opened:
                size, turned = upright_size(opened), orientation_of(opened) != 1
                held.enter_context(self.budget.taking(size[0] * size[1]))
                frame = Frame.of(size, self.config.size, self.config.fit)
                rgb = rgb_of_opened(item.picture, opened, frame.least)
            pixels.fg_bg[row] = frame.picture_on_canvas(rgb)
            del rgb
            label = self.read_label(item, size)
            _check_size(item, label, size)
            pixels.mask[row] = frame.label_on_canvas(label, self.mask.kind == "classes")
            _check_classes(item, pixels.mask[row], self.mask)
            if pixels.instances is not None:
                pixels.instances[row] = (
                    0 if label.instances is None else frame.instances_on_canvas(label.instances)
                )
            del label
            if pixels.bg is not None:
                pixels.bg[row] = 0 if item.bg is None else _background(item.bg, frame)
            if pixels.depth is not None:
                pixels.depth[row] = 0 if item.depth is None else self._depth(item, item.depth, frame, turned)

    def _depth(self, item: Item, file: Path, frame: Frame, turned: bool) -> np.ndarray:
        if turned:
            check_turns(file, item.picture, frame.picture[0] == frame.picture[1])
        config = self.config
        depth = read_depth(file, frame.picture, config.depth_convention, config.depth_invalid, coarse=True)
        return frame.depth_on_canvas(depth)


class _SomeLeftOutError(Exception):
    """Some pictures of a shard cannot be used, so that its arrays have another length."""


class _Attempt:
    """Writes a shard of some of its pictures, unless one of them cannot be used."""

    def __init__(self, maker: LabelledShardMaker, task: ShardTask, rows: Sequence[int]) -> None:
        self._maker, self._task, self._rows = maker, task, rows
        self._sums: dict[str, Sums] = {}
        self.unusable: dict[int, LeftOut] = {}

    def write(self, left_out: Mapping[int, LeftOut]) -> JournalLine | None:
        """Write the shard; None if a picture cannot be used, which is then among `unusable`."""
        maker, task, config = self._maker, self._task, self._maker.config
        try:
            written = write_labelled_shard(
                config.folder / task.file,
                np.array([task.numbers[row] for row in self._rows], np.uint64),
                [task.items[row].name for row in self._rows],
                config.size,
                maker.fields,
                self._fill,
                maker.threads,
            )
        except _SomeLeftOutError:
            return None
        return JournalLine(
            file=task.file,
            samples=len(self._rows),
            bytes=written.bytes,
            blake3=written.blake3,
            statistics=self._sums,
            statistics_samples=min(maker.statistics_samples, len(self._rows)),
            planned=task.planned,
            left_out=[left_out[row] for row in sorted(left_out)],
        )

    def _fill(self, block: slice, pixels: LabelledPixels) -> None:
        maker, task = self._maker, self._task
        for place, row in enumerate(self._rows[block]):
            item = task.items[row]
            try:
                maker.fill(item, pixels, place)
            except AssetError as error:
                self.unusable[row] = left_out_by(error, task.numbers[row], hash_or_none(item))
        if self.unusable:
            # The others are still looked at, so that the next attempt knows all that cannot be used.
            if block.stop >= len(self._rows):
                raise _SomeLeftOutError
        elif block.start < maker.statistics_samples:
            some = pixels[: maker.statistics_samples - block.start]
            for name, part in labelled_sums(some, maker.mask).items():
                self._sums[name] = self._sums[name] + part if name in self._sums else part


def _empty_line(task: ShardTask, left_out: Mapping[int, LeftOut]) -> JournalLine:
    return JournalLine(
        file=task.file,
        samples=0,
        bytes=0,
        blake3=blake3().hexdigest(),
        statistics={},
        statistics_samples=0,
        planned=task.planned,
        left_out=[left_out[row] for row in sorted(left_out)],
    )


def _check_size(item: Item, label: Label, size: tuple[int, int]) -> None:
    """Make sure that a label is as large as its picture."""
    height, width = label.levels.shape[:2]
    file = item.label or item.picture
    if (width, height) != size:
        fix = "find the mask that belongs to the picture"
        if (height, width) == size:
            fix = "the mask lies on its side: turn it upright like the picture, which EXIF may turn"
        raise ImageError(file, f"a mask of {size[0]} x {size[1]}", f"{width} x {height}", fix)


def _check_classes(item: Item, levels: np.ndarray, mask: MaskEntry) -> None:
    """Make sure that the numbers of a mask (H, W) are classes."""
    if mask.kind == "classes":
        wrong = levels[(levels >= len(mask.names)) & (levels != IGNORED)]
        if wrong.size:
            expected = f"classes 0 to {len(mask.names) - 1}, or {IGNORED}"
            raise ImageError(item.label or item.picture, expected, str(wrong[0]), "correct the mask")


def _background(path: Path, frame: Frame) -> np.ndarray:
    """The same view without the object, on the same part of the canvas."""
    with opened_picture(path) as opened:
        size = upright_size(opened)
        if aspect_differs(size, frame.picture):
            expected = f"the aspect ratio of its picture, {frame.picture[0]} x {frame.picture[1]}"
            found, fix = f"{size[0]} x {size[1]}", "give both the same aspect ratio"
            raise AssetError(path, expected, found, fix)
        return frame.picture_on_canvas(rgb_of_opened(path, opened, frame.least))
