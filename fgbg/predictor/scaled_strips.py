"""A small map scaled to the size of a large picture, in strips of rows."""

from collections.abc import Iterator

import numpy as np

from generator.resize import stretch, strips


def scaled_strips(plane: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[slice, np.ndarray]]:
    """Scale (h, w) float32 to (H, W) in strips of rows, by area down and linearly up."""
    height, width = size
    parts = list(strips(height, width))
    if len(parts) == 1 or height <= len(plane):
        whole = stretch(plane, (width, height))
        for rows in parts:
            yield rows, whole[rows].copy()
        return
    for rows in parts:
        source = source_rows(rows, len(plane), height)
        yield rows, scaled_rows(plane[source], source.start, len(plane), rows, size)


def source_rows(rows: slice, small: int, height: int) -> slice:
    """The rows of a small map between which rows of the picture lie.

    Args:
        rows: of the picture.
        small: number of rows of the small map.
        height: number of rows of the picture, more than `small`.
    """
    first, last = _places(np.array([rows.start, rows.stop - 1]), small, height)
    return slice(int(first), min(int(last) + 2, small))


def scaled_rows(part: np.ndarray, first: int, small: int, rows: slice, size: tuple[int, int]) -> np.ndarray:
    """Scale a small map linearly to some rows of the picture.

    Args:
        part: rows of the small map, at least those of `source_rows`: (n, w) float32.
        first: number of the first of them in the small map.
        small: number of rows of the small map.
        rows: of the picture.
        size: (H, W) of the picture.

    Returns:
        (rows, W) float32.
    """
    # Widened first: it is small beside the picture, and each row of the picture lies between two of its rows.
    wide = stretch(part, (size[1], len(part)))
    places = _places(np.arange(rows.start, rows.stop), small, size[0])
    above = places.astype(np.intp)
    below, share = np.minimum(above + 1, small - 1), (places - above).astype(np.float32)[:, None]
    scaled: np.ndarray = wide[below - first]
    scaled -= wide[above - first]
    scaled *= share
    scaled += wide[above - first]
    return scaled


def _places(rows: np.ndarray, small: int, height: int) -> np.ndarray:
    """Where rows of the picture lie in the small map."""
    places: np.ndarray = ((rows + 0.5) * (small / height) - 0.5).clip(0, small - 1)
    return places
