"""Masks that are stored as lengths of runs, in turn outside and inside of the object."""

from collections.abc import Sequence

import numpy as np

from generator.label_formats.regions import ShapeError, Size

# Characters of a number below 2 to the power of 34, more than the pixels of any picture.
_LONGEST = 7


def run_lengths(counts: Sequence[int], size: Size, columns: bool = False) -> np.ndarray:
    """A mask stored as lengths of runs that are in turn outside and inside of the object, outside first.

    Args:
        counts: the lengths, in pixels.
        size: (width, height) of the mask.
        columns: whether runs go down each column from the left, as COCO stores them, not along each row.

    Returns:
        (height, width) uint8, 0 and 255.

    Raises:
        ShapeError: the lengths do not add up to the number of pixels, or one is below 0.
    """
    width, height = size
    total = sum(counts)
    if total != width * height or min(counts, default=0) < 0:
        found = f"{total:,}" if total != width * height else "a length below 0"
        raise ShapeError(f"run lengths of {width * height:,} pixels together ({width} x {height})", found)
    runs = np.asarray(counts, np.int64)
    inside = (np.arange(len(runs)) % 2).astype(np.uint8) * np.uint8(255)
    pixels = np.repeat(inside, runs)
    return pixels.reshape(width, height).T if columns else pixels.reshape(height, width)


def unpack_counts(packed: bytes) -> list[int]:
    """The lengths of runs that COCO packs into text: 5 bits in each character, as differences.

    pycocotools has no function that gives them, and its `decode` accepts lengths that are too short.

    Args:
        packed: the text, in ASCII.

    Raises:
        ShapeError: there is another character, or the last number is cut off, or one is too long.
    """
    bits = np.frombuffer(packed, np.uint8).astype(np.int64) - 48
    if ((bits < 0) | (bits >= 64)).any():
        raise ShapeError("packed run lengths", "another character")
    if not len(bits):
        return []
    last = (bits & 32) == 0
    if not last[-1]:
        raise ShapeError("packed run lengths", "a number that is cut off")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    sizes = np.diff(starts, append=len(bits))
    if sizes.max() > _LONGEST:
        raise ShapeError("packed run lengths", "a number that is too long")
    places = np.arange(len(bits)) - np.repeat(starts, sizes)
    numbers = np.add.reduceat((bits & 31) << (5 * places), starts)
    numbers -= np.where(bits[last] & 16, np.int64(1) << (5 * sizes), 0)
    # From the fourth number on, each is the difference to the one two places before.
    counts = numbers.copy()
    for start in (1, 2):
        np.cumsum(numbers[start::2], out=counts[start::2])
    lengths: list[int] = counts.tolist()
    return lengths
