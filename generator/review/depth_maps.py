"""Checks of the depth files beside backgrounds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from generator.depth.file_formats import PICTURE_SUFFIXES, read_numbers
from generator.depth.normalise import known_depth
from generator.depth.sources import aspect_differs, check_turns
from generator.errors import AssetError, ConfigError
from generator.review.finding import Flaw

_BYTE = 255
_MUCH_UNKNOWN = 0.2


def flaws_of_depth(background: Path, files: Sequence[Path], picture: tuple[int, int]) -> Iterator[Flaw]:
    """The flaws of the depth beside a background.

    Args:
        background: the picture.
        files: its depth files; there should be at most one.
        picture: its (width, height).
    """
    if len(files) > 1:
        detail = " and ".join(file.name for file in files)
        yield Flaw("error", "depth-ambiguous", f"several depth files: {detail}", "keep one of them")
    for file in files[:1]:
        try:
            check_turns(file, background, picture[0] == picture[1])
            values = read_numbers(file)
        except (AssetError, ConfigError) as error:
            problem = (
                f": expected {error.expected}, found {error.found}" if error.expected else f" {error.found}"
            )
            detail = f"{file.name}{problem}"
            yield Flaw("error", "depth-unreadable", detail, error.fix)
            continue
        yield from _flaws_of_size(file, values, picture)
        yield from _flaws_of_numbers(file, values)


def _flaws_of_size(file: Path, values: np.ndarray, picture: tuple[int, int]) -> Iterator[Flaw]:
    size = values.shape[1], values.shape[0]
    detail = f"{file.name} has {size[0]} x {size[1]} px, its picture {picture[0]} x {picture[1]}"
    if aspect_differs(size, picture):
        yield Flaw("error", "depth-aspect", detail, "give both the same aspect ratio")
    elif size != picture:
        yield Flaw("note", "depth-size", f"{detail}; it is scaled", "nothing, if both show the same view")


def _flaws_of_numbers(file: Path, values: np.ndarray) -> Iterator[Flaw]:
    known = values[known_depth(values, "inverse") & (values != 0)]
    if known.size == 0:
        detail = f"{file.name} has no known depth: each of its values is 0 or not a number"
        yield Flaw("warning", "depth-empty", detail, "remove it, or save it again")
    elif (low := known.min()) == (high := known.max()):
        detail = f"{file.name} has the number {low:g} everywhere"
        yield Flaw("warning", "depth-constant", detail, "remove it, or save it again")
    elif file.suffix.lower() in PICTURE_SUFFIXES and values.dtype.kind in "iu" and high <= _BYTE:
        detail = f"{file.name} has {values.dtype.itemsize * 8} bits, but no number above {_BYTE}"
        advice = "save it again from its original numbers: 256 steps are too coarse"
        yield Flaw("warning", "depth-8-bit", detail, advice)
    elif (share := 1 - known.size / values.size) > _MUCH_UNKNOWN:
        detail = f"{share:.0%} of the numbers in {file.name} are unknown: 0, or not a number"
        advice = "nothing, if they are unknown; if 0 is the farthest (as in MiDaS), use `depth_invalid=none`"
        yield Flaw("note", "depth-unknown", detail, advice)
