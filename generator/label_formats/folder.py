"""Format `folder`: pictures and masks in folders of any layout, matched by name, by pattern or by a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from generator.assets.labels import read_labels
from generator.assets.masked_picture import read_labels_of
from generator.depth.pairing import all_depth_files_of
from generator.errors import AssetError, ImageError, UsageError
from generator.format.manifest import AlphaMask
from generator.label_formats.alpha_masks import AlphaMasks, choose_alpha
from generator.label_formats.choices import mask_kind, refuse_other_choices
from generator.label_formats.class_files import Colour, read_class_file
from generator.label_formats.folder_layout import name_below, pair_folders
from generator.label_formats.items import Choice, Item, Label, LabelSource
from generator.label_formats.legend import Legend, legend_reader
from generator.label_formats.matching import Matcher
from generator.label_formats.pairs_csv import SPLIT_OF_WORD, PairsTable
from generator.label_formats.patterns import Pattern, Role, is_pattern
from generator.numerals import whole_number
from generator.splits import SplitName

_LOOKED_AT = 8


@dataclass(frozen=True)
class AlphaReader:
    """Reads masks as alpha; see `LabelReader`."""

    masks: AlphaMasks

    def __call__(self, item: Item, size: tuple[int, int], /) -> Label:
        """Read the mask of an item."""
        assert item.label is not None
        return self.masks.label_of(item.label, read_labels_of(item.picture, item.label, size))


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List the pictures of a folder that have a mask.

    They are matched

    - by a CSV file of pairs, `choice.pairs`, or the source itself if it is a file (`PairsTable`);
    - by patterns with names in braces, `choice.images` and `choice.masks` (`Matcher`);
    - by name, in the folders `choice.images` and `choice.masks`, else in the usual ones (`pair_folders`).

    Pictures below folders train, val and test belong to these splits. Depth files beside pictures are used.

    Masks are alpha (`AlphaMasks`), or classes if a file names them, with 255 as void.

    Raises:
        AssetError: as `LabelFormat`; no picture has a mask.
        UsageError: ways to match are mixed, or there is no such choice.
    """
    refuse_other_choices("folder", choice, {"labels", "images", "masks", "bg", "depth", "pairs"})
    if not source.exists():
        raise AssetError(source, "", "does not exist", "give a folder of pictures and masks")
    problems: list[AssetError] = []
    notes: list[str] = []
    found = _find(source, choice, problems, notes)
    items = sorted(_with_own_names(found, problems), key=lambda item: item.name)
    if not items:
        raise _nothing(source, problems)
    items = _with_splits(_with_depth_beside(items, problems, notes))
    if choice.labels is not None:
        legend = Legend(str(choice.labels), read_class_file(choice.labels), void_values=frozenset({255}))
        classes = legend_reader(legend, choice)
        notes += _black_and_white_note(items, classes.by_colour)
        return LabelSource(items, classes.mask, classes, problems, notes)
    if mask_kind(choice, default="alpha") == "classes":
        raise UsageError("`mask`", "alpha", "classes without names", "name the classes with `labels`")
    masks = [item.label for item in items if item.label is not None]
    alpha, about_masks = choose_alpha(masks, _values(choice.foreground))
    return LabelSource(items, AlphaMask(), AlphaReader(alpha), problems, [*notes, *about_masks])


def _find(source: Path, choice: Choice, problems: list[AssetError], notes: list[str]) -> list[Item]:
    """The pictures that have everything; several may still have the same name."""
    given: dict[Role, str | None] = {
        "images": choice.images,
        "masks": choice.masks,
        "bg": choice.bg,
        "depth": choice.depth,
    }
    places = {role: text for role, text in given.items() if text is not None}
    if choice.pairs is None and source.is_dir():
        if any(map(is_pattern, places.values())):
            return _by_patterns(source, places, problems, notes)
        return pair_folders(source, places, problems, notes)
    if places:
        fix = "leave one of them out: the table has columns for bg and depth"
        raise UsageError(f"`{next(iter(places))}`", "", "does not go with a table of pairs", fix)
    folder = source if source.is_dir() else source.parent
    pairs = PairsTable(choice.pairs or source, folder)
    items = [
        Item(name_below(folder, row.picture), row.picture, row.mask, None, row.split, row.bg, row.depth)
        for row in pairs.rows()
    ]
    problems += pairs.problems
    notes += pairs.notes
    return items


