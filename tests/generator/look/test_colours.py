import numpy as np

from generator.look.colours import INSTANCE_COLOURS, colour_depth, colour_instances, colour_shares


def test_unknown_depth_is_black_and_nothing_else_is() -> None:
    colours = colour_depth(np.array([[0, 1, 30000, 65535]], np.uint16))
    assert colours.shape == (1, 4, 3) and colours.dtype == np.uint8
    assert colours[0, 0].tolist() == [0, 0, 0]
    assert (colours[0, 1:].max(axis=1) > 60).all()
    # From far to near, colours become brighter, from violet to yellow.
    assert (np.diff(colours[0, 1:].sum(axis=1, dtype=int)) > 0).all()
    assert colours[0, 3, 0] > 200 > 100 > colours[0, 3, 2]


def test_instances_are_told_apart() -> None:
    colours = colour_instances(np.array([[0, 1, 2, 8, 9]], np.uint8))[0].tolist()
    assert colours[0] == [0, 0, 0]
    assert (
        tuple(colours[1]) == INSTANCE_COLOURS[0] == tuple(colours[4])
        and tuple(colours[3]) == INSTANCE_COLOURS[7]
    )


def test_shares_end_at_both_ends_of_the_map() -> None:
    assert (colour_shares(np.array([[0.0, 1.0]])) == colour_depth(np.array([[1, 65535]], np.uint16))).all()
