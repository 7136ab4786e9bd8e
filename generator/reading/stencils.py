"""Sprites prepared for pasting, in a piece of memory of bounded size."""

import cv2
import numpy as np

from generator.format.bank import Bank

# All sprites of an ordinary dataset fit, plain and mirrored.
_BYTES = 48 * 2**20
_BYTES_PER_PIXEL = 7


class Stencils:
    """Sprites trimmed to their visible pixels, plain or mirrored, each in a slot of its own.

    Attributes:
        capacity: number of slots, and the most layers of one call of `ready`.
        holds_all: whether all sprites fit, plain and mirrored: then no slot is ever filled twice.
        box: (capacity, 4) int64: left and top of the trimmed box within the sprite, its width and height.
        colour: (capacity, 3 h w) uint8, row by row.
        opacity: (capacity, 3 h w) uint8, alpha repeated for every channel.
        alpha: (capacity, h w) uint8.
    """

    def __init__(self, bank: Bank) -> None:
        sprites, height, width = bank.sprite_pixels.shape[:3]
        pixels = height * width
        self._bank = bank
        self._used = 0
        self._slot = np.full(2 * sprites, -1)
        self.capacity = max(1, min(2 * sprites, _BYTES // (_BYTES_PER_PIXEL * pixels)))
        self.holds_all = self.capacity >= 2 * sprites
        self.box = np.zeros((self.capacity, 4), np.int64)
        self.colour = np.empty((self.capacity, 3 * pixels), np.uint8)
        self.opacity = np.empty((self.capacity, 3 * pixels), np.uint8)
        self.alpha = np.empty((self.capacity, pixels), np.uint8)

    def ready(self, sprites: np.ndarray, flips: np.ndarray) -> np.ndarray:
        """Prepare sprites and give their slots, which stay valid until the next call.

        When new sprites do not fit any more, all slots are emptied first.

        Args:
            sprites: (n,) numbers in the bank, n <= capacity.
            flips: (n,) bool, whether each is mirrored.

        Returns:
            (n,) int64.
        """
        keys = 2 * sprites.astype(np.int64) + flips
        new = np.unique(keys[self._slot[keys] < 0])
        if len(new) > self.capacity - self._used:
            self._slot.fill(-1)
            self._used = 0
            new = np.unique(keys)
        for key in new.tolist():
            self._fill(self._used, *divmod(key, 2))
            self._slot[key] = self._used
            self._used += 1
        slots: np.ndarray = self._slot[keys]
        return slots

    def _fill(self, slot: int, sprite: int, flip: int) -> None:
        pixels = self._bank.sprite(sprite)
        if flip:
            pixels = cv2.flip(pixels, 1)
        left, top, width, height = cv2.boundingRect(np.ascontiguousarray(pixels[..., 3]))
        trimmed = pixels[top : top + height, left : left + width]
        self.box[slot] = left, top, width, height
        self.colour[slot, : 3 * width * height] = trimmed[..., :3].ravel()
        self.opacity[slot, : 3 * width * height] = np.repeat(trimmed[..., 3], 3)
        self.alpha[slot, : width * height] = trimmed[..., 3].ravel()
