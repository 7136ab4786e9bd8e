import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import generator.scene.numbering
from generator.scene.numbering import SplitPlan
from generator.scene.random_bits import permuted, random_words

PLAN = SplitPlan("train", np.arange(3), np.arange(4), flips=2, positions=5)


def test_a_sorted_order_is_a_permutation_that_depends_on_the_seed() -> None:
    order = PLAN.order(1, 120)
    assert sorted(order) == list(range(120)) and order.tolist() != list(range(120))
    assert (order != PLAN.order(2, 120)).any()
    assert PLAN.order(1, 50).tolist() == order[:50].tolist(), "fewer samples are the first ones"


def test_any_part_of_a_calculated_order_can_be_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.scene.numbering, "MOST_SORTED", 119)
    assert not PLAN.is_sorted
    order = PLAN.numbers_at(1, range(120))
    assert sorted(order) == list(range(120)) and order.tolist() != list(range(120))
    assert (order != PLAN.numbers_at(2, range(120))).any()
    assert PLAN.numbers_at(1, range(50, 60)).tolist() == order[50:60].tolist()


@given(st.integers(1, 700), st.integers(0, 2**64 - 1))
def test_permuted_numbers_stay_different_and_in_range(size: int, seed: int) -> None:
    keys = random_words(seed, "order/val", 8)
    assert sorted(permuted(np.arange(size), size, keys)) == list(range(size))


def test_permuted_numbers_are_spread_and_never_change() -> None:
    size = 10**13
    found = permuted(np.arange(100_000), size, random_words(7, "order/train", 8))
    assert len(np.unique(found)) == 100_000 and found.min() >= 0 and found.max() < size
    # Standard deviation of the mean: 1 / sqrt(12 * 100,000) = 0.0009; of a correlation: 0.003.
    assert abs(found.mean() / size - 0.5) < 0.004
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.015
    shares = np.bincount(found * 16 // size, minlength=16)
    assert abs(shares - 6250).max() < 5 * 6250**0.5
    assert found[:3].tolist() == [874486216816, 5941391813782, 1725208823291]
