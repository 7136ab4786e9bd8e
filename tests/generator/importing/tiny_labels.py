"""A format for tests: NAME.jpg or .png with NAME.mask.png, NAME.bg.png, NAME.depth.png in one folder.

A `void` of the mask is 255, an object is numbered by its class. `splits.txt` has lines `NAME split`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.assets.masked_picture import read_labels_of
from generator.errors import AssetError
from generator.format.manifest import AlphaMask, ClassMask
from generator.label_formats.items import Choice, Item, Label, LabelSource

NAMES = ["ground", "cat", "dog"]


@dataclass(frozen=True)
class TinyReader:
    """Reads the mask beside a picture."""

    alpha: bool

    def __call__(self, item: Item, size: tuple[int, int], /) -> Label:
        assert item.label is not None
        values = read_labels_of(item.picture, item.label, size).values.astype(np.uint8)
        if self.alpha:
            return Label(
                np.where(values == 255, 0, np.where(values > 0, 255, 0)).astype(np.uint8), values == 255
            )
        return Label(values, instances=np.where(values == 255, 0, values).astype(np.uint16))


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List a folder."""
    of = {}
    if (source / "splits.txt").exists():
        of = dict(line.split() for line in (source / "splits.txt").read_text().splitlines())
    items, problems = [], []
    for path in sorted(source.iterdir()):
        parts = path.name.split(".")
        if path.suffix not in (".png", ".jpg") or len(parts) != 2:
            continue
        beside = {kind: source / f"{parts[0]}.{kind}.png" for kind in ("mask", "bg", "depth")}
        there = {kind: file if file.exists() else None for kind, file in beside.items()}
        if there["mask"] is None:
            problems.append(AssetError(path, "", "has no mask", "add the mask, or remove the picture"))
            continue
        items.append(Item(parts[0], path, there["mask"], None, of.get(parts[0]), there["bg"], there["depth"]))
    alpha = choice.mask == "alpha"
    colours = [[0, 0, 0], [250, 0, 0], [0, 250, 0]]
    mask = AlphaMask() if alpha else ClassMask(names=NAMES, colours=colours)
    notes = ["tiny: a format for tests"]
    return LabelSource(items, mask, TinyReader(alpha), problems, notes, instances=not alpha)
