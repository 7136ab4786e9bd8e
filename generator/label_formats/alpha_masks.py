"""What masks of any origin say about an object, as alpha: grey, labels, palettes, lossy pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.assets.flaws import looks_inverted
from generator.assets.foreground import Foreground
from generator.assets.label_alpha import alpha_of_labels
from generator.assets.labels import Labels, read_labels
from generator.assets.mask_conventions import background_index, find_void, is_shaded
from generator.errors import EmptyMaskError, ImageError
from generator.label_formats.items import Label

_LOOKED_AT = 8
_BLACK, _WHITE = 16, 239
"""Levels of a lossy mask up to which, and from which, it is black and white."""
_MOST_COLOURED = 0.02
_MOST_LABELS_OF_16_BITS = 256
_CHOOSE = "choose the values of the object with `foreground`, or name the classes with `labels`"


@dataclass(frozen=True)
class AlphaMasks:
    """How the masks of a source are read. Unlike in cut-outs, a mask may be empty.

    Attributes:
        foreground: the values of the object; if empty, every value but 0 and void.
        void: the value that some masks show to be void, so that it is void in masks of nothing else too.
    """

    foreground: tuple[int, ...] = ()
    void: int | None = None

    def label_of(self, path: Path, labels: Labels) -> Label:
        """The alpha of a mask, and its void.

        Grey with soft edges, and lossy grey, is alpha as it is. In all other masks every value but 0 is the
        object; of a palette, every colour but black.

        Raises:
            ImageError: the mask is a photograph; it has no 0, so nobody knows what the background is; or
                values are chosen, and it is lossy or has colours.
        """
        if self.foreground:
            return self._chosen(path, labels)
        if labels.shape_is_opacity:
            assert labels.opacity is not None
            return Label(labels.opacity)
        void = self._void(labels)
        if void is None and _is_photo(labels):
            fix = "give masks, not photos, or save the mask as PNG in black and white"
            raise ImageError(path, "a mask", "a picture of many colours", fix)
        alpha = _grey(labels) if void is None and _is_grey(labels) else _solid(path, labels, void)
        if labels.opacity is not None:
            alpha = np.minimum(alpha, labels.opacity)
        return Label(alpha, void)

    def _chosen(self, path: Path, labels: Labels) -> Label:
        try:
            alpha = alpha_of_labels(path, labels, Foreground(self.foreground)).alpha
        except EmptyMaskError:
            alpha = np.zeros(labels.values.shape[:2], np.uint8)
        void = self._void(labels)
        if void is None:
            return Label(alpha)
        void &= alpha == 0
        return Label(alpha, void)

    def _void(self, labels: Labels) -> np.ndarray | None:
        void = find_void(labels)
        if void is None and self.void is not None and labels.values.ndim == 2 and not labels.lossy:
            void = labels.values == self.void
        return void if void is not None and void.any() else None


def choose_alpha(masks: Sequence[Path], foreground: tuple[int, ...]) -> tuple[AlphaMasks, list[str]]:
    """How to read masks, and lines about what was assumed, by looking at a few of them.

    Args:
        masks: at least one.
        foreground: the values that the user chose.
    """
    voids: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    some = list(masks)[:: -(-len(masks) // _LOOKED_AT)]
    for path in some:
        try:
            labels = read_labels(path)
            label = AlphaMasks(foreground).label_of(path, labels)
        except ImageError:
            continue  # whoever reads it for the dataset reports it
        if label.void is not None and labels.values.ndim == 2:
            voids[int(labels.values[label.void][0])] += 1
        kinds[labels.lossy] += 1
        notes["" if foreground else _about(labels, label)] += 1
        notes["they look inverted: the object fills all borders; `foreground` 0 takes the black part"] += (
            looks_inverted(label.levels)
        )
    void = voids.most_common(1)[0][0] if voids else None
    lines = [f"masks: {note}" for note, count in notes.items() if note and count > len(some) / 2]
    if void is not None:
        lines.append(f"masks: {void} is void, which is left out of training")
    lossy = [kind for kind in kinds if kind]
    if lossy and not foreground:
        lines.append(
            f"masks are {' and '.join(lossy)}, whose values are approximate: grey is taken as alpha, values"
            f" up to {_BLACK} as 0, and from {_WHITE} on as 255"
        )
    return AlphaMasks(foreground, void), lines


def _about(labels: Labels, label: Label) -> str:
    """What was assumed about a mask, for a line; empty if there was nothing to assume."""
    if labels.shape_is_opacity:
        return "the shape is taken from the alpha channel"
    if labels.lossy:
        return ""
    if label.void is None and _is_grey(labels):
        return "grey is taken as alpha"
    if labels.values.ndim == 3 or labels.palette is not None:
        return "every colour but black counts as the object"
    if np.count_nonzero(labels.counts[1:]) - (label.void is not None) > 1:
        return f"several values together count as the object; {_CHOOSE}"
    return ""


def _is_grey(labels: Labels) -> bool:
    """Whether values are shades of grey, and not labels."""
    if labels.values.dtype == np.uint16:
        return int(np.count_nonzero(labels.counts)) > _MOST_LABELS_OF_16_BITS
    return bool(labels.lossy) or is_shaded(labels)


def _is_photo(labels: Labels) -> bool:
    """Whether there are more colours than labels have; lossy grey may be slightly coloured."""
    if labels.values.ndim == 2 or not labels.has_many_colours or is_shaded(labels):
        return False
    spread = labels.values.max(axis=2) - labels.values.min(axis=2)
    return not labels.lossy or float(np.mean(spread > 2 * _BLACK)) > _MOST_COLOURED


def _grey(labels: Labels) -> np.ndarray:
    values = labels.values.max(axis=2) if labels.values.ndim == 3 else labels.values
    if values.dtype == np.uint16:
        return (values >> 8).astype(np.uint8)
    if not labels.lossy:
        return values
    levels = np.arange(256, dtype=np.uint8)
    levels[: _BLACK + 1], levels[_WHITE:] = 0, 255
    alpha: np.ndarray = levels[values]
    return alpha


def _solid(path: Path, labels: Labels, void: np.ndarray | None) -> np.ndarray:
    """(H, W) uint8: 255 where the value is neither background nor void."""
    values = labels.values.max(axis=2) if labels.values.ndim == 3 else labels.values
    background = background_index(labels)
    solid = values != background
    if void is None and solid.all() and not _is_white(labels):
        there = ", ".join(map(str, np.flatnonzero(labels.counts)[:8]))
        raise ImageError(path, "0 where the background is", f"values {there}", _CHOOSE)
    if void is not None:
        solid &= ~void
    alpha: np.ndarray = solid.astype(np.uint8) * np.uint8(255)
    return alpha


def _is_white(labels: Labels) -> bool:
    return bool(labels.values.min() == np.iinfo(labels.values.dtype).max)
