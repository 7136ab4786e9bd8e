"""Looking at one labelled picture: what its files hold, which classes it shows, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generator.assets.duplicates import PerceptualHash
from generator.assets.images import read_rgb
from generator.assets.labels import Labels, read_labels
from generator.assets.listing import PICTURE_SUFFIXES
from generator.errors import AssetError
from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.importing.look import picture_hash
from generator.label_formats.items import Item, Label, LabelReader

MOST_VALUES = 32
"""So many values of a mask are named; of more, only the number is."""

_STRIP = 256


@dataclass(frozen=True)
class Seen:
    """What was seen of a labelled picture.

    Attributes:
        size: (width, height) of the picture, upright; None if it cannot be read.
        label_size: of the picture of labels, upright; None if it cannot be read, or labels are no picture.
        picture_range: the lowest and the highest value of the picture, 0 to 255.
        label_range: of the values in the picture of labels, as stored; of colours, the brightest channel.
        values: the values in the picture of labels, or its colours as #rrggbb; or how many there are.
        pixels: (256,) int64, the pixels of each class, with 255 for void; zeros if labels cannot be read.
        hashes: of the picture, by which an import finds near-duplicates; None if nobody asked for them.
        problems: what is wrong.
    """

    size: tuple[int, int] | None
    label_size: tuple[int, int] | None
    picture_range: tuple[int, int] | None
    label_range: tuple[int, int] | None
    values: tuple[str, ...]
    pixels: np.ndarray
    hashes: PerceptualHash | None
    problems: tuple[AssetError, ...]


@dataclass(frozen=True)
class Looker:
    """Looks at pictures, in any process.

    Attributes:
        read_label: of the source.
        mask: what the levels of its labels mean.
        with_hashes: whether near-duplicates are looked for.
    """

    read_label: LabelReader
    mask: MaskEntry
    with_hashes: bool

    def __call__(self, items: Sequence[Item]) -> list[Seen]:
        """Look at some pictures."""
        return [self._look(item) for item in items]

    def _look(self, item: Item) -> Seen:
        problems: list[AssetError] = []
        size = picture_range = hashes = None
        try:
            rgb = read_rgb(item.picture)
            size = rgb.shape[1], rgb.shape[0]
            picture_range = int(rgb.min()), int(rgb.max())
            del rgb
            hashes = picture_hash(item.picture) if self.with_hashes else None
        except AssetError as error:
            problems.append(error)
        stored = _read_stored(item, problems)
        pixels = np.zeros(256, np.int64)
        if size is not None and len(problems) == 0:
            try:
                pixels = self._count(self.read_label(item, size))
            except AssetError as error:
                problems.append(error)
        return Seen(
            size=size,
            label_size=None if stored is None else (stored.values.shape[1], stored.values.shape[0]),
            picture_range=picture_range,
            label_range=None if stored is None else (int(stored.values.min()), int(stored.values.max())),
            values=() if stored is None else _values(stored),
            pixels=pixels,
            hashes=hashes,
            problems=tuple(problems),
        )

    def _count(self, label: Label) -> np.ndarray:
        """The pixels of each class; an alpha has the classes 0, background, and 1, object."""
        if self.mask.kind == "classes":
            return np.bincount(label.levels.ravel(), minlength=256)
        classes = (label.levels >= OPAQUE).astype(np.uint8)
        if label.void is not None:
            classes[label.void] = IGNORED
        return np.bincount(classes.ravel(), minlength=256)


def _read_stored(item: Item, problems: list[AssetError]) -> Labels | None:
    """The picture of labels as it is stored, if labels are a picture of their own."""
    if item.label is None or item.label.suffix.lower() not in PICTURE_SUFFIXES:
        return None
    try:
        return read_labels(item.label)
    except AssetError as error:
        problems.append(error)
        return None


def _values(stored: Labels) -> tuple[str, ...]:
    if stored.values.ndim == 2:
        there = [str(value) for value in np.flatnonzero(stored.counts)]
    else:
        there = [f"#{colour:06x}" for colour in _colours(stored.values)]
    return tuple(there) if len(there) <= MOST_VALUES else (f"{len(there)} values",)


def _colours(values: np.ndarray) -> list[int]:
    """The colours of (H, W, 3) uint8 as numbers, sorted."""
    found = np.zeros(0, np.uint32)
    for start in range(0, len(values), _STRIP):
        red, green, blue = np.moveaxis(values[start : start + _STRIP].astype(np.uint32), 2, 0)
        found = np.union1d(found, red << 16 | green << 8 | blue)
    return [int(colour) for colour in found]
