"""Which depth file belongs to which background."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from generator.assets.depth_names import bases, colour_base, depth_names, folded, split_depth_name
from generator.assets.listing import PICTURE_SUFFIXES
from generator.errors import AssetError


def depth_files_of(backgrounds: Sequence[Path]) -> list[Path | None]:
    """The depth file beside each background, or None; the files are not opened.

    `depth_names` decides which names are depth. A depth file belongs to the pictures in its folder whose
    name fits best: letter for letter; else apart from upper and lower case and the form of accents; else
    without their `.color`. So `a.depth.png` belongs to both `a.jpg` and `a.png`, and to `a.color.jpg` if
    there is no picture `a.*`. The format does not matter: `a.depth.jpg` and a broken link `a.depth.png` are
    depth files of `a.jpg` too, and reading them fails.

    The bytes of a dataset depend on these files, unless its depth is the plane or comes from a network.

    Args:
        backgrounds: pictures, in any folders.

    Returns:
        For each background, in order, its depth file in the same folder, or None.

    Raises:
        AssetError: a background has two depth files.
    """
    files: list[Path | None] = []
    for background, beside in zip(backgrounds, all_depth_files_of(backgrounds), strict=True):
        if len(beside) > 1:
            problem = f"has several depth files: {' and '.join(path.name for path in beside)}"
            raise AssetError(background, "", problem, "keep one of them")
        files.append(beside[0] if beside else None)
    return files


def all_depth_files_of(backgrounds: Sequence[Path]) -> list[list[Path]]:
    """As `depth_files_of`, but with all depth files of each background, sorted."""
    folders = {folder: _owned(_names(folder)) for folder in {path.parent for path in backgrounds}}
    return [
        [background.parent / name for name in folders[background.parent].get(background.name, [])]
        for background in backgrounds
    ]


def depth_without_background(folders: Iterable[Path]) -> list[Path]:
    """The depth files in these folders (not below them) that belong to no picture, sorted."""
    lonely = []
    for folder in folders:
        names = _names(folder)
        owned = {name for files in _owned(names).values() for name in files}
        lonely += [folder / name for name in depth_names(names) - owned]
    return sorted(lonely)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _owned(names: Sequence[str]) -> dict[str, list[str]]:
    """The depth files of each picture in one folder, by name, sorted."""
    depth = depth_names(names)
    ways: tuple[dict[str, list[str]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
    exact, alike, coloured = ways
    for name in names:
        if name in depth or Path(name).suffix.lower() not in PICTURE_SUFFIXES:
            continue
        for base in bases(name):
            exact[base].append(name)
            alike[folded(base)].append(name)
        for base in colour_base(name):
            coloured[folded(base)].append(name)
    owned: dict[str, list[str]] = defaultdict(list)
    for name in sorted(depth):
        found = split_depth_name(name)
        assert found is not None
        base = found[0]
        for picture in exact.get(base) or alike.get(folded(base)) or coloured.get(folded(base)) or ():
            owned[picture].append(name)
    return owned
