import numpy as np
import pytest

from generator.format.bank import Bank

WIDTH, HEIGHT = 8, 6


@pytest.fixture
def bank() -> Bank:
    """Sprite 0 has 2 x 3 pixels and stands on its outer columns; sprite 1 has one pixel.

    Depth is 10 * row + column + 1 on background 0, unknown on background 1.
    """
    pixels = np.zeros((2, 2, 3, 4), np.uint8)
    pixels[0, 0, :, 3] = 255
    pixels[0, 1, :, 3] = [255, 127, 128]
    pixels[1, 0, 0, 3] = 255
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    depth = (10 * rows + columns + 1).astype(np.uint16)
    return Bank(
        np.zeros(0, np.uint8),
        pixels,
        np.array([[2, 3], [1, 1]], np.uint16),
        np.arange(2, dtype=np.uint32),
        np.zeros((2, HEIGHT, WIDTH, 3), np.uint8),
        np.stack([depth, np.zeros_like(depth)]),
    )
