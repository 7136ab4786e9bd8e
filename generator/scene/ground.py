"""The depth of the ground that objects stand on."""

import numpy as np

from generator.format.bank import Bank


def ground_depth(bank: Bank, bg: np.ndarray, placements: np.ndarray) -> np.ndarray:
    """The depth of the ground under each object.

    It is the lower median of the background's known depth under the object's lowest opaque row; pixels beyond
    the canvas count as its nearest border pixel.

    Args:
        bank: sprites and backgrounds.
        bg: (n,) the background of each placement.
        placements: (n,) of dtype PLACEMENT; `depth` is not read.

    Returns:
        (n,) uint16 relative inverse depth; 0 (unknown) where none of these pixels is known.
    """
    height, width = bank.bg_depth.shape[1:]
    foot = bank.foot(placements["sprite"])
    last_column = bank.sprite_size[placements["sprite"], 1].astype(np.int64)[:, None] - 1
    mirrored, is_flipped = last_column - foot.columns, placements["flip"][:, None] == 1
    rows = foot.row + placements["y"]
    columns = np.where(is_flipped, mirrored, foot.columns) + placements["x"][:, None]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    under = bank.bg_depth[bg[:, None], rows[:, None], columns]
    # Unknown depth and the padding of shorter feet become 0, are sorted to the front and left out.
    under[~foot.valid] = 0
    under.sort(axis=1)
    known = np.count_nonzero(under, axis=1)
    middle = under.shape[1] - known + (known - 1) // 2
    middle = np.minimum(middle, under.shape[1] - 1)
    depth: np.ndarray = under[np.arange(len(under)), middle]
    return depth
