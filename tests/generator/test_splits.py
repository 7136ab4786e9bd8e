import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError
from generator.splits import assign_splits


def words(count: int, seed: int = 0) -> np.ndarray:
    return np.random.Philox(key=seed).random_raw(count)


def test_default_shares_of_a_hundred() -> None:
    splits = assign_splits(range(100), (80, 10, 10), words(100), "foregrounds")
    assert [splits.count(split) for split in ("train", "val", "test")] == [80, 10, 10]


@given(
    sizes=st.lists(st.integers(1, 5), min_size=3, max_size=40),
    shares=st.tuples(st.integers(1, 90), st.integers(1, 50), st.integers(1, 50)),
    seed=st.integers(0, 1000),
)
def test_groups_stay_together_and_no_split_is_empty(
    sizes: list[int], shares: tuple[int, int, int], seed: int
) -> None:
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    splits = assign_splits(groups, shares, words(len(groups), seed), "foregrounds")
    for group in set(groups):
        assert len({split for split, of in zip(splits, groups, strict=True) if of == group}) == 1
    assert set(splits) == {"train", "val", "test"}


def test_a_split_without_share_stays_empty() -> None:
    splits = assign_splits(range(10), (90, 10, 0), words(10), "foregrounds")
    assert [splits.count(split) for split in ("train", "val", "test")] == [9, 1, 0]


def test_none_puts_all_in_train_even_a_single_one() -> None:
    assert assign_splits([0], None, words(1), "foregrounds") == ["train"]


def test_too_few_different_pictures_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 3 different foregrounds for train, val, test, found 2"):
        assign_splits([0, 1, 1, 1], (80, 10, 10), words(4), "foregrounds")


def test_another_seed_divides_otherwise() -> None:
    first, second = (assign_splits(range(50), (80, 10, 10), words(50, seed), "bg") for seed in (1, 2))
    assert first != second
