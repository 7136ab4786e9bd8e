"""The seam between formats of labelled pictures and their users: what a format lists, and what it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from generator.errors import AssetError
from generator.format.manifest import MaskEntry
from generator.splits import SplitName


@dataclass(frozen=True)
class Item:
    """One labelled picture, not decoded yet. It can be pickled, as other processes decode it.

    Attributes:
        name: of the sample: the picture's path below the source, with `/` and without suffix. No two items
            of a source have the same name.
        picture: the file of the picture.
        label: the file of its label; None where one file holds the labels of all pictures.
        content: what the format needs to draw the label and no file of its own holds, as the annotations of
            this picture in a file of all pictures. Plain values only, and no paths: a hash of it is part of
            the dataset.
        split: the split that the data set itself puts it in; None where the data set does not say.
        bg: the same view without the object, if there is such a picture.
        depth: the file of its depth, if there is one.
        objects: the file of a map of its objects, if the label is another file.
    """

    name: str
    picture: Path
    label: Path | None = None
    content: Any = None
    split: SplitName | None = None
    bg: Path | None = None
    depth: Path | None = None
    objects: Path | None = None


@dataclass(frozen=True, eq=False)
class Label:
    """What the label of a picture says, at the picture's own size, upright.

    Attributes:
        levels: (H, W) uint8. For alpha 0 background ... 255 object; for classes the number of the class,
            and 255 where the pixel is void.
        void: (H, W) bool, pixels of an alpha that belong to neither; None where there are none, and for
            classes.
        instances: (H, W) uint16, 0 none, else the number of the object from 1; None where the label does not
            tell objects apart.
    """

    levels: np.ndarray
    void: np.ndarray | None = None
    instances: np.ndarray | None = None


@dataclass(frozen=True)
class Choice:
    """What the user chose among the ways to read a source. A format refuses choices that it does not have.

    Attributes:
        mask: whether masks become alpha or classes; None for the format's own default.
        foreground: names of the classes that are the object, for alpha; empty for all but the background.
        labels: a file that names the classes.
        variant: for formats with more than one kind of label: road or lane.
        images: pattern of pictures below the source, as `image_2/{a}_{id}.png`; for `folder` only.
        masks: pattern of their masks, with the same names in braces.
        bg: pattern of their backgrounds.
        depth: pattern of their depth files.
        pairs: a CSV file with a picture and its mask in each row, instead of patterns.
    """

    mask: Literal["alpha", "classes"] | None = None
    foreground: tuple[str, ...] = ()
    labels: Path | None = None
    variant: Literal["road", "lane"] | None = None
    images: str | None = None
    masks: str | None = None
    bg: str | None = None
    depth: str | None = None
    pairs: Path | None = None


class LabelReader(Protocol):
    """Reads labels. It can be pickled, and holds no list of items: each process gets a copy of it."""

    def __call__(self, item: Item, size: tuple[int, int], /) -> Label:
        """Read the label of an item.

        Args:
            item: of the source.
            size: (width, height) of its picture in pixels, upright.

        Raises:
            AssetError: it cannot be read, is of another size, or holds a number that is no class.
        """
        ...


@dataclass(frozen=True)
class LabelSource:
    """The labelled pictures of a source, and the way to read their labels.

    Attributes:
        items: sorted by name.
        mask: what the levels of its labels mean.
        read_label: reads the label of one of the items; a function of a module, or a frozen dataclass that
            can be called.
        problems: what cannot be used, one error each: pictures without label, labels without picture,
            duplicate ids, lines that cannot be read. Nothing is dropped without an error.
        notes: lines for the user: what was assumed, and what was found.
        instances: whether labels tell objects apart; then every label has `Label.instances`.
    """

    items: Sequence[Item]
    mask: MaskEntry
    read_label: LabelReader
    problems: Sequence[AssetError] = ()
    notes: Sequence[str] = ()
    instances: bool = False


class LabelFormat(Protocol):
    """A format: a function `list_source` that lists what a source holds."""

    def __call__(self, source: Path, choice: Choice) -> LabelSource:
        """List a source.

        Args:
            source: a folder, or a file that names pictures.
            choice: of the user.

        Raises:
            AssetError: it is not of this format at all; names the file that is missing.
            UsageError: a choice that the format does not have.
        """
        ...
