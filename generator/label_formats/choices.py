"""What the user's choice means: which choices a format has, which classes are the object, what masks hold."""

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from generator.errors import AssetError, UsageError
from generator.format.manifest import AlphaMask, ClassMask, MaskEntry
from generator.format.pixels import IGNORED
from generator.label_formats.items import Choice
from generator.numerals import shown

BACKGROUND = "background"
"""The name of class 0 where a format names its objects only."""

_BACKGROUND_NAMES = frozenset({"background", "_background_", "__background__"})
_LONGEST_NAME = 100


def is_background(name: str) -> bool:
    """Whether a class of this name is the background, in any case."""
    return name.strip().lower() in _BACKGROUND_NAMES


def refuse_other_choices(name: str, choice: Choice, has: Collection[str] = ()) -> None:
    """Make sure that a choice sets only what the format has; `mask` and `foreground` are of every format.

    Args:
        name: of the format.
        choice: of the user.
        has: the fields of `Choice` that the format has besides.

    Raises:
        UsageError: another field is set.
    """
    allowed = {"mask", "foreground", *has}
    for field in dataclasses.fields(choice):
        if field.name not in allowed and getattr(choice, field.name) != field.default:
            option = f"{field.name}={choice.variant}" if field.name == "variant" else field.name
            raise UsageError(f"`{option}`", "", f"is no choice of the format {name}", "leave it out")


def mask_kind(
    choice: Choice, default: Literal["alpha", "classes"] = "classes"
) -> Literal["alpha", "classes"]:
    """Whether masks become alpha or classes. Naming the foreground means alpha.

    Raises:
        UsageError: the foreground is named for masks of classes.
    """
    if choice.mask == "classes" and choice.foreground:
        fix = "leave it out, or choose `mask=alpha`"
        raise UsageError("`foreground`", "", "is for masks of alpha, not of classes", fix)
    return choice.mask or ("alpha" if choice.foreground else default)


def foreground_numbers(
    choice: Choice, names: Sequence[str], background: Collection[int] = (0,)
) -> frozenset[int]:
    """The numbers of the classes that are the object, for alpha.

    Args:
        choice: of the user, whose `foreground` names them; all but the background if it names none.
        names: of the classes, in the order of their numbers.
        background: the numbers of the classes that are background if the user names no foreground.

    Raises:
        UsageError: a name is no class; the fix lists them.
    """
    for name in choice.foreground:
        if name not in names:
            fix = f"choose among: {', '.join(names)}"
            raise UsageError("`foreground`", "names of classes", shown(name), fix)
    if choice.foreground:
        return frozenset(names.index(name) for name in choice.foreground)
    return frozenset(range(len(names))) - frozenset(background)


def class_mask(
    where: str | Path, names: Sequence[str], colours: Sequence[Sequence[int] | None] | None = None
) -> ClassMask:
    """What masks of these classes mean.

    Args:
        where: the file that names the classes, for errors.
        names: of the classes, in the order of their numbers.
        colours: red, green and blue of each, 0 to 255; None for colours that are easy to tell apart.

    Raises:
        AssetError: there are fewer than 2 or more than 255 classes, or a name is empty, too long or doubled.
    """
    if not 2 <= len(names) <= IGNORED:
        found = f"{len(names)}{'' if names else ', as no class is named'}"
        raise AssetError(where, f"2 to {IGNORED} classes", found, "name other classes")
    for number, name in enumerate(names):
        if not 1 <= len(name) <= _LONGEST_NAME or name in names[:number]:
            expected = f"classes of different names, of up to {_LONGEST_NAME} letters"
            raise AssetError(where, expected, shown(name), "rename the class")
    given = colours or [None] * len(names)
    spread = spread_colours(len(names))
    return ClassMask(
        names=list(names),
        colours=[list(spread[number] if colour is None else colour) for number, colour in enumerate(given)],
    )


def mask_entry(kind: Literal["alpha", "classes"], classes: ClassMask) -> MaskEntry:
    """The meaning of masks for the manifest."""
    return classes if kind == "classes" else AlphaMask()


def spread_colours(count: int) -> list[list[int]]:
    """Red, green and blue of classes 0, 1, 2 ..., easy to tell apart; class 0 is black. At most 256.

    Source: the colour map of Pascal VOC, which spreads the bits of the number over the three channels, from
    the highest bit down.
    """
    numbers = np.arange(count)
    colours = np.zeros((count, 3), int)
    for step in range(3):
        for channel in range(3):
            colours[:, channel] |= (numbers >> (3 * step + channel) & 1) << (7 - step)
    return [[int(value) for value in colour] for colour in colours]
