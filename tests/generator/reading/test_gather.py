import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.reading.gather import flat, gather_rows


@settings(max_examples=30, deadline=None)
@given(data=st.data(), width=st.integers(1, 70), stored=st.integers(1, 6), wanted=st.integers(0, 6))
def test_rows_land_in_their_places_and_nowhere_else(
    data: st.DataObject, width: int, stored: int, wanted: int
) -> None:
    source = np.random.default_rng(0).integers(0, 2**16, (stored, width, 2), np.uint16)
    source.flags.writeable = False  # like a memory map
    target = np.full((8, width, 2), 7, np.uint16)
    places = data.draw(st.permutations(range(8)))[:wanted]
    numbers = data.draw(st.lists(st.integers(0, stored - 1), min_size=wanted, max_size=wanted))
    gather_rows((flat(target),), np.array(places, np.int64), (flat(source),), np.array(numbers, np.int64))
    expected = np.full_like(target, 7)
    expected[places] = source[numbers]
    assert np.array_equal(target, expected)


def test_several_arrays_at_once() -> None:
    stored = (np.array([[1, 2], [3, 4]], np.uint8), np.array([[5], [6]], np.uint8))
    targets = (np.zeros((1, 2), np.uint8), np.zeros((1, 1), np.uint8))
    gather_rows(targets, np.array([0]), stored, np.array([1]))
    assert [target.tolist() for target in targets] == [[[3, 4]], [[6]]]


@pytest.mark.parametrize("shape", [(0, 2, 3), (3, 0)])
def test_nothing_is_no_bytes(shape: tuple[int, ...]) -> None:
    assert flat(np.zeros(shape)).shape == (shape[0], 0)
