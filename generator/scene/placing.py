"""Positions: where each object of a sample stands, within the borders and the overlap that are allowed."""

from dataclasses import dataclass

import numpy as np

from generator.config import GenerateConfig
from generator.format.bank import Bank
from generator.scene.random_bits import below


@dataclass(frozen=True)
class Corners:
    """The top-left corners of objects, in pixels of the canvas: x and y, each (n,) int64."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Placing:
    """Chooses positions. Every function takes one object of each of n samples.

    Attributes:
        bank: its sprites, and its backgrounds for the size of the canvas.
        config: what may be cut off or hidden, and the grid.
    """

    bank: Bank
    config: GenerateConfig

    def draw(self, placements: np.ndarray, x: np.ndarray, y: np.ndarray) -> Corners:
        """Draw positions, all equally likely where no more than `config.truncate` is cut off.

        Args:
            placements: (n,) of dtype PLACEMENT; only sprite and flip are read.
            x: (n,) uint64 random numbers of 32 bits.
            y: (n,) uint64 random numbers of 32 bits.
        """
        room_x, room_y = self._room(placements["sprite"])
        if not self.config.truncate:
            return Corners(below(x, room_x + 1).astype(np.int64), below(y, room_y + 1).astype(np.int64))
        left, right, top, bottom = self._beyond(placements)
        corners = Corners(
            below(x, room_x + left + right + 1).astype(np.int64) - left,
            below(y, room_y + top + bottom + 1).astype(np.int64) - top,
        )
        # In a corner of the canvas both borders may cut off too much together: then y moves inside.
        too_much = self._cut_off(placements, corners) > self.config.truncate
        return Corners(corners.x, np.where(too_much, np.clip(corners.y, 0, room_y), corners.y))

    def on_grid(self, sprites: np.ndarray, positions: np.ndarray) -> Corners:
        """The fixed positions of `config.grid`.

        Args:
            sprites: (n,) numbers in the bank.
            positions: (n,) int64 numbers of grid positions, row by row.
        """
        assert self.config.grid is not None
        columns, rows = self.config.grid
        row, column = np.divmod(positions, columns)
        room_x, room_y = self._room(sprites)
        return Corners(_evenly(column, columns, room_x), _evenly(row, rows, room_y))

    def replace(self, placements: np.ndarray, sprites: np.ndarray) -> None:
        """Change the sprites of placements in place; the middle of each lower edge stays where it is."""
        before, after = self._size(placements["sprite"]), self._size(sprites)
        placements["sprite"] = sprites
        x = placements["x"] + (before[1] - after[1]) // 2
        y = placements["y"] + before[0] - after[0]
        room_x, room_y = self._room(sprites)
        too_much: np.ndarray | bool = True
        if self.config.truncate:
            too_much = self._cut_off(placements, Corners(x, y)) > self.config.truncate
        placements["x"] = np.where(too_much, np.clip(x, 0, room_x), x)
        placements["y"] = np.where(too_much, np.clip(y, 0, room_y), y)

    def leaves_visible(
        self, before: list[tuple[np.ndarray, np.ndarray]], placements: np.ndarray
    ) -> np.ndarray:
        """Whether objects leave enough of those before them visible, and the other way round: (n,) bool.

        Args:
            before: for each object before, its placements (n,) and whether it is present (n,).
            placements: (n,) of dtype PLACEMENT.
        """
        fits = np.ones(len(placements), bool)
        for other, present in before:
            smaller = np.minimum(self._box_area(other), self._box_area(placements))
            fits &= ~present | (self._common_area(other, placements) <= self.config.overlap * smaller)
        return fits

    def _size(self, sprites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.bank.sprite_size[sprites].astype(np.int64).T
        return height, width

    def _room(self, sprites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The largest x and y at which sprites lie within the canvas."""
        canvas_height, canvas_width = self.bank.bg.shape[1:3]
        height, width = self._size(sprites)
        return canvas_width - width, canvas_height - height

    def _beyond(self, placements: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """How many pixels of each object may lie beyond the left, right, top and bottom border."""
        limit = self.config.truncate
        columns = self._columns_left(placements)
        rows = self.bank.rows_above(placements["sprite"])
        sides = []
        for shares, size in zip((columns, rows), self._size(placements["sprite"])[::-1], strict=True):
            before = (shares <= limit).sum(axis=1) - 1
            after = size - (shares < 1 - limit).sum(axis=1)
            # Transparent pixels count for nothing, but at least one row or column stays within the canvas.
            sides += [np.minimum(before, size - 1), np.clip(after, 0, size - 1)]
        return sides[0], sides[1], sides[2], sides[3]

    def _cut_off(self, placements: np.ndarray, corners: Corners) -> np.ndarray:
        """An upper bound of the share of each object's opaque pixels beyond the borders: (n,) float64."""
        canvas_height, canvas_width = self.bank.bg.shape[1:3]
        lost = np.zeros(len(placements))
        for shares, start, end in (
            (self._columns_left(placements), corners.x, canvas_width),
            (self.bank.rows_above(placements["sprite"]), corners.y, canvas_height),
        ):
            rows, last = np.arange(len(shares)), shares.shape[1] - 1
            lost += shares[rows, np.clip(-start, 0, last)] + 1 - shares[rows, np.clip(end - start, 0, last)]
        return lost

    def _columns_left(self, placements: np.ndarray) -> np.ndarray:
        """`Bank.columns_left` of sprites as they are pasted, mirrored or not."""
        plain = self.bank.columns_left(placements["sprite"])
        _, width = self._size(placements["sprite"])
        columns = np.clip(width[:, None] - np.arange(plain.shape[1]), 0, None)
        mirrored = 1 - np.take_along_axis(plain, columns, axis=1)
        return np.where(placements["flip"][:, None] == 1, mirrored, plain)

    def _box_area(self, placements: np.ndarray) -> np.ndarray:
        height, width = self._size(placements["sprite"])
        area: np.ndarray = height * width
        return area

    def _common_area(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """The area that the boxes of two objects share, in pixels."""
        sides = []
        for axis, name in enumerate(("y", "x")):
            start = np.maximum(one[name], other[name]).astype(np.int64)
            ends = [box[name] + self._size(box["sprite"])[axis] for box in (one, other)]
            sides.append(np.maximum(np.minimum(*ends) - start, 0))
        area: np.ndarray = sides[0] * sides[1]
        return area


def _evenly(number: np.ndarray, count: int, room: np.ndarray) -> np.ndarray:
    """Position `number` of `count`, spread evenly over the room; a single one is in the middle."""
    return room // 2 if count == 1 else number * room // (count - 1)
