"""Choose the names of all results before any picture is predicted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fgbg.predictor.result_kinds import KINDS, Wanted
from fgbg.predictor.sources import Given
from generator.assets.depth_names import folded
from generator.assets.originals import Kept
from generator.errors import UsageError
from generator.files import refuse_existing

RESULT_SUFFIXES = Wanted(KINDS).suffixes


def plan_results(pictures: Sequence[Given], out: Path, others: Iterable[Path] = ()) -> list[Path]:
    """Choose the base of each picture's results: the path to which each of `RESULT_SUFFIXES` is appended.

    The base of `a/q.jpg` is OUT/q. If two pictures would share a base, or a result would replace a picture,
    the base keeps the suffix (OUT/q.jpg), else the folder (OUT/a/q), else both, else the next folder too. Two
    names that differ only by case or by Unicode form count as equal, because some file systems do not tell
    them apart; if their folders are equal too, the base gets a number (OUT/q.jpg.2). The order of the
    pictures does not matter.

    Args:
        pictures: each once.
        out: folder of the results.
        others: more files that no result may replace.

    Returns:
        One base for each picture.

    Raises:
        UsageError: there are not enough different names.
    """
    kept = Kept([*(picture.path for picture in pictures), *others])
    names = [
        list(_names(picture, number)) for picture, number in zip(pictures, _numbers(pictures), strict=True)
    ]
    chosen = [0] * len(pictures)
    while crowded := [
        members
        for members in _by_name(names, chosen)
        if len(members) > 1 or _would_replace(kept, out / names[members[0]][chosen[members[0]]])
    ]:
        for members in crowded:
            free = [member for member in members if chosen[member] + 1 < len(names[member])]
            if not free:
                found, fix = str(pictures[members[-1]].path), "predict them one by one, into several `out`"
                raise UsageError(pictures[members[0]].path, "results of a name of their own", found, fix)
            # Change the shortest names only: q.jpg.png stays when q.png and q.jpg become longer.
            lowest = min(chosen[member] for member in free)
            for member in free:
                chosen[member] += chosen[member] == lowest
    return [out / options[choice] for options, choice in zip(names, chosen, strict=True)]


def refuse_results(bases: Iterable[Path], suffixes: Sequence[str], overwrite: bool) -> None:
    """Make sure that no result replaces an existing file, unless `overwrite` is True.

    Raises:
        ExistsError: a file exists and `overwrite` is False, or the path is a folder.
    """
    refuse_existing([result_path(base, suffix) for base in bases for suffix in suffixes], overwrite)


def result_path(base: Path, suffix: str) -> Path:
    """`base` with the suffix appended; `base` may have dots in its name."""
    return base.with_name(base.name + suffix)


def _numbers(pictures: Sequence[Given]) -> list[int]:
    """1 for most pictures; 2, 3, ... for those whose path some file systems do not tell from an earlier
    one."""
    twins = defaultdict[str, list[int]](list)
    for place in sorted(range(len(pictures)), key=lambda place: str(pictures[place].path)):
        twins[folded(str(pictures[place].whole_folder / pictures[place].name))].append(place)
    numbers = [1] * len(pictures)
    for places in twins.values():
        for number, place in enumerate(places, 1):
            numbers[place] = number
    return numbers


def _names(picture: Given, number: int) -> Iterator[Path]:
    """Possible names for the results of a picture, the best first."""
    name = picture.name
    stem = name.with_suffix("") if name.stem.strip(".") else name
    ends = [stem, name] if number == 1 else [name.with_name(f"{name.name}.{number}")]
    yield from ends
    folders = picture.whole_folder.parts[1:]
    for first in reversed(range(len(folders))):
        for end in ends:
            yield Path(*folders[first:], end)


def _by_name(names: Sequence[Sequence[Path]], chosen: Sequence[int]) -> list[list[int]]:
    by_name = defaultdict[str, list[int]](list)
    for member, choice in enumerate(chosen):
        by_name[folded(names[member][choice].as_posix())].append(member)
    return list(by_name.values())


def _would_replace(kept: Kept, base: Path) -> bool:
    return any(result_path(base, suffix) in kept for suffix in RESULT_SUFFIXES)
