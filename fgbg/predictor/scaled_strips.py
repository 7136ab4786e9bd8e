"""A small map scaled to the size of a large picture, in strips of rows."""

from collections.abc import Iterator

import numpy as np

from generator.resize import stretch, strips


def scaled_strips(plane: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[slice, np.ndarray]]:
    """Scale (h, w) float32 to (H, W) in strips of rows, by area down and linearly up."""
    height, width = size
    if height <= len(plane):
        whole = stretch(plane, (width, height))
        for rows in strips(height, width):
            yield rows, whole[rows]
        return
    # Widened first: it is small beside the picture, and each row of the picture lies between two of its rows.
    wide = stretch(plane, (width, len(plane)))
    places = ((np.arange(height) + 0.5) * (len(plane) / height) - 0.5).clip(0, len(plane) - 1)
    above = places.astype(np.intp)
    below, share = np.minimum(above + 1, len(plane) - 1), (places - above).astype(np.float32)[:, None]
    for rows in strips(height, width):
        part = wide[below[rows]]
        part -= wide[above[rows]]
        part *= share[rows]
        part += wide[above[rows]]
        yield rows, part
