"""What is wrong with the depth files beside backgrounds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from generator.depth.file_formats import PICTURE_SUFFIXES, read_numbers
from generator.depth.normalise import known_depth
from generator.depth.sources import aspect_differs, check_turns
from generator.errors import AssetError, ConfigError

Severity = Literal["error", "warning", "note"]

_BYTE = 255
_MUCH_UNKNOWN = 0.2


def flaws_of_depth(
    background: Path, files: Sequence[Path], picture: tuple[int, int]
) -> Iterator[tuple[Severity, str, str, str]]:
    """Severity, problem, detail and advice of what is wrong with the depth beside a background.

    Args:
        background: the picture.
        files: its depth files: there should be one at most.
        picture: (width, height) of it.
    """
    if len(files) > 1:
        yield "error", "depth-twice", " and ".join(file.name for file in files), "keep one of them"
    for file in files[:1]:
        try:
            check_turns(file, background, picture[0] == picture[1])
            values = read_numbers(file)
        except (AssetError, ConfigError) as error:
            detail = f"{file.name}: expected {error.expected}, found {error.found}"
            yield "error", "depth-unreadable", detail, error.fix
            continue
        yield from _flaws_of_size(file, values, picture)
        yield from _flaws_of_numbers(file, values)


def _flaws_of_size(
    file: Path, values: np.ndarray, picture: tuple[int, int]
) -> Iterator[tuple[Severity, str, str, str]]:
    size = values.shape[1], values.shape[0]
    detail = f"{file.name} has {size[0]} x {size[1]} px, its picture {picture[0]} x {picture[1]}"
    if aspect_differs(size, picture):
        yield "error", "depth-aspect", detail, "make their aspects match"
    elif size != picture:
        yield "note", "depth-size", f"{detail}; it is scaled", "nothing, if it shows the same view"


def _flaws_of_numbers(file: Path, values: np.ndarray) -> Iterator[tuple[Severity, str, str, str]]:
    known = values[known_depth(values, "inverse") & (values != 0)]
    if known.size == 0:
        detail = f"{file.name} has neither a number nor anything but zeros"
        yield "warning", "depth-empty", detail, "remove it, or save it again"
    elif (low := known.min()) == (high := known.max()):
        detail = f"{file.name} has the number {low:g} everywhere"
        yield "warning", "depth-constant", detail, "remove it, or save it again"
    elif file.suffix.lower() in PICTURE_SUFFIXES and values.dtype.kind in "iu" and high <= _BYTE:
        detail = f"{file.name} has {values.dtype.itemsize * 8} bits, but no number above {_BYTE}"
        fix = "save it again from its original numbers: 256 steps are too coarse"
        yield "warning", "depth-8-bit", detail, fix
    elif (share := 1 - known.size / values.size) > _MUCH_UNKNOWN:
        detail = f"{share:.0%} of the numbers in {file.name} are 0 or no number, which mean unknown"
        fix = (
            "nothing if they are; generate with `depth_invalid=none` if 0 is the farthest, as MiDaS writes it"
        )
        yield "note", "depth-unknown", detail, fix
