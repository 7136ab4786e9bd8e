"""Classes of formats whose labels name their objects: background first, then the named classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import AssetError
from generator.format.manifest import MaskEntry
from generator.label_formats.choices import (
    BACKGROUND,
    class_mask,
    foreground_numbers,
    is_background,
    mask_entry,
    mask_kind,
)
from generator.label_formats.class_files import IGNORE, read_class_file
from generator.label_formats.items import Choice
from generator.numerals import shown


@dataclass(frozen=True)
class ObjectClasses:
    """The classes of a source.

    Attributes:
        mask: what the levels of its labels mean.
        numbers: the number of the class that each name stands for; None for what is void.
        foreground: for masks of alpha, the numbers of the classes that are the object; None for classes.
    """

    mask: MaskEntry
    numbers: Mapping[str, int | None]
    foreground: frozenset[int] | None

    def number(self, where: str | Path, name: str) -> int | None:
        """The number of a class; None if it is void.

        Raises:
            AssetError: there is no such class.
        """
        if name in self.numbers:
            return self.numbers[name]
        known = [other for other, number in self.numbers.items() if number]
        listed = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        raise AssetError(where, f"a class among {listed}", shown(name), "add it to the list of classes")


def object_classes(
    where: Path,
    names: Iterable[str],
    choice: Choice,
    colours: Mapping[str, Sequence[int]] | None = None,
) -> ObjectClasses:
    """The classes of a source: 0 is the background, others follow in the order of their names as given.

    A class called `background` (or `_background_`) is the background, and `__ignore__` is void. A class file
    of the user comes first, so that it decides the order; classes that it does not name follow.

    Args:
        where: the file or folder that names the classes, for errors.
        names: of the classes; a name that comes twice is one class.
        choice: of the user: its mask, foreground and labels.
        colours: red, green and blue of classes, where the source has them.

    Raises:
        AssetError: the class file cannot be read, or there are no classes, or too many.
        UsageError: the foreground names no class.
    """
    colours = dict(colours or {})
    ordered = list(names)
    if choice.labels is not None:
        rows = read_class_file(choice.labels)
        colours |= {row.name: row.colour for row in rows if row.colour is not None}
        ordered = [row.name for row in rows] + ordered
    background = next((name for name in ordered if is_background(name)), BACKGROUND)
    objects = [name for name in dict.fromkeys(ordered) if not is_background(name) and name != IGNORE]
    if not objects:
        raise AssetError(
            where, "names of classes", "none", "label some objects, or name classes with `labels`"
        )
    classes = class_mask(
        where, [background, *objects], [colours.get(name) for name in [background, *objects]]
    )
    kind = mask_kind(choice)
    numbers: dict[str, int | None] = {name: number for number, name in enumerate(objects, 1)}
    numbers |= {name: 0 for name in (BACKGROUND, *ordered) if is_background(name)} | {IGNORE: None}
    foreground = foreground_numbers(choice, classes.names) if kind == "alpha" else None
    return ObjectClasses(mask_entry(kind, classes), numbers, foreground)
