"""The bank: all sprites and backgrounds of a dataset, memory-mapped by every reader."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from generator.errors import COPY_AGAIN, DatasetError, one_line
from generator.format.hdf5 import check_datasets, map_datasets
from generator.format.pixels import OPAQUE, Layout

BANK_FILE = "bank.h5"

NO_FG = 2**32 - 1

MOST_SIDE = 8192
"""Pixels of a picture's side, at most."""

_MOST_IN_MEMORY = 2**30

# Of an object's height, from its lowest opaque row up: what counts as standing on the ground.
_BASE = 0.15


@dataclass(frozen=True)
class Foot:
    """Where sprites touch the ground: the opaque pixels of their lowest opaque row.

    Attributes:
        row: (n,) that row.
        columns: (n, k) its opaque columns, padded to the widest foot.
        valid: (n, k) which of `columns` are real.
    """

    row: np.ndarray
    columns: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True, eq=False)
class Bank:
    """Sprites and backgrounds as read-only arrays; a bank equals itself alone.

    Attributes:
        header: what the bank was made from (config, assets with names, hashes and splits).
        sprite_pixels: (n, h, w, 4) uint8 straight alpha, zero-padded to the largest sprite. Those of one
            foreground stand together, in the order of the foregrounds; where shadows are cast, they stand
            behind, from 3 pixels wide to the widest.
        sprite_size: (n, 2) uint16 height and width.
        sprite_fg: (n,) uint32 the foreground each sprite shows; NO_FG for shadows.
        bg: (n, H, W, 3) uint8.
        bg_depth: (n, H, W) uint16 relative inverse depth, 0 unknown.
    """

    header: dict[str, Any]
    sprite_pixels: np.ndarray
    sprite_size: np.ndarray
    sprite_fg: np.ndarray
    bg: np.ndarray
    bg_depth: np.ndarray

    @classmethod
    def open(cls, path: Path) -> "Bank":
        """Map a bank.

        Raises:
            DatasetError: it is missing or not what the format says.
        """
        arrays = map_datasets(path)
        check_datasets(path, arrays, _layout(arrays))
        header = _read_header(path, arrays["header"])
        bank = cls(header, **{name: arrays[name] for name in _layout(arrays) if name != "header"})
        bank._check(path)
        return bank

    def _check(self, path: Path) -> None:
        """Make sure that every sprite lies within its padding, and shadows behind the objects."""
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
            raise refuse("sprite_fg", "objects, and shadows behind them", "another order")

    def with_backgrounds_in_memory(self) -> "Bank":
        """The same bank with its backgrounds copied, unless they are very large.

        Reading them is most of rendering, and from memory of large pages it is a quarter faster.
        """
        if self.bg.nbytes + self.bg_depth.nbytes > _MOST_IN_MEMORY:
            return self
        return replace(self, bg=np.array(self.bg), bg_depth=np.array(self.bg_depth))

    @property
    def objects(self) -> int:
        """How many sprites are objects; those behind them are shadows."""
        return int(np.count_nonzero(self.sprite_fg != NO_FG))

    def sprite(self, number: int) -> np.ndarray:
        """One sprite without its padding: (h, w, 4) uint8."""
        height, width = self.sprite_size[number]
        pixels: np.ndarray = self.sprite_pixels[number, :height, :width]
        return pixels

    def foot(self, sprites: np.ndarray) -> Foot:
        """The feet of objects (n,)."""
        feet = self._feet
        return Foot(feet.row[sprites], feet.columns[sprites], feet.valid[sprites])

    @cached_property
    def base(self) -> np.ndarray:
        """What each object stands on: (n, 2) int64, its first and last opaque column near the ground."""
        return np.array([base_columns(self.sprite(number)[..., 3]) for number in range(self.objects)])

    @cached_property
    def columns_left(self) -> np.ndarray:
        """(n, w + 1) float64: the share of each object's opaque pixels that lies left of a column."""
        return np.array([_share_before(self._opaque(number).sum(axis=0)) for number in range(self.objects)])

    @cached_property
    def rows_above(self) -> np.ndarray:
        """(n, h + 1) float64: the share of each object's opaque pixels that lies above a row."""
        return np.array([_share_before(self._opaque(number).sum(axis=1)) for number in range(self.objects)])

    @cached_property
    def sprite_mean(self) -> np.ndarray:
        """The mean colour of each object's opaque pixels: (n, 3) float64."""
        sprites = [(self.sprite_pixels[number], self._opaque(number)) for number in range(self.objects)]
        return np.array([cv2.mean(pixels, opaque.view(np.uint8))[:3] for pixels, opaque in sprites])

    @cached_property
    def bg_mean(self) -> np.ndarray:
        """The mean colour of each background: (n, 3) float64."""
        return np.array([cv2.mean(pixels)[:3] for pixels in self.bg])

    @cached_property
    def _feet(self) -> Foot:
        rows, columns = [], []
        for number in range(self.objects):
            opaque = self._opaque(number)
            rows.append(np.flatnonzero(opaque.any(axis=1))[-1])
            columns.append(np.flatnonzero(opaque[rows[-1]]))
        widths = np.array([len(foot) for foot in columns])
        valid = np.arange(widths.max()) < widths[:, None]
        padded = np.zeros(valid.shape, np.int64)
        padded[valid] = np.concatenate(columns)
        return Foot(np.array(rows), padded, valid)

    def _opaque(self, number: int) -> np.ndarray:
        opaque: np.ndarray = self.sprite_pixels[number, :, :, 3] >= OPAQUE
        return opaque


def _read_header(path: Path, content: np.ndarray) -> dict[str, Any]:
    try:
        header = json.loads(content.tobytes())
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}:header", "JSON", one_line(error), COPY_AGAIN) from error
    if not isinstance(header, dict):
        raise DatasetError(f"{path}:header", "a JSON object", type(header).__name__, COPY_AGAIN)
    return header


def _share_before(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], counts.cumsum() / counts.sum()])


def _layout(arrays: dict[str, np.ndarray]) -> Layout:
    """What a bank must hold, given how many sprites and backgrounds it seems to have."""

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
    """The first and last opaque column within the lowest part of an object, alpha (h, w) uint8."""
    opaque = alpha >= OPAQUE
    rows = np.flatnonzero(opaque.any(axis=1))
    height = rows[-1] - rows[0] + 1
    base = opaque[rows[-1] + 1 - max(1, round(height * _BASE)) : rows[-1] + 1]
    columns = np.flatnonzero(base.any(axis=0))
    return int(columns[0]), int(columns[-1])
