"""Which mask belongs to which picture, by their names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.assets.listing import PICTURE_SUFFIXES, list_pictures
from generator.assets.real_paths import RealPaths
from generator.errors import AssetError, UsageError
from generator.files import real_path
from generator.own_results import PREDICTION, TO_LOOK_AT, is_marked

MASK_ENDINGS = (
    *("_mask", "-mask", ".mask", "_masks", "_matte", "_alpha"),
    *("_seg", "_segmentation", "_label", "_labels", "_gt", "_L", "_P"),
)
"""Endings that datasets add to a picture's name to name its mask; upper and lower case are the same."""

_JPEG_2000 = ".jp2", ".j2k", ".jpx", ".jpf"

MASKS_ADVICE = "Put masks there, or give another folder with `masks`."


@dataclass(frozen=True)
class Pair:
    """A picture, its mask, and the name of its result: a path without suffix."""

    picture: Path
    mask: Path
    name: Path


def pair_by_name(
    pictures: Path, masks: Path, say: Callable[[str], None] = lambda line: None
) -> tuple[list[Pair], list[AssetError]]:
    """Find the mask of every picture NAME.jpg, in the same subfolder.

    The mask is called NAME.png, NAME with one of `MASK_ENDINGS`, or NAME.jpg.png.

    Both may be the same folder; then files with such an ending are masks. Both may be files; then they are
    the pair.

    Args:
        pictures: a folder, or a picture.
        masks: a folder, or a mask.
        say: gets a line about files that are skipped.

    Returns:
        Pairs, sorted by name, and an error for each picture without mask, for each mask without picture, and
        for each of several pictures or masks of one name, which are in no pair.

    Raises:
        AssetError: a folder is missing or empty, or no picture has a mask.
    """
    if pictures.is_file() and masks.is_file():
        return [Pair(pictures, masks, Path(pictures.stem))], []
    pictures_of = _by_name(_named_pictures(pictures, say))
    one_folder = real_path(pictures) == real_path(masks)
    say_of_masks = (lambda line: None) if one_folder else say
    listed = _without_overlays(list_pictures(masks, say_of_masks, advice=MASKS_ADVICE))
    if one_folder:
        pictures_of = {
            name: paths
            for name, paths in pictures_of.items()
            if _without_ending(paths[0].stem) == paths[0].stem
        }

    def name_of(mask: Path) -> Path:
        whole = mask.relative_to(masks).with_suffix("")
        without_suffix = whole.with_suffix("") if whole.suffix.lower() in PICTURE_SUFFIXES else whole
        for name in (whole, whole.with_name(_without_ending(whole.name)), without_suffix):
            if name in pictures_of:
                return name
        return whole

    real_paths = RealPaths()
    themselves = {real_paths.of(path) for paths in pictures_of.values() for path in paths}
    masks_of = _by_name((name_of(mask), mask) for mask in listed if real_paths.of(mask) not in themselves)
    if pictures_of.keys().isdisjoint(masks_of):
        fix = f"name each mask like its picture, or add {MASK_ENDINGS[0]} or {MASK_ENDINGS[-1]} to the name"
        raise AssetError(masks, "", f"holds no masks for the pictures of {pictures}", fix)
    pairs, problems = _paired(pictures_of, masks_of, masks)
    if not pictures.is_file():
        fix = "add the picture, or remove the mask"
        lonely = [mask for name, some in masks_of.items() if name not in pictures_of for mask in some]
        problems += [AssetError(mask, "", f"has no picture in {pictures}", fix) for mask in lonely]
    return pairs, problems


def _paired(
    pictures_of: Mapping[Path, Sequence[Path]], masks_of: Mapping[Path, Sequence[Path]], masks: Path
) -> tuple[list[Pair], list[AssetError]]:
    """The names that have one picture and one mask, and an error for each picture that is in no pair."""
    pairs, problems = [], []
    for name, paths in pictures_of.items():
        own_masks = masks_of.get(name, [])
        if twins := [*_twins(name, paths), *_twins(name, own_masks)]:
            problems += twins
        elif own_masks:
            pairs.append(Pair(paths[0], own_masks[0], name))
        elif unread := [file for end in _JPEG_2000 if (file := masks / f"{name}{end}").exists()]:
            fix = "save it as PNG, from the labels and not from this copy if it has lost something"
            problems.append(AssetError(unread[0], "a mask", "JPEG 2000, which is not read", fix))
        else:
            fix = "add the mask, or remove the picture"
            problems.append(AssetError(paths[0], "", f"has no mask in {masks}", fix))
    return pairs, problems


def name_pictures(pictures: Path, say: Callable[[str], None] = lambda line: None) -> dict[Path, Path]:
    """The pictures of a folder, or one picture, by the names of their results: paths without suffix.

    Args:
        pictures: a folder, or a picture.
        say: gets a line about files that are skipped.

    Raises:
        AssetError: the folder is missing or holds no picture.
        UsageError: two pictures have the same name.
    """
    by_name = _by_name(_named_pictures(pictures, say))
    for name, paths in by_name.items():
        for twin in _twins(name, paths):
            raise UsageError(twin.where, twin.expected, twin.found, twin.fix)
    return {name: paths[0] for name, paths in by_name.items()}


def _named_pictures(pictures: Path, say: Callable[[str], None]) -> list[tuple[Path, Path]]:
    """The pictures of a folder, or one picture, each after the name of its result."""
    if pictures.is_file():
        return [(Path(pictures.stem), pictures)]
    listed = _without_overlays(list_pictures(pictures, say))
    return [(path.relative_to(pictures).with_suffix(""), path) for path in listed]


def _without_overlays(pictures: Iterable[Path]) -> list[Path]:
    """Masks of 'fgbg predict' are masks, but its results to look at are neither masks nor pictures."""
    return [path for path in pictures if not (path.name.endswith(TO_LOOK_AT) and is_marked(path, PREDICTION))]


def _by_name(named: Iterable[tuple[Path, Path]]) -> dict[Path, list[Path]]:
    by_name: dict[Path, list[Path]] = {}
    for name, path in named:
        by_name.setdefault(name, []).append(path)
    return by_name


def _twins(name: Path, paths: Sequence[Path]) -> list[AssetError]:
    """An error for each of several files of one name; none for one file."""
    expected, fix = f"one file for {name.as_posix()}", "rename or remove one of them"
    if len(paths) == 1:
        return []
    return [AssetError(path, expected, f"{paths[path == paths[0]]} too", fix) for path in paths]


def _without_ending(stem: str) -> str:
    for ending in MASK_ENDINGS:
        if stem.lower().endswith(ending.lower()) and len(stem) > len(ending):
            return stem[: -len(ending)]
    return stem
