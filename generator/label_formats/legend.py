"""What the numbers and colours of label pictures mean: a legend, and the reader of labels by it."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from generator.assets.images import opened_picture
from generator.assets.labels import Labels
from generator.assets.masked_picture import read_labels_of
from generator.errors import AssetError, ImageError, UsageError
from generator.format.manifest import MaskEntry
from generator.format.pixels import IGNORED
from generator.label_formats.choices import (
    class_mask,
    foreground_numbers,
    is_background,
    mask_entry,
    mask_kind,
)
from generator.label_formats.class_files import IGNORE, MOST_CLASSES, Colour, NamedClass
from generator.label_formats.items import Choice, Item, Label

_VOID_NAMES = frozenset({"void", "unlabeled", "unlabelled", "conflicting", "ignore", "ignored", IGNORE})
_NO_CLASS = 254
_STRIP = 256
_MOST_NAMED = 8
_COLOURS = "colours of classes"
_LOOKED_AT = 8

StoredAs = Literal["any", "numbers", "colours"]
"""How a format stores classes; any: numbers, indices of a palette, or colours, whichever a picture has."""


@dataclass(frozen=True)
class Legend:
    """What the values of label pictures mean.

    Attributes:
        where: the class file, or the name of the data set, for errors.
        rows: the classes, sorted by value. Those with a name such as `void` or `unlabeled` are void.
        void_values: other numbers that are void.
        void_colours: other colours that are void.
        soft: names of classes that are void in masks of alpha, if the user does not choose them.
        stored_as: how the format stores classes.
        is_fixed: whether the user cannot name other classes.
    """

    where: str
    rows: tuple[NamedClass, ...]
    void_values: frozenset[int] = frozenset()
    void_colours: tuple[Colour, ...] = ()
    soft: frozenset[str] = frozenset()
    stored_as: StoredAs = "any"
    is_fixed: bool = False

    @property
    def classes(self) -> list[NamedClass]:
        """The classes that are not void, in the order of their numbers in a dataset."""
        return [row for row in self.rows if not is_void(row.name)]


def is_void(name: str) -> bool:
    """Whether a class of this name is void, in any case."""
    return name.strip().lower() in _VOID_NAMES


Instances = Callable[[Item, tuple[int, int]], np.ndarray | None]
"""Reads the numbers of objects, (H, W) uint16, 0 none; None where an item has none."""


@dataclass(frozen=True, eq=False)
class LegendReader:
    """Reads labels by a legend; see `legend_reader`.

    Attributes:
        mask: what the levels of its labels mean.
        by_value: (65536,) uint8, the class of each stored number.
        by_colour: the class of each colour; 254 for a colour of several classes.
        stored_as: as of the legend.
        expected: the right values, for errors.
        is_fixed: as of the legend.
        shared: for errors, the names of the classes that share a colour.
        alpha: (256,) uint8, the level of each class, for masks of alpha; else None.
        void: (256,) uint8, 1 for classes that are void in masks of alpha.
        instances: reads the objects, if the data set tells them apart.
    """

    mask: MaskEntry
    by_value: np.ndarray
    by_colour: dict[Colour, int]
    stored_as: StoredAs
    expected: str
    is_fixed: bool
    shared: dict[Colour, str]
    alpha: np.ndarray | None
    void: np.ndarray
    instances: Instances | None = None

    def __call__(self, item: Item, size: tuple[int, int], /) -> Label:
        """Read the label of an item; see `LabelReader`."""
        assert item.label is not None
        labels = read_exact_labels(item, size)
        numbers = self._numbers(item.label, labels)
        objects = None if self.instances is None else self.instances(item, size)
        if self.alpha is None:
            return Label(numbers, None, _numbered(objects, numbers == IGNORED))
        levels, void = cv2.LUT(numbers, self.alpha), cv2.LUT(numbers, self.void).view(bool)
        return Label(levels, void if void.any() else None, _numbered(objects, levels == 0))

    def _numbers(self, path: Path, labels: Labels) -> np.ndarray:
        """(H, W) uint8, the class of each pixel, 255 void."""
        if labels.values.ndim == 3:
            return self._numbers_of_colours(path, labels.values)
        if labels.palette is not None:
            return self._numbers_of_palette(path, labels)
        used = np.flatnonzero(labels.counts)
        greys = np.full(len(labels.counts), _NO_CLASS, np.uint8)
        for value in used[used < 256].tolist():
            greys[value] = self._class_of((value, value, value))
        are_numbers = self.stored_as != "colours" and bool((self.by_value[used] != _NO_CLASS).all())
        are_colours = self.stored_as != "numbers" and bool((greys[used] != _NO_CLASS).all())
        # Where a class is white, 255 is void only beside numbers that are no colours.
        if are_numbers and not (are_colours and greys[255] < _NO_CLASS):
            return _looked_up(self.by_value, labels.values)
        if are_colours:
            return _looked_up(greys, labels.values)
        known = greys if self.stored_as == "colours" else self.by_value
        unknown = used[known[used] == _NO_CLASS]
        raise self._unknown(path, [(str(value), labels.counts[value]) for value in unknown], self.expected)

    def _numbers_of_palette(self, path: Path, labels: Labels) -> np.ndarray:
        """By the colours of the palette if they are those of the classes, else by its indices.

        Programs that shrink PNG files renumber palettes: then only colours tell the class.
        """
        assert labels.palette is not None
        used = np.flatnonzero(labels.counts)
        colours = [_triple(labels.palette[index]) if index < len(labels.palette) else None for index in used]
        by_index = self.by_value[used]
        by_colour = np.array([_NO_CLASS if colour is None else self._class_of(colour) for colour in colours])
        known = by_colour != _NO_CLASS
        chosen = by_index
        if self.stored_as == "colours" or (self.stored_as == "any" and known.all()):
            chosen = by_colour
        elif self.stored_as == "any" and (by_colour != by_index)[known].any():
            expected = "a palette with the colours of the classes, in any order"
            found = f"{_spelled(colours[int(np.argmin(known))])}, which is none, among others"
            raise ImageError(path, expected, found, "name the classes and their colours with `labels`")
        wrong = chosen == _NO_CLASS
        if wrong.any():
            counts = labels.counts[used]
            words = [
                _spelled(c) if chosen is by_colour else str(i) for i, c in zip(used, colours, strict=True)
            ]
            unknown = [(words[n], counts[n]) for n in np.flatnonzero(wrong)]
            raise self._unknown(path, unknown, _COLOURS if chosen is by_colour else self.expected)
        table = np.zeros(256, np.uint8)
        table[used] = chosen
        return _looked_up(table, labels.values)

    def _numbers_of_colours(self, path: Path, values: np.ndarray) -> np.ndarray:
        if self.stored_as == "numbers" or not (self.by_colour or self.shared):
            fix = "save the numbers of classes as grey"
            if self.stored_as != "numbers":
                fix += ", or name the colours of the classes with `labels`"
            raise ImageError(path, self.expected, "colours", fix)
        table = _colour_table(tuple(sorted(self.by_colour.items())))
        numbers = np.empty(values.shape[:2], np.uint8)
        for start in range(0, len(values), _STRIP):
            numbers[start : start + _STRIP] = table[_packed(values[start : start + _STRIP])]
        wrong = numbers == _NO_CLASS
        if wrong.any():
            colours, counts = np.unique(_packed(values[wrong][None]), return_counts=True)
            found = sorted(zip(colours.tolist(), counts.tolist(), strict=True), key=lambda pair: -pair[1])
            words = [(_spelled(_unpacked(colour)), count) for colour, count in found]
            raise self._unknown(path, words, _COLOURS)
        return numbers

    def _class_of(self, colour: Colour) -> int:
        return self.by_colour.get(colour, _NO_CLASS)

    def _unknown(self, path: Path, found: list[tuple[str, int]], expected: str) -> ImageError:
        """The error for values that are no class: the value, how many pixels have it."""
        for text, _ in found:
            for colour, names in self.shared.items():
                if text == _spelled(colour):
                    fix = "give each class a colour of its own in the class file, or use masks of numbers"
                    return ImageError(path, "a colour of one class", f"{text}, which is {names}", fix)
        words = ", ".join(
            f"{text} ({count:,} {'pixel' if count == 1 else 'pixels'})" for text, count in found[:_MOST_NAMED]
        )
        more = ", ..." if len(found) > _MOST_NAMED else ""
        fix = "correct the mask" if self.is_fixed else "correct the mask, or name all classes with `labels`"
        return ImageError(path, expected, words + more, fix)


def legend_reader(legend: Legend, choice: Choice, instances: Instances | None = None) -> LegendReader:
    """The reader of labels for the user's choice: classes, or alpha of some of them.

    Raises:
        AssetError: the classes are too few or too many.
        UsageError: `foreground` names no class, or nothing tells which classes are the object.
    """
    classes = legend.classes
    if len(classes) > MOST_CLASSES:
        fix = "use a data set or a class file with fewer classes"
        raise AssetError(legend.where, f"at most {MOST_CLASSES} classes", f"{len(classes)}", fix)
    names = [row.name for row in classes]
    kind = mask_kind(choice)
    entry = class_mask(legend.where, names, [row.colour for row in classes])
    alpha, void = _alpha_of(legend, names, choice) if kind == "alpha" else (None, np.zeros(256, np.uint8))
    number_of = {row.value: number for number, row in enumerate(classes)}
    by_value = np.full(65536, _NO_CLASS, np.uint8)
    by_value[list(legend.void_values)] = IGNORED
    for row in legend.rows:
        if row.value >= 0:
            by_value[row.value] = number_of.get(row.value, IGNORED)
    by_colour, shared = _by_colour(legend, number_of)
    return LegendReader(
        mask=mask_entry(kind, entry),
        by_value=by_value,
        by_colour=by_colour,
        stored_as=legend.stored_as,
        expected=_expected(legend, by_value),
        is_fixed=legend.is_fixed,
        shared=shared,
        alpha=alpha,
        void=void,
        instances=instances,
    )


def require_own_colours(legend: Legend) -> None:
    """Make sure that no two classes have one colour, for a data set whose masks are colours.

    Raises:
        AssetError: two have; names them.
    """
    number_of = {row.value: number for number, row in enumerate(legend.classes)}
    for colour, names in _by_colour(legend, number_of)[1].items():
        found = f"{_spelled(colour)} for {names}"
        fix = "give each class a colour of its own, or use masks of numbers"
        raise AssetError(legend.where, "a colour of its own for each class", found, fix)


def palette_notes(masks: Sequence[Path], legend: Legend) -> list[str]:
    """A line for the user if palettes of masks have the colours of the classes in another order.

    Args:
        masks: of a data set; the headers of a few are read.
        legend: of the data set.
    """
    number_of = {row.value: number for number, row in enumerate(legend.classes)}
    by_colour = _by_colour(legend, number_of)[0]
    for mask in masks[:: 1 + len(masks) // _LOOKED_AT]:
        try:
            with opened_picture(mask) as opened:
                stored = opened.getpalette("RGB") if opened.mode == "P" else None
        except AssetError:
            continue  # reported when it is read
        colours = (
            [_triple(stored[start : start + 3]) for start in range(0, len(stored or ()), 3)] if stored else []
        )
        known = {index: by_colour[colour] for index, colour in enumerate(colours) if colour in by_colour}
        if len(known) == len(colours) > 1 and any(
            number_of.get(index, IGNORED) != number for index, number in known.items()
        ):
            return [f"palettes in another order than the classes, as in {mask.name}: read by their colours"]
    return []


def read_exact_labels(item: Item, size: tuple[int, int]) -> Labels:
    """The labels of an item's mask, which must be stored without loss.

    Raises:
        ImageError: as `read_labels_of`, or the format of the mask changes values.
    """
    assert item.label is not None
    labels = read_labels_of(item.picture, item.label, size)
    if labels.lossy:
        found = f"{labels.lossy}, whose values are approximate"
        raise ImageError(item.label, "exact labels", found, "use masks that were saved as PNG")
    return labels


def _alpha_of(legend: Legend, names: list[str], choice: Choice) -> tuple[np.ndarray, np.ndarray]:
    """The level, and whether it is void, of each class in masks of alpha."""
    background = [n for n, name in enumerate(names) if is_background(name)]
    soft = [n for n, name in enumerate(names) if name in legend.soft and name not in choice.foreground]
    if not choice.foreground and not background:
        found, fix = "none, and no class is the background", f"choose among: {', '.join(names)}"
        raise UsageError("`foreground`", "the classes that are the object", found, fix)
    alpha, void = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    alpha[list(foreground_numbers(choice, names, [*background, *soft]))] = 255
    void[[*soft, IGNORED]] = 1
    return alpha, void


def _by_colour(legend: Legend, number_of: dict[int, int]) -> tuple[dict[Colour, int], dict[Colour, str]]:
    """The class of each colour, and the names of the classes that share one."""
    names: dict[Colour, list[str]] = {}
    numbers: dict[Colour, set[int]] = {colour: {IGNORED} for colour in legend.void_colours}
    for row in legend.rows:
        if row.colour is not None:
            names.setdefault(row.colour, []).append(row.name)
            numbers.setdefault(row.colour, set()).add(number_of.get(row.value, IGNORED))
    shared = {colour: " and ".join(names[colour]) for colour, found in numbers.items() if len(found) > 1}
    return {colour: found.pop() for colour, found in numbers.items() if colour not in shared}, shared


def _numbered(objects: np.ndarray | None, outside: np.ndarray) -> np.ndarray | None:
    """Numbers of objects, from 1 without gaps, 0 outside; None where there are none to tell apart."""
    if objects is None:
        return None
    inside = np.where(outside, np.uint16(0), objects)
    there = np.flatnonzero(np.bincount(inside.ravel(), minlength=2))
    table = np.zeros(65536, np.uint16)
    there = there[there > 0]
    table[there] = np.arange(1, len(there) + 1)
    return _looked_up(table, inside)


def _expected(legend: Legend, by_value: np.ndarray) -> str:
    """The right numbers in words: `numbers of classes (0 to 20, 255)`."""
    if legend.stored_as == "colours":
        return _COLOURS
    values = np.flatnonzero(by_value != _NO_CLASS)
    runs = np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
    words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs if len(run)]
    return f"numbers of classes ({', '.join(words)})"


def _looked_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8 and table.dtype == np.uint8:
        found: np.ndarray = cv2.LUT(values, table[:256])
        return found
    found = np.empty(values.shape, table.dtype)
    for start in range(0, len(values), _STRIP):
        found[start : start + _STRIP] = table[values[start : start + _STRIP]]
    return found


@functools.lru_cache(maxsize=2)
def _colour_table(numbers: tuple[tuple[Colour, int], ...]) -> np.ndarray:
    """(2 ** 24,) uint8, the class of each colour: 16 MB, of which few bytes are read."""
    table = np.full(2**24, _NO_CLASS, np.uint8)
    for (red, green, blue), number in numbers:
        table[blue << 16 | green << 8 | red] = number
    return table


def _packed(values: np.ndarray) -> np.ndarray:
    """Colours (h, w, 3) uint8 as numbers (h, w) uint32; red is the lowest byte."""
    four: np.ndarray = cv2.cvtColor(values, cv2.COLOR_RGB2RGBA)
    packed: np.ndarray = four.view("<u4")[..., 0] & 0xFFFFFF
    return packed


def _unpacked(colour: int) -> Colour:
    return colour & 255, colour >> 8 & 255, colour >> 16


def _triple(colour: Iterable[int]) -> Colour:
    red, green, blue = map(int, colour)
    return red, green, blue


def _spelled(colour: Colour | None) -> str:
    return "no colour" if colour is None else ",".join(map(str, colour))
