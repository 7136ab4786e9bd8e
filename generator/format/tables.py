"""The packed tables of shards.

Generated shards have two: samples, and their placements (which sprite is pasted where). Labelled shards have
one, of samples.
"""

from typing import Final

import numpy as np

SAMPLE: Final = np.dtype([("sample_id", "<u8"), ("bg", "<u4"), ("first", "<u4"), ("count", "<u2")])
LABELLED_SAMPLE: Final = np.dtype([("sample_id", "<u8")])
PLACEMENT: Final = np.dtype(
    [
        ("sprite", "<u4"),
        ("x", "<i2"),
        ("y", "<i2"),
        ("flip", "u1"),
        ("kind", "u1"),
        ("depth", "<u2"),
        ("gain", "<u2", (3,)),
    ]
)
OBJECT: Final = 0
SHADOW: Final = 1
PLAIN_GAIN: Final = 256

MOST_OBJECTS: Final = 8
"""The largest number of objects in a sample."""

MOST_PLACEMENTS: Final = 2 * MOST_OBJECTS
"""The largest number of placements of a sample: every object with a shadow."""
