"""Pictures whose objects are small: the network looks at overlapping tiles, and their answers are blended.

The picture is scaled so that a tile has the size that the network sees. Neighbours overlap, and the weight of
a tile falls smoothly to its edges. Networks estimate relative depth, so each tile has a scale and a shift of
its own. A least-squares fit to the answer to the whole picture takes them away, so that no seams are left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np

from fgbg.predictor.engine import Answer, Engine
from generator.errors import ConfigError
from generator.resize import scaled_size, stretch
from generator.strict_config import require_whole

Tile: TypeAlias = int | Literal["auto"]

_AUTO_TILES = 4
"""`auto`: a tile's side is the longer side of the picture divided by this."""
_OVERLAP = 0.25
"""Smallest overlap of neighbours, as a share of a tile's side."""
_LEAST_WEIGHT = 1e-3
_MOST_SCALE = 2.0
"""Largest factor by which the depth of a tile is scaled; the smallest is its inverse."""
_FLAT = 1e-6
"""A tile whose depth has a smaller variance is shifted only."""
_MOST_TILES = 8
_BATCH_PIXELS = 2**18
"""A batch of tiles has at most `_MOST_TILES`, and no more pixels than this if it has several."""


def require_tile(tile: Tile | None, res: int) -> None:
    """Make sure that a tile is at least as large as what the network sees.

    Raises:
        ConfigError: it is smaller, or neither a number nor "auto".
    """
    if tile is None or tile == "auto":
        return
    require_whole("tile", tile, 1)
    if tile < res:
        fix = f"give {res:,} or more, about twice the size of an object; smaller tiles show no more details"
        raise ConfigError("`tile`", f"at least the {res:,} pixels that the network sees", f"{tile:,}", fix)


def look_at(size: tuple[int, int], tile: Tile | None, res: int) -> int:
    """The longer side in pixels to which a picture is scaled, so that its tiles have `res` pixels.

    Args:
        size: (H, W) of the picture.
        tile: side of a tile in pixels of the picture; None: the network looks at the whole picture.
        res: longer side of the network's input.
    """
    longer = max(size)
    if tile is None or longer <= res:
        return res
    side = max(res, longer // _AUTO_TILES) if tile == "auto" else tile
    return max(res, round(longer * res / side))


def see_tiles(
    engine: Engine, picture: np.ndarray, bg: np.ndarray | None, res: int, mirror: bool = False
) -> Answer:
    """Look at a picture tile by tile.

    Args:
        engine: the network.
        picture: (H, W, 3) uint8 sRGB, whose tiles the network sees as they are.
        bg: (H, W, 3) uint8 sRGB, the same view without the object; None if there is none.
        res: side of a tile in pixels.
        mirror: also look at mirror images.

    Returns:
        The answer to one picture (B = 1) of this size. A picture of one tile gets the engine's own answer.

    Raises:
        MemoryError, RuntimeError: there is too little memory.
    """
    height, width = picture.shape[:2]
    if max(height, width) <= res:
        return engine.see(picture[None], None if bg is None else bg[None], mirror)
    whole = _see_whole(engine, picture, bg, res, mirror)
    channels = whole.mask.shape[1]
    # Shares of many classes at the size of a photo take gigabytes as float32.
    mask = np.empty((channels, height, width), np.float32 if channels == 1 else np.uint8)
    depth = None if whole.depth is None else np.zeros((height, width), np.float32)
    rough = None if whole.depth is None else stretch(whole.depth[0, 0], (width, height))
    tiles = list(product(_spans(height, res), _spans(width, res)))
    batch = min(_MOST_TILES, max(1, _BATCH_PIXELS // res**2))
    top, band = 0, np.zeros((channels, 0, width), np.float32)
    for first in range(0, len(tiles), batch):
        group = tiles[first : first + batch]
        answer = engine.see(_cut(picture, group), None if bg is None else _cut(bg, group), mirror)
        more = group[-1][0].part.stop - top - band.shape[1]
        band = np.concatenate([band, np.zeros((channels, max(0, more), width), np.float32)], axis=1)
        for number, (down, right) in enumerate(group):
            place = down.part, right.part
            weights = down.weights[:, None] * right.weights
            band[:, down.part.start - top : down.part.stop - top, right.part] += answer.mask[number] * weights
            if depth is not None and rough is not None and answer.depth is not None:
                depth[place] += _aligned(answer.depth[number, 0], rough[place]) * weights
        # The rows above all tiles to come are finished.
        end = tiles[first + batch][0].part.start if first + batch < len(tiles) else height
        mask[:, top:end] = _stored(band[:, : end - top].clip(0, 1), mask.dtype)
        top, band = end, band[:, end - top :]
    return Answer(mask[None], None if depth is None else np.clip(depth, 0, 1, out=depth)[None, None])


def _stored(shares: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Shares as float32, or rounded to levels as uint8."""
    return shares if dtype == np.float32 else np.rint(shares * 255).astype(np.uint8)


@dataclass(frozen=True)
class _Span:
    """Rows or columns of a tile, and their weights. The weights of all tiles have the sum 1 everywhere."""

    part: slice
    weights: np.ndarray


def _spans(length: int, side: int) -> list[_Span]:
    """Cover a length evenly with overlapping tiles."""
    if length <= side:
        return [_Span(slice(0, length), np.ones(length, np.float32))]
    count = 1 + int(np.ceil((length - side) / (side * (1 - _OVERLAP))))
    starts = np.rint(np.linspace(0, length - side, count)).astype(int)
    profile = np.maximum(np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2, _LEAST_WEIGHT)
    total = np.zeros(length)
    for start in starts:
        total[start : start + side] += profile
    parts = [slice(int(start), int(start) + side) for start in starts]
    return [_Span(part, (profile / total[part]).astype(np.float32)) for part in parts]


def _cut(picture: np.ndarray, group: Sequence[tuple[_Span, _Span]]) -> np.ndarray:
    return np.stack([picture[down.part, right.part] for down, right in group])


def _see_whole(engine: Engine, picture: np.ndarray, bg: np.ndarray | None, res: int, mirror: bool) -> Answer:
    height, width = picture.shape[:2]
    size = scaled_size(height, width, res)[::-1]
    small = stretch(picture, size)[None]
    return engine.see(small, None if bg is None else stretch(bg, size)[None], mirror)


def _aligned(depth: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """The depth of a tile (h, w), scaled and shifted to fit the depth of the whole picture there."""
    mean, mean_rough = float(depth.mean()), float(rough.mean())
    variance = float(depth.var())
    scale = 1.0
    if variance > _FLAT:
        covariance = float(((depth - mean) * (rough - mean_rough)).mean())
        scale = min(max(covariance / variance, 1 / _MOST_SCALE), _MOST_SCALE)
    fitted: np.ndarray = (depth - mean) * scale + mean_rough
    return fitted