def _by_patterns(
    source: Path, places: Mapping[Role, str], problems: list[AssetError], notes: list[str]
) -> list[Item]:
    wanted: dict[Role, str] = {"images": "images/{id}.jpg", "masks": "masks/{id}.png", **places}
    for role, text in wanted.items():
        if not is_pattern(text) or role not in places:
            found = repr(text) if role in places else "none"
            expected = "a pattern, as others are" if role in places else "a pattern too"
            raise UsageError(f"`{role}`", expected, found, f"give patterns, such as {wanted['masks']!r}")
    matcher = Matcher(source, {role: Pattern(role, text) for role, text in places.items()})
    items = [
        Item(
            name_below(source, match.picture),
            match.picture,
            match.others["masks"],
            bg=match.others.get("bg"),
            depth=match.others.get("depth"),
        )
        for match in matcher.matches()
    ]
    problems += matcher.problems
    notes += matcher.notes
    return items


def _black_and_white_note(items: Sequence[Item], by_colour: Mapping[Colour, int]) -> list[str]:
    """A line if some masks hold 0 and 255 alone, as if 255 was the object, although it is void."""
    masks = [item.label for item in items if item.label is not None]
    if (255, 255, 255) in by_colour:
        return []
    seen: set[int] = set()
    for path in masks[:: -(-len(masks) // _LOOKED_AT)]:
        try:
            labels = read_labels(path)
        except ImageError:
            continue  # reported when it is read
        seen |= set(np.flatnonzero(labels.counts).tolist())
    if seen != {0, 255}:
        return []
    return ["masks hold 0 and 255 alone, and 255 is void: leave `labels` out if 255 is the object"]


def _values(foreground: Sequence[str]) -> tuple[int, ...]:
    """The values of the object.

    Raises:
        UsageError: one is not a number.
    """
    try:
        return tuple(whole_number(text, 0, 65535) for text in foreground)
    except ValueError as error:
        expected = "values from 0 to 65535, as masks have no names without `labels`"
        raise UsageError("`foreground`", expected, ", ".join(foreground), "correct it") from error


def _with_own_names(items: Sequence[Item], problems: list[AssetError]) -> Iterator[Item]:
    """The items; of several with the same name only the first, and a problem for each of the others."""
    first: dict[str, Path] = {}
    for item in items:
        if item.name not in first:
            first[item.name] = item.picture
            yield item
            continue
        twin = first[item.name]
        found = "it twice" if twin == item.picture else f"{twin} too"
        fix = "remove or rename one of them"
        problems.append(AssetError(item.picture, f"one picture called {item.name}", found, fix))


def _with_depth_beside(items: list[Item], problems: list[AssetError], notes: list[str]) -> list[Item]:
    """Items with the depth files beside their pictures, if no other depth was given."""
    if any(item.depth for item in items):
        return items
    beside = all_depth_files_of([item.picture for item in items])
    with_depth = []
    for item, files in zip(items, beside, strict=True):
        if len(files) < 2:
            with_depth.append(replace(item, depth=files[0]) if files else item)
        else:
            found = f"has several depth files: {' and '.join(path.name for path in files)}"
            problems.append(AssetError(item.picture, "", found, "keep one of them"))
    if number := sum(map(bool, beside)):
        notes.append(f"depth files beside {number:,} of {len(items):,} pictures are used")
    return with_depth


def _with_splits(items: list[Item]) -> list[Item]:
    """Items with the splits of the folders train, val and test, if all are below such folders."""
    if any(item.split for item in items):
        return items
    splits = [_split_of_folder(item.name) for item in items]
    if None in splits:
        return items
    return [replace(item, split=split) for item, split in zip(items, splits, strict=True)]


def _split_of_folder(name: str) -> SplitName | None:
    words = (part.lower() for part in PurePath(name).parts[:-1])
    return next((SPLIT_OF_WORD[word] for word in words if word in SPLIT_OF_WORD), None)


def _nothing(source: Path, problems: Sequence[AssetError]) -> AssetError:
    """The error for a source of which nothing can be used."""
    if not problems:
        return AssetError(source, "", "holds no picture with a mask", "give another folder")
    first, more = problems[0], len(problems) - 1
    also = f" (and {more:,} more like it)" if more else ""
    return AssetError(first.where, first.expected, first.found, f"{first.fix}{also}")
