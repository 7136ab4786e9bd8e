import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import generator.scene.numbering
from generator.scene.numbering import SplitPlan
from generator.scene.random_bits import permuted, random_words

PLAN = SplitPlan("train", np.arange(3), np.arange(4), flips=2, positions=5)


def test_a_sorted_order_is_a_permutation_that_depends_on_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.scene.numbering, "_BLOCK", 7)
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


@pytest.mark.parametrize("at_once", [2**25, 3000])
@pytest.mark.parametrize("count", [1, 2500, 9973])
def test_the_order_is_that_of_the_random_words(
    at_once: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.scene.numbering, "_AT_ONCE", at_once)
    monkeypatch.setattr(generator.scene.numbering, "_BLOCK", 1000)
    plan = SplitPlan("val", np.arange(9973), np.arange(1), 1, 1)
    by_words = np.argsort(random_words(5, "order/val", 9973), kind="stable")
    assert plan.order(5, count).tolist() == by_words[:count].tolist()


@pytest.mark.parametrize("at_once", [2**25, 300])
def test_words_that_are_nearly_or_wholly_equal_are_told_apart(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = random_words(3, "fg", 1000)
    # 16 values of the upper bits, 50 of the lowest ones: most of 1,000 words have an equal one.
    words = (few >> np.uint64(60) << np.uint64(60)) | (few % np.uint64(50))
    monkeypatch.setattr(generator.scene.numbering, "_AT_ONCE", at_once)
    monkeypatch.setattr(generator.scene.numbering, "_BLOCK", 64)
    monkeypatch.setattr(
        generator.scene.numbering,
        "random_word_blocks",
        lambda seed, stream, count, block: iter(np.split(words, range(block, count, block))),
    )
    monkeypatch.setattr(generator.scene.numbering, "words_at", lambda seed, stream, numbers: words[numbers])
    plan = SplitPlan("train", np.arange(1000), np.arange(1), 1, 1)
    assert plan.order(0, 1000).tolist() == np.argsort(words, kind="stable").tolist()


def test_the_first_of_many_samples_need_no_memory_for_the_others() -> None:
    plan = SplitPlan("train", np.arange(4_000_000), np.arange(1), 1, 1)
    tracemalloc.start()
    plan.order(0, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Sorting all of them takes 16 bytes for each; a block of words and its comparison take 25 MB.
    assert peak < 40e6


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
