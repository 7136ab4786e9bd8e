import numpy as np

from generator.format.bank import Bank
from generator.format.tables import PLACEMENT
from generator.scene.ground import ground_depth

WIDTH, HEIGHT = 8, 6


def placed(sprite: int, x: int, y: int, flip: int = 0) -> np.ndarray:
    return np.array([(sprite, x, y, flip, 0, 0, (256, 256, 256))], PLACEMENT)


def test_ground_depth_is_the_lower_median_under_the_lowest_opaque_row(bank: Bank) -> None:
    # At (2, 3), sprite 0 stands on row 4, columns 2 and 4. The depths there are 43 and 45; the lower counts.
    assert ground_depth(bank, np.array([0]), placed(0, 2, 3)) == [43]
    # The mirrored sprite stands on the same two columns. At the left border it stands on 0 and 2 of row 5.
    assert ground_depth(bank, np.array([0]), placed(0, 2, 3, flip=1)) == [43]
    assert ground_depth(bank, np.array([0]), placed(0, 0, 4)) == [51]
    assert ground_depth(bank, np.array([0]), placed(1, 7, 0)) == [8]


def test_ground_depth_is_clamped_to_the_canvas(bank: Bank) -> None:
    assert ground_depth(bank, np.array([0]), placed(1, 20, 20)) == [58]


def test_ground_depth_leaves_unknown_pixels_out(bank: Bank) -> None:
    bank.bg_depth[0, 4, 2] = 0
    assert ground_depth(bank, np.array([0]), placed(0, 2, 3)) == [45]
    assert ground_depth(bank, np.array([1]), placed(0, 2, 3)) == [0]
