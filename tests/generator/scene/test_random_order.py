import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from generator.scene import random_order
from generator.scene.random_bits import WordStream, random_words, word_stream
from generator.scene.random_order import first_in_order, in_range


@pytest.mark.parametrize("at_once", [2**25, 3000])
@pytest.mark.parametrize("count", [1, 2500, 9973])
def test_the_order_is_that_of_the_random_words(
    at_once: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_order, "AT_ONCE", at_once)
    monkeypatch.setattr(random_order, "_BLOCK", 1000)
    stream = word_stream(5, "order/val")
    by_words = np.argsort(stream.words(0, 9973), kind="stable")
    order = first_in_order(stream, 9973, count)
    assert order.dtype == np.uint32 and order.tolist() == by_words[:count].tolist()


@dataclass(frozen=True)
class Given(WordStream):
    """A stream of given words."""

    given: np.ndarray

    def words(self, start: int, count: int) -> np.ndarray:
        return self.given[start : start + count]

    def blocks(self, count: int, size: int) -> Iterator[np.ndarray]:
        return (self.words(start, min(size, count - start)) for start in range(0, count, size))

    def at(self, numbers: np.ndarray) -> np.ndarray:
        return self.given[numbers]


@pytest.mark.parametrize("at_once", [2**25, 300])
def test_words_that_are_nearly_or_wholly_equal_are_told_apart(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = random_words(3, "fg", 1000)
    # 16 values of the upper bits, 50 of the lowest ones: most of 1,000 words have an equal one.
    words = (few >> np.uint64(60) << np.uint64(60)) | (few % np.uint64(50))
    monkeypatch.setattr(random_order, "AT_ONCE", at_once)
    monkeypatch.setattr(random_order, "_BLOCK", 64)
    order = first_in_order(Given(0, (0, 0, 0), words), 1000, 1000)
    assert order.tolist() == np.argsort(words, kind="stable").tolist()


def test_a_range_holds_the_numbers_of_its_words() -> None:
    words = np.array([2**64 - 1, 5, 2**63, 2**63 - 1, 0], np.uint64)
    stream = Given(0, (0, 0, 0), words)
    assert in_range(stream, 5, 0, 2**63).tolist() == [4, 1, 3]
    assert in_range(stream, 5, 2**63, 2**63).tolist() == [2, 0]
    assert in_range(stream, 5, 6, 10).tolist() == []


def test_the_first_of_many_numbers_need_no_memory_for_the_others() -> None:
    tracemalloc.start()
    first_in_order(word_stream(0, "order/train"), 4_000_000, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Sorting all of them takes 16 bytes for each; a block of words and its comparison take 25 MB.
    assert peak < 40e6
