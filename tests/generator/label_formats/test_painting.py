import numpy as np
import pytest

from generator.label_formats.painting import Part, paint, smaller_on_top
from generator.label_formats.regions import Region, ShapeError
from generator.label_formats.shapes import box

SIZE = (6, 3)
CAT, DOG = 1, 2


def strip(left: int, right: int, top: int = 0, bottom: int = 3) -> Region:
    return box(left, top, right, bottom, SIZE)


def soft(*cover: int) -> Region:
    return Region(0, 1, np.array([cover], np.uint8))


def test_later_parts_lie_over_earlier_ones_and_void_is_255() -> None:
    parts = [Part(strip(0, 4), CAT), Part(strip(3, 6), DOG), Part(strip(5, 6), None)]
    label = paint(parts, SIZE, None)
    assert label.levels.tolist() == [[1, 1, 1, 2, 2, 255]] * 3
    assert label.instances is not None and label.instances.tolist() == [[1, 1, 1, 2, 2, 0]] * 3
    assert label.void is None
    assert (label.levels.dtype, label.instances.dtype) == (np.uint8, np.uint16)


def test_parts_of_one_object_have_one_number() -> None:
    parts = [Part(strip(0, 1), CAT, "a"), Part(strip(2, 3), DOG), Part(strip(4, 5), CAT, "a")]
    label = paint(parts, SIZE, None)
    assert label.instances is not None and label.instances[0].tolist() == [1, 0, 2, 0, 1, 0]


def test_alpha_is_of_the_foreground_and_other_classes_hide_it() -> None:
    parts = [Part(strip(0, 4), CAT), Part(strip(3, 6), DOG), Part(strip(0, 1), None)]
    label = paint(parts, SIZE, frozenset({CAT}))
    assert label.levels.tolist() == [[0, 255, 255, 0, 0, 0]] * 3
    assert label.void is not None and label.void.tolist() == [[True] + [False] * 5] * 3
    assert label.instances is not None and label.instances.tolist() == [[0, 1, 1, 0, 0, 0]] * 3
    assert paint(parts[:2], SIZE, frozenset({CAT})).void is None


def test_an_object_over_void_is_known() -> None:
    label = paint([Part(strip(0, 6), None), Part(strip(2, 3), CAT)], SIZE, frozenset({CAT}))
    assert label.void is not None and label.void[0].tolist() == [True, True, False, True, True, True]


def test_soft_edges_stay_soft_in_alpha_and_become_hard_in_classes() -> None:
    parts = [Part(soft(0, 100, 128, 255, 0, 0), CAT)]
    assert paint(parts, SIZE, frozenset({CAT})).levels[1].tolist() == [0, 100, 128, 255, 0, 0]
    label = paint(parts, SIZE, None)
    assert label.levels[1].tolist() == [0, 0, 1, 1, 0, 0]
    assert label.instances is not None and label.instances[1].tolist() == [0, 0, 1, 1, 0, 0]
    twice = paint([*parts, Part(soft(0, 100, 0, 0, 0, 0), CAT)], SIZE, frozenset({CAT}))
    assert twice.levels[1, 1] == 100 + round(100 * 155 / 255), "the second one covers what shows through"


def test_without_stored_order_small_objects_lie_over_large_ones_and_all_over_void() -> None:
    large, small, void = Part(strip(0, 5), CAT), Part(strip(1, 2), DOG), Part(strip(0, 1), None)
    assert smaller_on_top([small, large, void]) == [void, large, small]
    same = [Part(strip(0, 2), CAT), Part(strip(1, 3), DOG)]
    assert smaller_on_top(same) == same


def test_there_are_no_more_objects_than_numbers() -> None:
    with pytest.raises(ShapeError) as caught:
        paint([Part(strip(0, 1), CAT)] * 65536, SIZE, None)
    assert caught.value.args == ("up to 65,535 objects in a picture", "65,536")
