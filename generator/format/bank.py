"""The bank: all sprites and backgrounds of a dataset, in one file that every reader memory-maps."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.hdf5 import check_datasets, map_datasets
from generator.format.pixels import OPAQUE, Layout

BANK_FILE = "bank.h5"

NO_FG = 2**32 - 1
"""The foreground number of shadows."""

MOST_SIDE = 8192
"""The largest width and height of a picture, in pixels."""

_MOST_IN_MEMORY = 2**30

# The lowest part of an object, as a share of its height, in which it touches the ground.
_BASE = 0.15


@dataclass(frozen=True)
class Foot:
    """Where sprites touch the ground: the opaque pixels of their lowest opaque row.

    Attributes:
        row: (n,) int64, the lowest opaque row.
        columns: (n, k) int64, its opaque columns, padded to the widest foot.
        valid: (n, k) bool, False for padding.
    """

    row: np.ndarray
    columns: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True, eq=False)
class Bank:
    """Sprites and backgrounds as read-only arrays. Two banks are equal only if they are the same object.

    Attributes:
        header: (bytes,) uint8, what the bank was made from (config, assets with names, hashes and splits), as
            JSON. Readers and workers do not need it.
        sprite_pixels: (n, h, w, 4) uint8 straight alpha, zero-padded to the largest sprite. The sprites of
            one foreground follow each other, in the order of the foregrounds. Shadows, if there are any, come
            last, from 3 pixels wide to the widest.
        sprite_size: (n, 2) uint16 height and width.
        sprite_fg: (n,) uint32, the foreground that each sprite shows; NO_FG for shadows.
        bg: (n, H, W, 3) uint8.
        bg_depth: (n, H, W) uint16 relative inverse depth, 0 unknown.
    """

    header: np.ndarray
    sprite_pixels: np.ndarray
    sprite_size: np.ndarray
    sprite_fg: np.ndarray
    bg: np.ndarray
    bg_depth: np.ndarray

    @classmethod
    def open(cls, path: Path) -> "Bank":
        """Memory-map a bank.

        Raises:
            DatasetError: it is missing, or differs from the format.
        """
        arrays = map_datasets(path)
        check_datasets(path, arrays, _layout(arrays))
        bank = cls(**{name: arrays[name] for name in _layout(arrays)})
        bank._check(path)
        return bank

    def _check(self, path: Path) -> None:
        """Make sure that every sprite lies within its padding, and that shadows come after the objects."""
        height, width = self.sprite_pixels.shape[1:3]

        def refuse(name: str, expected: str, found: object) -> DatasetError:
            return DatasetError(f"{path}:{name}", expected, str(found), COPY_AGAIN)

        for name in ("sprite_pixels", "bg"):
            shape = getattr(self, name).shape
            if not (shape[0] and min(shape[1:3]) >= 1 and max(shape[1:3]) <= MOST_SIDE):
                raise refuse(name, f"one picture or more, of 1 to {MOST_SIDE} pixels a side", shape)
        sizes = self.sprite_size
        wrong = np.flatnonzero((sizes < 1).any(axis=1) | (sizes > (height, width)).any(axis=1))
        if len(wrong):
            raise refuse("sprite_size", f"1 to {height} x {width}", " x ".join(map(str, sizes[wrong[0]])))
        if not (self.sprite_fg[: self.objects] != NO_FG).all() or not self.objects:
            raise refuse("sprite_fg", "objects first, then shadows", "another order")

    def with_backgrounds_in_memory(self) -> "Bank":
        """The same bank with its backgrounds copied to memory, unless they are larger than 1 GiB.

        Most of the time of rendering is reading backgrounds, which is a quarter faster from large memory
        pages.
        """
        if self.bg.nbytes + self.bg_depth.nbytes > _MOST_IN_MEMORY:
            return self
        return replace(self, bg=np.array(self.bg), bg_depth=np.array(self.bg_depth))

    @property
    def objects(self) -> int:
        """The number of sprites that are objects; the sprites after them are shadows."""
        return int(np.count_nonzero(self.sprite_fg != NO_FG))

    def sprite(self, number: int) -> np.ndarray:
        """One sprite without its padding: (h, w, 4) uint8."""
        height, width = self.sprite_size[number]
        pixels: np.ndarray = self.sprite_pixels[number, :height, :width]
        return pixels

    def foot(self, sprites: np.ndarray) -> Foot:
        """The feet of objects (n,)."""
        feet = self._feet.of(sprites).astype(np.int64)
        widths = feet[:, 1]
        valid = np.arange(widths.max(initial=1)) < widths[:, None]
        return Foot(feet[:, 0], feet[:, 2 : 2 + valid.shape[1]], valid)

    def base(self, sprites: np.ndarray) -> np.ndarray:
        """The first and last opaque column of objects (...) near the ground: (..., 2) int64."""
        return self._base.of(sprites)

    def columns_left(self, sprites: np.ndarray) -> np.ndarray:
        """The share of the opaque pixels of objects (n,) left of each column: (n, w + 1) float64."""
        return self._columns_left.of(sprites)

    def rows_above(self, sprites: np.ndarray) -> np.ndarray:
        """The share of the opaque pixels of objects (n,) above each row: (n, h + 1) float64."""
        return self._rows_above.of(sprites)

    def sprite_mean(self, sprites: np.ndarray) -> np.ndarray:
        """The mean colour of the opaque pixels of objects (n,): (n, 3) float64."""
        return self._sprite_mean.of(sprites)

    def bg_mean(self, bgs: np.ndarray) -> np.ndarray:
        """The mean colour of backgrounds (n,): (n, 3) float64."""
        return self._bg_mean.of(bgs)

    @cached_property
    def _feet(self) -> "_Table":
        width = self.sprite_pixels.shape[2]

        def row(number: int) -> np.ndarray:
            opaque = self._opaque(number)
            lowest = np.flatnonzero(opaque.any(axis=1))[-1]
            columns = np.flatnonzero(opaque[lowest])
            return np.pad(np.array([lowest, len(columns), *columns]), (0, width - len(columns)))

        return _Table(row, self.objects, 2 + width, np.uint16)

    @cached_property
    def _base(self) -> "_Table":
        def row(number: int) -> tuple[int, int]:
            return base_columns(self.sprite(number)[..., 3])

        return _Table(row, self.objects, 2, np.int64)

    @cached_property
    def _columns_left(self) -> "_Table":
        def row(number: int) -> np.ndarray:
            return _share_before(self._opaque(number).sum(axis=0))

        return _Table(row, self.objects, self.sprite_pixels.shape[2] + 1, np.float64)

    @cached_property
    def _rows_above(self) -> "_Table":
        def row(number: int) -> np.ndarray:
            return _share_before(self._opaque(number).sum(axis=1))

        return _Table(row, self.objects, self.sprite_pixels.shape[1] + 1, np.float64)

    @cached_property
    def _sprite_mean(self) -> "_Table":
        def row(number: int) -> tuple[float, ...]:
            return cv2.mean(self.sprite_pixels[number], self._opaque(number).view(np.uint8))[:3]

        return _Table(row, self.objects, 3, np.float64)

    @cached_property
    def _bg_mean(self) -> "_Table":
        def row(number: int) -> tuple[float, ...]:
            return cv2.mean(self.bg[number])[:3]

        return _Table(row, len(self.bg), 3, np.float64)

    def _opaque(self, number: int) -> np.ndarray:
        opaque: np.ndarray = self.sprite_pixels[number, :, :, 3] >= OPAQUE
        return opaque


class _Table:
    """A row of numbers for each picture of a bank, made when it is first asked for.

    A bank may have a million pictures, of which a worker uses some thousand.

    Args:
        make: gives the row of one picture.
        count: of pictures.
        width: of a row.
        dtype: of its numbers.
    """

    def __init__(
        self, make: Callable[[int], ArrayLike], count: int, width: int, dtype: type[np.generic]
    ) -> None:
        self._make = make
        # Memory that is not written to takes none.
        self._rows, self._is_made = np.empty((count, width), dtype), np.zeros(count, bool)

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """The rows of pictures (...): (..., width)."""
        for number in np.unique(numbers[~self._is_made[numbers]]).tolist():
            self._rows[number] = self._make(number)
            self._is_made[number] = True
        rows: np.ndarray = self._rows[numbers]
        return rows


def _share_before(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], counts.cumsum() / counts.sum()])


def _layout(arrays: dict[str, np.ndarray]) -> Layout:
    """The arrays that a bank must hold, for as many sprites and backgrounds as its arrays show."""

    def shape(name: str, dimensions: int) -> tuple[int, ...]:
        found = arrays[name].shape if name in arrays else ()
        return (found + (1,) * dimensions)[:dimensions]

    sprites, sprite_height, sprite_width = shape("sprite_pixels", 3)
    bgs, height, width = shape("bg", 3)
    u1, u2, u4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")
    return {
        "header": (shape("header", 1), u1),
        "sprite_pixels": ((sprites, sprite_height, sprite_width, 4), u1),
        "sprite_size": ((sprites, 2), u2),
        "sprite_fg": ((sprites,), u4),
        "bg": ((bgs, height, width, 3), u1),
        "bg_depth": ((bgs, height, width), u2),
    }


def base_columns(alpha: np.ndarray) -> tuple[int, int]:
    """The first and last opaque column in the lowest part of an object.

    Args:
        alpha: (h, w) uint8, with at least one opaque pixel.
    """
    opaque = alpha >= OPAQUE
    rows = np.flatnonzero(opaque.any(axis=1))
    height = rows[-1] - rows[0] + 1
    base = opaque[rows[-1] + 1 - max(1, round(height * _BASE)) : rows[-1] + 1]
    columns = np.flatnonzero(base.any(axis=0))
    return int(columns[0]), int(columns[-1])
